"""Thresholds from a gallery's own people: the law, what is read from photos, and what comes of it on strangers."""

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from hub.calibration import PRIORS, Calibration, Law, Sample, calibrate, fit, look_alikes, measure

PRIOR = PRIORS["dlib+sface"]
Vectors = npt.NDArray[np.float32]


def faces(people: int, photos: int, seed: int = 0, alike: float = 0.0, size: int = 60) -> Vectors:
    """Encodings [people * photos, size] of length 1 of made-up people; `alike` draws them all to one place.

    As among real people, some resemble many: they come from a dozen groups.
    """
    random = np.random.default_rng(seed)
    groups = random.normal(size=(12, 1, size)) * 0.5
    places = random.normal(size=(people, 1, size)) + groups[random.integers(0, 12, people)] + alike
    noise = random.normal(size=(people, photos, size)) * 0.5
    vectors = (places + noise).reshape(-1, size)
    return (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)


def enrolled(people: int, photos: int, alike: float = 0.0) -> Sample:
    person = np.repeat(np.arange(people), photos)
    return measure(faces(people, photos, alike=alike), person.tolist(), list(range(people * photos)))


def named(strangers: Vectors, gallery: Vectors, calibration: Calibration) -> float:
    squares = (strangers**2).sum(1)[:, None] + (gallery**2).sum(1) - 2 * strangers @ gallery.T
    return float((squares.min(1) <= calibration.max_distance**2).mean())


def test_the_law_is_that_of_the_smallest_of_ten_normal_draws() -> None:
    draws = np.random.default_rng(1).normal(size=(200_000, 10)).min(1)
    median, tenth = np.quantile(draws, [0.5, 0.1])
    law = Law(median + 10, median - tenth)
    for share in (0.05, 0.01, 0.003):
        assert law.limit(share) ** 2 == pytest.approx(np.quantile(draws, share) + 10, abs=0.05)


@pytest.mark.parametrize("share", [0.5, 0.1, 0.003, 1e-4])
def test_the_share_of_strangers_at_a_limit_is_the_one_that_the_limit_was_asked_for(share: float) -> None:
    law = Law(1.7, 0.15)
    assert law.fpir(law.limit(share)) == pytest.approx(share, rel=1e-6)


def test_a_far_distance_lets_everybody_in_and_no_distance_nobody() -> None:
    law = Law(1.7, 0.15)
    assert law.fpir(10) == 1
    assert law.fpir(0) < 1e-12


def test_a_law_too_wide_for_the_wanted_share_leaves_no_distance() -> None:
    assert Law(0.2, 0.15).limit(1e-6) == 0


def test_a_photo_and_its_mirror_image_are_left_out_together() -> None:
    vectors = np.array([[0, 0], [0, 1], [4, 0], [4, 3], [9, 0]], np.float32)
    sample = measure(vectors, [0, 0, 0, 0, 1], [7, 7, 8, 8, 9])
    assert sample.own[0] == pytest.approx(4**2 + 1.5**2)  # to the mean of photo 8
    assert np.isnan(sample.own[4])  # the only photo of its person
    assert sample.averaged == pytest.approx((1 / 2 + 0) / 2)


def test_the_nearest_other_person_is_measured_to_the_mean_of_all_their_photos() -> None:
    vectors = np.array([[0, 0], [3, 0], [5, 0], [0, 9]], np.float32)
    sample = measure(vectors, [0, 1, 1, 2], [0, 1, 2, 3])
    assert sample.nearest.tolist() == [1, 0, 0, 0]
    assert sample.other == pytest.approx([16, 9, 25, 81])


def test_large_galleries_are_measured_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = enrolled(30, 3)
    monkeypatch.setattr("hub.calibration._BLOCK_FLOATS", 100)
    parts = enrolled(30, 3)
    assert np.array_equal(whole.nearest, parts.nearest)
    assert parts.other == pytest.approx(whole.other)
    assert parts.own == pytest.approx(whole.own)


@pytest.mark.parametrize("people", [0, 1, 2])
def test_hardly_any_people_get_the_limit_that_was_measured_elsewhere(people: int) -> None:
    sample = enrolled(people, 3)
    calibration = calibrate(sample, PRIOR, 0.003)
    assert calibration.law == PRIOR.law(people, sample.averaged)
    assert calibration.fpir.low <= 0.003 <= calibration.fpir.high


@pytest.mark.parametrize(("photos", "wanted"), [(1, 0.01), (1, 0.003), (4, 0.01), (4, 0.003)])
def test_strangers_are_named_about_as_often_as_wanted(photos: int, wanted: float) -> None:
    everybody = faces(8300, photos, seed=4)
    gallery, strangers = everybody[: 300 * photos], everybody[300 * photos :: photos]
    person = np.repeat(np.arange(300), photos)
    calibration = calibrate(measure(gallery, person.tolist(), list(range(len(gallery)))), PRIOR, wanted)
    means = gallery.reshape(300, photos, -1).mean(1)
    assert wanted / 2 <= named(strangers, means, calibration) <= wanted * 2


def test_people_who_look_more_alike_get_a_lower_limit() -> None:
    alike, unlike = (fit(enrolled(60, 3, alike), PRIOR).limit(0.01) for alike in (0.5, 0.0))
    assert alike < unlike * 0.9


def test_the_limit_falls_as_the_gallery_grows_and_with_the_wanted_share() -> None:
    by_people = [fit(enrolled(people, 2), PRIOR).limit(0.01) for people in (20, 80, 320)]
    law = fit(enrolled(80, 2), PRIOR)
    by_share = [law.limit(share) for share in (0.03, 0.01, 0.003, 0.001)]
    assert all(first > second for limits in (by_people, by_share) for first, second in pairwise(limits))


def test_twins_are_found_and_hardly_move_the_limit() -> None:
    vectors = faces(60, 3)
    twins = vectors.copy()
    twins[3:6] = vectors[0:3] + np.float32(0.01)
    person, photos = np.repeat(np.arange(60), 3).tolist(), list(range(180))
    before, after = (measure(rows, person, photos) for rows in (vectors, twins))
    limit = fit(after, PRIOR).limit(0.003)
    assert limit == pytest.approx(fit(before, PRIOR).limit(0.003), rel=0.03)
    nearest = look_alikes(after, limit)[0]
    assert (nearest.first, nearest.second) == (0, 1)
    assert nearest.distance < limit
    assert (0, 1) not in [(pair.first, pair.second) for pair in look_alikes(before, limit)]


def test_intervals_hold_the_figure_and_narrow_with_more_people() -> None:
    few, many = (calibrate(enrolled(people, 2), PRIOR, 0.01).fpir for people in (15, 400))
    for estimate in (few, many):
        assert estimate.low < estimate.value == 0.01 < estimate.high
    assert few.high / few.low > 2 * many.high / many.low


def test_missed_people_are_counted_on_photos_that_were_left_out() -> None:
    vectors = faces(50, 3)
    vectors[0] = vectors[90]  # a photo of another person, by mistake
    sample = measure(vectors, np.repeat(np.arange(50), 3).tolist(), list(range(150)))
    fnir = calibrate(sample, PRIORS["dlib+sface"], 0.01).fnir
    assert fnir is not None
    assert fnir.value >= 1 / 150
    assert fnir.low <= fnir.value <= fnir.high < 0.2


def test_without_a_second_photo_of_anybody_missed_people_are_not_guessed() -> None:
    assert calibrate(enrolled(20, 1), PRIOR, 0.01).fnir is None


def test_somebody_with_many_photos_counts_as_much_as_everybody_else() -> None:
    vectors = faces(40, 2)
    person = np.repeat(np.arange(40), 2)
    more = np.concatenate((vectors, np.repeat(vectors[:1], 400, 0)))
    people = np.concatenate((person, np.zeros(400, int)))
    few, many = (
        measure(rows, who.tolist(), list(range(len(rows)))) for rows, who in ((vectors, person), (more, people))
    )
    assert fit(many, PRIOR).limit(0.01) == pytest.approx(fit(few, PRIOR).limit(0.01), rel=0.03)


def test_the_same_gallery_gives_the_same_figures() -> None:
    sample = enrolled(30, 2)
    assert calibrate(sample, PRIOR, 0.003) == calibrate(sample, PRIOR, 0.003)


def test_where_nobody_is_missed_few_people_rule_little_out() -> None:
    apart = np.eye(6, dtype=np.float32)[np.repeat(np.arange(6), 2)]
    found = calibrate(measure(apart, np.repeat(np.arange(6), 2).tolist(), list(range(12))), PRIOR, 0.003)
    assert found.fnir is not None
    assert (found.fnir.value, found.fnir.low) == (0, 0)
    assert found.fnir.high == pytest.approx(1 - 0.05 ** (1 / 6))
