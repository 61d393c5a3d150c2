"""What enrolled people say of a site: its limit, errors, look-alikes; and `presenza calibrate`."""

import numpy as np
import pytest

from hub import figures
from hub.figures import figures_of
from hub.identity import Gallery, Limits
from hub.model import Template
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]


def enrolled(people: int, photos: int, seed: int = 0) -> list[Template]:
    rng = np.random.default_rng(seed)
    centres = rng.normal(0, 0.1, (people, 32))
    return [
        Template(f"p{person:04}", f"{person}-{photo}", "dlib-1", centre + rng.normal(0, 0.03, 32).astype(np.float32))
        for person, centre in enumerate(centres.astype(np.float32))
        for photo in range(photos)
    ]


def test_nobody_has_no_figures():
    assert figures_of([], "dlib-1", Limits()) is None


def test_the_figures_are_those_of_the_gallery_that_the_hub_recognizes_with():
    templates = enrolled(60, 3)
    found = figures_of(templates, "dlib-1", Limits(0.01))
    assert found is not None
    assert (found.people, found.photos) == (60, 3)
    assert found.calibration.max_distance == pytest.approx(Gallery(templates, limits=Limits(0.01)).max_distance)
    assert found.calibration.fpir.value == pytest.approx(0.01, rel=1e-3)
    assert found.calibration.fnir is not None


def test_a_fixed_distance_is_judged_as_it_is():
    found = figures_of(enrolled(60, 3), "dlib-1", Limits(0.01, max_distance=0.6))
    assert found is not None
    assert found.calibration.max_distance == 0.6
    assert found.calibration.fpir.value == pytest.approx(found.calibration.law.fpir(0.6))


def test_people_who_look_alike_are_found():
    templates = enrolled(30, 2)
    twins = [Template("twin", f"t-{each.photo_id}", "dlib-1", each.vector + 0.01) for each in templates[:2]]
    found = figures_of(templates + twins, "dlib-1", Limits())
    assert found is not None
    assert (found.alike[0].first, found.alike[0].second) == ("p0000", "twin")


@pytest.mark.parametrize(
    ("people", "photos", "too_large"), [(50, 1, False), (51, 1, True), (51, 2, False), (51, 3, False)]
)
def test_a_gallery_is_too_large_for_one_photo_each_beyond_fifty_people(people, photos, too_large):
    found = figures_of(enrolled(people, photos), "dlib-1", Limits())
    assert found is not None
    assert found.too_large is too_large


def test_four_hundred_people_need_three_photos():
    assert figures.ENOUGH_FOR == {1: 50, 2: 400}


def test_calibrate_tells_limit_and_errors_with_intervals(presenza: CommandLine):
    for name in ("ada", "bob"):
        photos = [presenza.photo(f"{name}-{n}.jpg", f"face {name} {n}") for n in range(2)]
        assert presenza("people", "add", "--name", name, "--consent", "yes", *photos).code == 0
    found = presenza("calibrate", "--json").json
    assert (found["people"], found["photos"], found["wanted"]) == (2, 2, 0.003)
    assert found["fpir"]["low"] <= 0.003 <= found["fpir"]["high"]
    assert 0 <= found["fnir"]["value"] <= 1
    told = presenza("calibrate")
    assert "0.30% (" in told.out
    assert "Not covered" in told.err


def test_calibrate_without_people_says_so(presenza: CommandLine):
    assert presenza("calibrate").code == 3
