"""What cameras were to be set to, what they said, and templates, in every store."""

from dataclasses import replace

import pytest

from hub.errors import Conflict, NotFound
from hub.model import Device
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig
from hub.store import Store

FIRST = WantedConfig("door-1", 1, {"led": "off"}, "admin", 1_000)
REFUSED = ConfigAnswer("door-1", 1, "rejected", (("led", "has none"),), 2_000)
DOORS = ConfigTemplate("doors", {"led": "off", "burst_fps": 0.5}, ("door-1", "door-2"), "admin", 1_000)


def test_wanted_configurations_are_kept_newest_first_and_go_with_the_camera(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    second = WantedConfig("door-1", 2, {"led": "on", "burst_fps": 0.5}, "tech", 2_000)
    for wanted in (FIRST, second, WantedConfig("door-2", 1, {}, "tech", 3_000)):
        store.want_config(wanted)
    assert store.wanted_configs("door-1") == [second, FIRST]
    assert store.wanted_configs("door-1", limit=1) == [second]
    store.remove_device("door-1")
    assert (store.wanted_configs("door-1"), len(store.wanted_configs("door-2"))) == ([], 1)


def test_a_version_of_a_configuration_is_written_once(store: Store) -> None:
    store.want_config(FIRST)
    with pytest.raises(Conflict):
        store.want_config(FIRST)


def test_what_a_camera_said_is_kept_with_the_version(store: Store) -> None:
    store.want_config(FIRST)
    store.keep_answers([REFUSED])
    assert store.wanted_configs("door-1") == [replace(FIRST, answer=REFUSED)]
    applied = ConfigAnswer("door-1", 1, "applied", (), 3_000)
    store.keep_answers([applied, replace(applied, at_ms=4_000)])  # the same again: as it was first said
    assert store.wanted_configs("door-1")[0].answer == applied


def test_an_answer_to_a_version_that_nobody_wanted_is_none(store: Store) -> None:
    store.want_config(FIRST)
    store.keep_answers([replace(REFUSED, version=2), replace(REFUSED, device="door-2")])
    assert store.wanted_configs("door-1") == [FIRST]
    assert store.wanted_configs("door-2") == []


def test_a_version_that_never_went_out_is_forgotten(store: Store) -> None:
    store.want_config(FIRST)
    store.withdraw_config("door-1", 1)
    store.withdraw_config("door-1", 7)
    assert store.wanted_configs("door-1") == []


def test_a_version_keeps_where_it_came_from(store: Store) -> None:
    wanted = replace(FIRST, origin="template doors", answer=REFUSED)
    store.want_config(wanted)
    assert store.wanted_configs("door-1") == [wanted]


def test_templates_are_kept_by_name_and_replaced(store: Store) -> None:
    gates = ConfigTemplate("gates", {"flash": "auto"}, (), "tech", 2_000)
    for template in (gates, DOORS):
        store.put_config_template(template)
    assert store.config_templates() == [DOORS, gates]
    changed = replace(DOORS, config={"led": "on"}, cameras=("door-2",), by="tech")
    store.put_config_template(changed)
    assert store.config_templates() == [changed, gates]


def test_a_camera_follows_one_template(store: Store) -> None:
    store.put_config_template(DOORS)
    store.put_config_template(ConfigTemplate("gates", {}, ("door-2", "door-3"), "admin", 2_000))
    followers = {each.name: each.cameras for each in store.config_templates()}
    assert followers == {"doors": ("door-1",), "gates": ("door-2", "door-3")}


def test_a_removed_camera_follows_none(store: Store) -> None:
    store.add_device(Device("door-1", 1_000))
    store.put_config_template(DOORS)
    store.remove_device("door-1")
    assert store.config_templates()[0].cameras == ("door-2",)


def test_a_removed_template_lets_its_cameras_go(store: Store) -> None:
    store.put_config_template(DOORS)
    store.remove_config_template("doors")
    assert store.config_templates() == []
    with pytest.raises(NotFound):
        store.remove_config_template("doors")
