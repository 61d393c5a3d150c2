"""Who a face is taken for, without any face engine: encodings here are made up."""

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hub.calibration import PRIORS
from hub.errors import StoreCorrupt
from hub.identity import BAND, OTHER_GROUP, TRIES, Gallery, Limits, clear_margin
from hub.model import RANK, Evidence, Match, Negative, Outcome, Template, Vector

LENGTH = 1.42


def at(*coordinates: float) -> Vector:
    return np.array(coordinates, np.float32)


def on_circle(distance: float) -> Vector:
    """The point of the circle that made-up encodings lie on, at this distance from ADA."""
    angle = 2 * np.arcsin(distance / (2 * LENGTH))
    return at(LENGTH * np.cos(angle), LENGTH * np.sin(angle))


ADA = on_circle(0)
FIXED = Limits(max_distance=0.5)


def gallery(*people: tuple[str, Vector], limits: Limits = FIXED, **more: Any) -> Gallery:
    templates = [Template(name, f"photo-{i}", "test", vector) for i, (name, vector) in enumerate(people)]
    return Gallery(templates, limits=limits, **more)


def look(known: Gallery, vector: Vector, scatter: float = 0.0, **more: Any) -> Match:
    return known.match(Evidence(vector, scatter, **more))


def between(one: Vector, other: Vector) -> float:
    return float(np.linalg.norm(one - other))


def crowd(count: int, seed: int = 0) -> list[tuple[str, Vector]]:
    """Points of the sphere around a common direction, as faces' encodings are."""
    rng = np.random.default_rng(seed)
    points = np.concatenate((np.ones((count, 1)), rng.normal(0, 0.1, (count, 127))), 1)
    points *= LENGTH / np.linalg.norm(points, axis=1, keepdims=True)
    return [(f"p{i:05}", point) for i, point in enumerate(points.astype(np.float32))]


def test_an_empty_gallery_knows_nobody():
    match = look(gallery(), at(0, 0))
    assert (match.outcome, match.person_id, match.distance, match.margin) == (Outcome.UNKNOWN, None, None, None)


def test_a_near_face_is_recognized_with_its_distance_and_margin():
    bob, face = on_circle(1), on_circle(0.2)
    match = look(gallery(("ada", ADA), ("bob", bob)), face)
    assert (match.outcome, match.person_id) == (Outcome.RECOGNIZED, "ada")
    assert match.distance == pytest.approx(0.2)
    assert match.margin == pytest.approx(between(face, bob) - 0.2)


def test_a_far_face_is_unknown_and_names_nobody():
    match = look(gallery(("ada", ADA), ("bob", on_circle(1.1))), on_circle(-0.51))
    assert (match.outcome, match.person_id) == (Outcome.UNKNOWN, None)
    assert match.distance == pytest.approx(0.51)


def test_with_one_person_the_distance_alone_decides():
    alone = gallery(("ada", ADA))
    assert look(alone, on_circle(0.49)).outcome is Outcome.RECOGNIZED
    assert look(alone, on_circle(0.51)).outcome is Outcome.UNKNOWN
    assert look(alone, on_circle(0.49)).margin is None


def test_the_second_best_is_another_person_not_another_photo():
    bob = on_circle(2)
    match = look(gallery(("ada", ADA), ("ada", on_circle(0.1)), ("bob", bob)), on_circle(0.05))
    assert match.distance == pytest.approx(0, abs=2e-3)
    assert match.margin == pytest.approx(between(on_circle(0.05), bob), abs=2e-3)


def test_a_person_is_the_mean_of_all_their_vectors():
    photos = [on_circle(-0.2), on_circle(0.4), on_circle(0.3)]
    face = on_circle(0.1)
    match = look(gallery(("ada", photos[0]), ("bob", on_circle(2)), ("ada", photos[1]), ("ada", photos[2])), face)
    assert match.person_id == "ada"
    assert match.distance == pytest.approx(between(np.mean(photos, 0), face), abs=1e-6)


def test_two_people_at_the_same_place_are_uncertain():
    match = look(gallery(("ada", ADA), ("bob", ADA)), on_circle(0.4))
    assert match.outcome is Outcome.UNCERTAIN
    assert match.margin == pytest.approx(0)


@pytest.mark.parametrize("nothing", [at(np.nan, 0), at(0, 0)])
def test_a_face_without_a_direction_is_unknown(nothing):
    assert look(gallery(("ada", ADA), ("bob", on_circle(1))), nothing).outcome is Outcome.UNKNOWN


def test_the_nearest_person_is_found_however_far():
    known = gallery(("ada", ADA), ("bob", on_circle(2)))
    assert known.nearest(on_circle(1.9)) == ("bob", pytest.approx(between(on_circle(1.9), on_circle(2))))
    assert gallery().nearest(ADA) is None


def test_length_counts_people():
    assert len(gallery(("ada", ADA), ("ada", on_circle(1)), ("bob", on_circle(2)))) == 2


def test_templates_of_unequal_size_are_refused():
    with pytest.raises(StoreCorrupt, match="different sizes"):
        gallery(("ada", at(0, 0)), ("bob", at(0, 0, 0)))


def test_a_template_that_is_no_number_is_refused():
    with pytest.raises(StoreCorrupt, match="finite"):
        gallery(("ada", at(0, np.inf)))


def test_many_at_once_are_matched_as_one_by_one():
    known = gallery(*crowd(300))
    queries = np.stack([vector for _, vector in crowd(40, seed=1)])
    for one, many in zip((look(known, query) for query in queries), known.match_all(queries), strict=True):
        assert (one.outcome, one.person_id) == (many.outcome, many.person_id)
        assert one.distance == pytest.approx(many.distance, abs=1e-5)


def test_nobody_is_matched_at_once_in_an_empty_gallery():
    assert [match.outcome for match in gallery().match_all(np.zeros((2, 3), np.float32))] == [Outcome.UNKNOWN] * 2


def test_the_match_is_the_one_that_a_plain_search_finds():
    people = crowd(2000)
    known = gallery(*people, limits=Limits(max_distance=2))
    rows = np.stack([vector for _, vector in people]).astype(np.float64)
    for _, query in crowd(50, seed=2):
        distances = np.linalg.norm(rows - query, axis=1)
        first, second = np.argsort(distances)[:2]
        found = known.nearest(query)
        assert found is not None
        assert found[0] == people[first][0]
        assert look(known, query).distance == pytest.approx(distances[first], abs=1e-5)
        assert look(known, query).margin == pytest.approx(distances[second] - distances[first], abs=1e-5)


vectors = arrays(np.float32, 8, elements=st.floats(-1, 1, width=32))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), vectors), max_size=12), vectors, st.randoms())
def test_the_order_of_templates_does_not_matter(people, query, random):
    shuffled = random.sample(people, len(people))
    one, other = look(gallery(*people), query), look(gallery(*shuffled), query)
    assert (one.distance is None) == (other.distance is None)
    if one.distance is not None:
        assert one.distance == pytest.approx(other.distance, abs=1e-4)


@given(st.lists(vectors, min_size=1, max_size=8), vectors)
def test_a_stricter_limit_never_recognizes_more(rows, query):
    people = [(f"p{i}", row) for i, row in enumerate(rows)]
    for limits in (
        [Limits(max_distance=distance) for distance in (0.2, 0.5, 1.0, 2.0)],
        [Limits(fpir) for fpir in (1e-6, 1e-3, 0.003, 0.03, 0.2)],
    ):
        ranks = [RANK[look(gallery(*people, limits=limit), query).outcome] for limit in limits]
        assert all(strict >= loose for strict, loose in pairwise(ranks))


# -- a limit that follows from the gallery ------------------------------------------
def stranger_who_is(share: float, known: Gallery) -> Vector:
    """A face as near to ADA as this share of strangers comes to anybody."""
    return on_circle(known.law.limit(share))


def test_the_score_is_the_share_of_strangers_who_come_as_near():
    known = gallery(("ada", ADA), limits=Limits(0.003))
    assert look(known, stranger_who_is(0.01, known)).score == pytest.approx(0.01, rel=1e-3)
    assert look(known, on_circle(2)).score == 1


@pytest.mark.parametrize(
    ("share", "outcome", "person"),
    [
        (0.0029, Outcome.RECOGNIZED, "ada"),
        (0.0031, Outcome.UNCERTAIN, "ada"),
        (0.0029 * BAND, Outcome.UNCERTAIN, "ada"),
        (0.0031 * BAND, Outcome.UNKNOWN, None),
    ],
)
def test_the_outcome_follows_from_the_share_of_strangers_and_the_wanted_one(share, outcome, person):
    known = gallery(("ada", ADA), limits=Limits(0.003))
    match = look(known, stranger_who_is(share, known))
    assert (match.outcome, match.person_id) == (outcome, person)


def test_each_look_of_a_burst_is_one_more_try():
    known = gallery(("ada", ADA), limits=Limits(0.003))
    face = stranger_who_is(0.002, known)
    assert look(known, face).outcome is Outcome.RECOGNIZED
    assert look(known, face, burst=True).outcome is Outcome.UNCERTAIN
    assert look(known, face, burst=True).score == pytest.approx(TRIES * 0.002, rel=1e-3)


def test_looks_that_lie_far_apart_count_as_farther():
    known = gallery(("ada", ADA), ("bob", on_circle(1.2)))
    assert look(known, on_circle(0.3), scatter=0.1).distance == pytest.approx((0.3**2 + 0.8 * 0.1) ** 0.5)
    assert look(known, on_circle(0.3), scatter=0.5).outcome is Outcome.UNKNOWN


def test_the_more_people_there_are_the_nearer_a_face_must_be():
    small, large = gallery(*crowd(100), limits=Limits()), gallery(*crowd(2000), limits=Limits())
    assert large.max_distance < small.max_distance


def test_a_fixed_distance_overrides_what_the_gallery_says():
    known = gallery(("ada", ADA), limits=Limits(0.003, max_distance=1.0))
    assert known.max_distance == 1.0
    assert look(known, on_circle(0.99)).outcome is Outcome.RECOGNIZED
    assert look(known, on_circle(1.01)).outcome is Outcome.UNKNOWN


def test_people_of_other_groups_must_be_surer_at_a_door():
    known = gallery(("ada", ADA), limits=Limits(0.003), groups={"ada": "7b"})
    face = Evidence(stranger_who_is(0.002, known))
    sure = Evidence(stranger_who_is(0.0029 / OTHER_GROUP, known))
    assert known.match(face, frozenset({"7b"})).outcome is Outcome.RECOGNIZED
    assert known.match(face, frozenset({"7a"})).outcome is Outcome.UNCERTAIN
    assert known.match(sure, frozenset({"7a"})).outcome is Outcome.RECOGNIZED
    assert known.match(face, frozenset()).outcome is Outcome.RECOGNIZED


# -- between two people ---------------------------------------------------------------
NOISE = PRIORS["dlib"].noise


def test_between_look_alikes_the_margin_decides():
    twins = gallery(("ada", ADA), ("bob", on_circle(0.3)))
    assert look(twins, on_circle(0.14)).outcome is Outcome.UNCERTAIN
    assert look(twins, on_circle(0.14)).person_id == "ada"
    assert look(twins, on_circle(-0.2)).outcome is Outcome.RECOGNIZED


def test_look_alikes_are_the_same_for_all_and_for_one():
    people = gallery(("ada", ADA), ("bob", on_circle(0.3)), ("cem", on_circle(0.35)), ("dan", on_circle(-1.2)))
    pairs = [(pair.first, pair.second) for pair in people.alike]
    assert pairs == [("bob", "cem"), ("ada", "bob")]  # each with whom they are nearest to
    assert [pair.second for pair in people.alike_to("bob")] == ["cem", "ada"]
    assert people.alike_to("dan") == people.alike_to("nobody") == ()
    assert [pair.score for pair in people.alike] == [people.law.fpir(pair.distance) for pair in people.alike]


def test_nobody_looks_alike_without_people():
    assert gallery().alike == ()


def test_people_who_are_far_apart_need_no_margin():
    assert clear_margin(1.0, NOISE) < 0
    people = gallery(("ada", ADA), ("bob", on_circle(0.8)))
    assert look(people, on_circle(0.39)).outcome is Outcome.RECOGNIZED


def test_hardly_any_photo_of_a_look_alike_passes_the_margin():
    rng = np.random.default_rng(0)
    for apart in (0.1, 0.3, 0.5):
        along = apart * (1 - 0.2) + rng.normal(0, NOISE, 200_000)  # bob's photos on the line from ada to bob
        margin = (apart - along) ** 2 - along**2
        assert (margin > clear_margin(apart, NOISE)).mean() == pytest.approx(0.003, abs=0.0005)


# -- corrections ------------------------------------------------------------------------
def denied(vector: Vector, person_id: str = "ada") -> Negative:
    return Negative("event", 0, person_id, "test", vector, "the office", 1)


def test_a_face_that_was_said_not_to_be_somebody_is_not_taken_for_them_again():
    plain = gallery(("ada", ADA), ("bob", on_circle(1.3)))
    corrected = gallery(("ada", ADA), ("bob", on_circle(1.3)), negatives=[denied(on_circle(0.4))])
    assert look(plain, on_circle(0.38)).outcome is Outcome.RECOGNIZED
    match = look(corrected, on_circle(0.38))
    assert (match.outcome, match.person_id) == (Outcome.UNKNOWN, None)


def test_who_is_near_a_denied_face_is_uncertain_and_far_from_it_recognized():
    corrected = gallery(("ada", ADA), negatives=[denied(on_circle(0.3))])
    assert look(corrected, on_circle(0.14)).outcome is Outcome.UNCERTAIN
    assert look(corrected, on_circle(-0.2)).outcome is Outcome.RECOGNIZED


def test_a_correction_of_one_person_says_nothing_of_another():
    corrected = gallery(("ada", ADA), negatives=[denied(on_circle(0.1), "bob")])
    assert look(corrected, on_circle(0.1)).outcome is Outcome.RECOGNIZED
