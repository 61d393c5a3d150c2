"""Who a face is taken for, without any face engine: encodings here are made up."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from hub.errors import StoreCorrupt
from hub.identity import LENGTH, Gallery
from hub.model import Outcome, Template, Vector


def at(*coordinates: float) -> Vector:
    return np.array(coordinates, np.float32)


def on_circle(distance: float) -> Vector:
    """The point of the circle that all encodings are brought to, at this distance from ADA."""
    angle = 2 * np.arcsin(distance / (2 * LENGTH))
    return at(LENGTH * np.cos(angle), LENGTH * np.sin(angle))


ADA = on_circle(0)


def gallery(*people: tuple[str, Vector], max_distance: float = 0.5, max_margin_score: float = 0.36) -> Gallery:
    templates = [Template(name, f"photo-{i}", "test", vector) for i, (name, vector) in enumerate(people)]
    return Gallery(templates, max_distance, max_margin_score)


def between(one: Vector, other: Vector) -> float:
    return float(np.linalg.norm(one - other))


def crowd(count: int, seed: int = 0) -> list[tuple[str, Vector]]:
    """Points of the sphere around a common direction, as faces' encodings are."""
    rng = np.random.default_rng(seed)
    points = np.concatenate((np.ones((count, 1)), rng.normal(0, 0.1, (count, 127))), 1)
    points *= LENGTH / np.linalg.norm(points, axis=1, keepdims=True)
    return [(f"p{i:05}", point) for i, point in enumerate(points.astype(np.float32))]


def test_an_empty_gallery_knows_nobody():
    match = gallery().match(at(0, 0))
    assert (match.outcome, match.person_id, match.distance, match.margin) == (Outcome.UNKNOWN, None, None, None)


def test_a_near_face_is_recognized_with_its_distance_and_margin():
    bob, face = on_circle(1), on_circle(0.2)
    match = gallery(("ada", ADA), ("bob", bob)).match(face)
    assert (match.outcome, match.person_id) == (Outcome.RECOGNIZED, "ada")
    assert match.distance == pytest.approx(0.2)
    assert match.margin == pytest.approx(between(face, bob) - 0.2)


def test_a_far_face_is_unknown_and_names_nobody():
    match = gallery(("ada", ADA), ("bob", on_circle(1.1))).match(on_circle(-0.51))
    assert (match.outcome, match.person_id) == (Outcome.UNKNOWN, None)
    assert match.distance == pytest.approx(0.51)


def test_a_face_between_two_people_is_uncertain():
    match = gallery(("ada", ADA), ("bob", on_circle(0.8))).match(on_circle(0.39))
    assert (match.outcome, match.person_id) == (Outcome.UNCERTAIN, "ada")


def test_the_margin_rule_is_two_times_the_first_distance_less_the_second():
    bob, face = on_circle(1), on_circle(0.4)
    score = 2 * 0.4 - between(face, bob)
    people = (("ada", ADA), ("bob", bob))
    assert gallery(*people, max_margin_score=score + 0.01).match(face).outcome is Outcome.RECOGNIZED
    assert gallery(*people, max_margin_score=score - 0.01).match(face).outcome is Outcome.UNCERTAIN


def test_with_one_person_the_distance_alone_decides():
    alone = gallery(("ada", ADA))
    assert alone.match(on_circle(0.49)).outcome is Outcome.RECOGNIZED
    assert alone.match(on_circle(0.51)).outcome is Outcome.UNKNOWN
    assert alone.match(on_circle(0.49)).margin is None


def test_the_second_best_is_another_person_not_another_photo():
    bob = on_circle(2)
    match = gallery(("ada", ADA), ("ada", on_circle(0.1)), ("bob", bob)).match(on_circle(0.05))
    assert match.distance == pytest.approx(0, abs=2e-3)
    assert match.margin == pytest.approx(between(on_circle(0.05), bob), abs=2e-3)


def test_a_person_is_the_mean_of_all_their_vectors():
    photos = [on_circle(-0.2), on_circle(0.4), on_circle(0.3)]
    face = on_circle(0.1)
    match = gallery(("ada", photos[0]), ("bob", on_circle(2)), ("ada", photos[1]), ("ada", photos[2])).match(face)
    assert match.person_id == "ada"
    assert match.distance == pytest.approx(between(np.mean(photos, 0), face), abs=1e-6)


def test_how_long_an_encoding_is_does_not_matter():
    people = [("ada", ADA), ("ada", on_circle(0.3)), ("bob", on_circle(1))]
    longer = [(name, vector * (2 + place)) for place, (name, vector) in enumerate(people)]
    one, other = gallery(*people).match(on_circle(0.2)), gallery(*longer).match(on_circle(0.2) * 5)
    assert (one.outcome, one.person_id) == (other.outcome, other.person_id)
    assert one.distance == pytest.approx(other.distance)
    assert one.margin == pytest.approx(other.margin)


def test_two_people_at_the_same_place_are_uncertain():
    match = gallery(("ada", ADA), ("bob", ADA)).match(on_circle(0.4))
    assert match.outcome is Outcome.UNCERTAIN
    assert match.margin == pytest.approx(0)


def test_a_face_on_a_template_is_recognized_even_when_somebody_is_near():
    match = gallery(("ada", ADA), ("bob", on_circle(0.1))).match(ADA)
    assert (match.outcome, match.person_id) == (Outcome.RECOGNIZED, "ada")


@pytest.mark.parametrize("nothing", [at(np.nan, 0), at(0, 0)])
def test_a_face_without_a_direction_is_unknown(nothing):
    assert gallery(("ada", ADA), ("bob", on_circle(1))).match(nothing).outcome is Outcome.UNKNOWN


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
    for one, many in zip(map(known.match, queries), known.match_all(queries), strict=True):
        assert (one.outcome, one.person_id) == (many.outcome, many.person_id)
        assert one.distance == pytest.approx(many.distance, abs=1e-5)


def test_nobody_is_matched_at_once_in_an_empty_gallery():
    assert [match.outcome for match in gallery().match_all(np.zeros((2, 3), np.float32))] == [Outcome.UNKNOWN] * 2


def test_the_match_is_the_one_that_a_plain_search_finds():
    people = crowd(2000)
    known = gallery(*people, max_distance=2)
    rows = np.stack([vector for _, vector in people]).astype(np.float64)
    for _, query in crowd(50, seed=2):
        distances = np.linalg.norm(rows - query, axis=1)
        first, second = np.argsort(distances)[:2]
        found = known.nearest(query)
        assert found is not None
        assert found[0] == people[first][0]
        assert known.match(query).distance == pytest.approx(distances[first], abs=1e-5)
        assert known.match(query).margin == pytest.approx(distances[second] - distances[first], abs=1e-5)


vectors = arrays(np.float32, 8, elements=st.floats(-1, 1, width=32))


@given(st.lists(st.tuples(st.sampled_from("abcdef"), vectors), max_size=12), vectors, st.randoms())
def test_the_order_of_templates_does_not_matter(people, query, random):
    shuffled = random.sample(people, len(people))
    one, other = gallery(*people).match(query), gallery(*shuffled).match(query)
    assert (one.distance is None) == (other.distance is None)
    if one.distance is not None:
        assert one.distance == pytest.approx(other.distance, abs=1e-4)


@given(st.lists(vectors, min_size=1, max_size=8), vectors)
def test_a_stricter_limit_never_recognizes_more(rows, query):
    people = [(f"p{i}", row) for i, row in enumerate(rows)]
    recognized = [
        gallery(*people, max_distance=limit, max_margin_score=limit - 0.1).match(query).outcome is Outcome.RECOGNIZED
        for limit in (0.2, 0.5, 1.0, 2.0)
    ]
    assert all(strict <= loose for strict, loose in pairwise(recognized))
