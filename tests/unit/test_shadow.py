"""Wanted against in force."""

from dataclasses import replace

import pytest

from hub import shadow, wire
from hub.errors import InputError
from hub.shadow import ConfigAnswer, Reported, State, WantedConfig

CONFIG = {**wire.default_config(), "led": "off"}
WANTED = WantedConfig("door-1", 3, CONFIG, "ada", 1_000)
REFUSAL = (("rotate", "this camera can do 0, 180 only"),)


def report(version: int, state: str = "applied", config: object = None, errors: object = ()) -> Reported:
    pairs = [{"field": field, "message": message} for field, message in errors]  # type: ignore[attr-defined]
    payload = {"v": 1, "version": version, "state": state, "errors": pairs, "config": config or CONFIG}
    return Reported.of(payload)


@pytest.mark.parametrize(
    ("wanted", "reported", "state"),
    [
        (None, Reported(), State.DEFAULT),
        (None, report(7), State.DEFAULT),
        (WANTED, Reported(), State.WAITING),
        (WANTED, report(2), State.WAITING),
        (WANTED, report(3), State.APPLIED),
        (WANTED, report(3, "rejected", errors=REFUSAL), State.REFUSED),
        (WANTED, report(3, config=wire.default_config()), State.DIFFERS),
        (WANTED, report(9), State.DIFFERS),
        (None, report(9, "rejected", errors=REFUSAL), State.REFUSED),
        (WANTED, report(9, "rejected", errors=REFUSAL), State.REFUSED),
        (replace(WANTED, answer=ConfigAnswer("door-1", 3, "rejected", REFUSAL, 5)), report(2), State.REFUSED),
    ],
)
def test_where_a_configuration_is(wanted: WantedConfig | None, reported: Reported, state: State):
    assert shadow.state_of(wanted, reported) is state


def test_the_reason_stays_when_the_camera_has_said_something_else_since():
    refused = replace(WANTED, answer=ConfigAnswer("door-1", 3, "rejected", REFUSAL, 5))
    assert shadow.problems_of(refused, report(2)) == dict(REFUSAL)
    assert shadow.problems_of(WANTED, report(3, "rejected", errors=REFUSAL)) == dict(REFUSAL)
    assert shadow.problems_of(WANTED, report(3)) == {}


@pytest.mark.parametrize("payload", [{}, {"version": "4"}, {"errors": 5, "config": []}, {"errors": [1, {}]}])
def test_what_makes_no_sense_is_no_report(payload: dict[str, object]):
    reported = Reported.of(payload)
    assert (reported.version, dict(reported.config)) == (0, {})


def test_a_version_is_newer_than_all_that_is_known():
    assert shadow.next_version(None, Reported()) == 1
    assert shadow.next_version(WANTED, report(2)) == 4
    assert shadow.next_version(WANTED, report(8)) == 9


def test_changes_are_told_field_by_field_with_defaults_for_what_was_left_out():
    assert shadow.changes({}, CONFIG) == {"led": ("on", "off")}
    assert shadow.changes(CONFIG, {}) == {"led": ("off", "on")}
    assert shadow.changes(CONFIG, CONFIG) == {}


def test_some_fields_change_and_the_others_stay():
    config = shadow.merged(WANTED, {"burst_fps": 0.5})
    assert (config["led"], config["burst_fps"]) == ("off", 0.5)
    assert shadow.merged(WANTED, {"led": None})["led"] == "on"
    assert shadow.merged(None, {}) == wire.default_config()


def test_words_become_values_of_the_contracts_types():
    words = ["led=off", "jpeg_quality=60", "burst_fps=0.5", "rotate=180", "frame_size="]
    fields = {"led": "off", "jpeg_quality": 60, "burst_fps": 0.5, "rotate": 180, "frame_size": None}
    assert shadow.parse_fields(words) == fields


@pytest.mark.parametrize("word", ["led", "colour=red", "=1"])
def test_a_word_that_sets_nothing_is_refused(word: str):
    with pytest.raises(InputError):
        shadow.parse_fields([word])


@pytest.mark.parametrize(
    "word", ["jpeg_quality=99", "jpeg_quality=true", "jpeg_quality=4.5", "burst_fps=NaN", "led=1", "rotate=45"]
)
def test_a_value_out_of_its_range_is_named(word: str):
    with pytest.raises(InputError, match=word.partition("=")[0]):
        shadow.checked(shadow.parse_fields([word]))


def test_a_field_that_the_contract_does_not_know_is_refused():
    with pytest.raises(InputError, match="colour"):
        shadow.checked({"colour": "red"})


def test_what_somebody_else_sent_and_the_camera_refused_is_told_too():
    told = shadow.problems_of(WANTED, report(9, "rejected", errors=REFUSAL))
    assert told == dict(REFUSAL)
