"""`presenza people not`, `presenza people alike` and `presenza device groups`."""

from contextlib import closing
from pathlib import Path

import pytest

from hub import faces, settings
from hub.model import Box, Device, Event, FaceResult, FrameKey, Outcome
from hub.store import Store
from hub.store.opening import open_pictures, open_store
from tests.unit.command_line import CommandLine, presenza

__all__ = ["presenza"]


def opened(presenza: CommandLine) -> Store:
    return open_store(settings.load(data_dir=presenza.folder / "data"))


def add(presenza: CommandLine, name: str, *faces_of: str, more: tuple[str, ...] = ()) -> str:
    photos: list[Path] = [presenza.photo(f"{name}-{n}.jpg", text) for n, text in enumerate(faces_of)]
    return str(
        presenza("people", "add", "--name", name, "--consent", "yes", "--json", *more, *photos).json["person_id"]
    )


@pytest.fixture
def ada(presenza: CommandLine) -> str:
    """Ada, and an event whose one face was taken for her."""
    person_id = add(presenza, "Ada", "face ada")
    loaded = settings.load(data_dir=presenza.folder / "data")
    face = FaceResult(Box(0, 100, 100, 0), Outcome.UNCERTAIN, None, person_id, 0.4)
    event = Event("event-1", FrameKey("door-1", 1, 1), 1, 0, 1, Outcome.NO_FACE, picture="results/1.jpg")
    open_pictures(loaded).put("results/1.jpg", b"face of somebody")
    with closing(opened(presenza)) as store:
        store.record(event.with_faces((face,)), [])
    return person_id


def engine_id() -> str:
    return faces.engine_id(faces.options(settings.load()))


def test_a_face_is_said_not_to_be_somebody_and_that_is_taken_back(presenza: CommandLine, ada: str):
    done = presenza("people", "not", "event-1", "--by", "office", "--json")
    assert done.json == {"event_id": "event-1", "face": 0, "person_id": ada, "undone": False, "attendance": None}
    with closing(opened(presenza)) as store:
        assert [(kept.person_id, kept.by) for kept in store.negatives(engine_id())] == [(ada, "office")]
    assert "may be" in presenza("people", "not", "event-1", "--undo").err
    with closing(opened(presenza)) as store:
        assert store.negatives(engine_id()) == []
        assert store.event("event-1").faces[0].person_id == ada


def test_a_sighting_that_is_not_there_is_said_so(presenza: CommandLine, ada: str):
    assert presenza("people", "not", "event-2").code == 3
    assert presenza("people", "not", "event-1", "--face", "1").code == 3
    assert presenza("people", "not", "event-1", "--undo").code == 3


def test_twins_are_refused_until_somebody_made_sure_and_then_listed(presenza: CommandLine):
    one = add(presenza, "Ada", "face ada")
    assert presenza("people", "alike", "--json").json == []
    photo = presenza.photo("twin.jpg", "face ada")
    refused = presenza("people", "add", "--name", "Eve", "--consent", "yes", photo)
    assert (refused.code, "enrolled already" in refused.err) == (2, True)
    other = add(presenza, "Eve", "face ada", more=("--not-a-duplicate",))
    (pair,) = presenza("people", "alike", "--json").json
    assert {pair["first"], pair["second"]} == {one, other}
    assert {pair["first_name"], pair["second_name"]} == {"Ada", "Eve"}


def test_who_looks_like_somebody_is_told_at_enrolment(presenza: CommandLine):
    one = add(presenza, "Ada", "face ada")
    photo = presenza.photo("twin.jpg", "face ada")
    done = presenza("people", "add", "--name", "Eve", "--consent", "yes", "--not-a-duplicate", photo)
    assert f"looks like {one}" in done.err


def test_a_camera_is_told_which_groups_it_serves(presenza: CommandLine):
    with closing(opened(presenza)) as store:
        store.add_device(Device("door-1", 1))
    assert presenza("device", "groups", "door-1", "7b", "7a", "--json").json == [{"group": "7a"}, {"group": "7b"}]
    assert presenza("device", "groups", "door-1", "--json").json == [{"group": "7a"}, {"group": "7b"}]
    assert "Nobody is in the group 7a yet" in presenza("device", "groups", "door-1", "7a").err
    assert presenza("device", "groups", "door-1", "--all", "--json").json == []
    assert presenza("device", "groups", "door-9", "7a").code == 3
    assert presenza("device", "groups", "door-9").code == 3
