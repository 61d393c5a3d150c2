"""Cameras: configuration wanted and in force, commands, identities."""

import pytest

from dashboard.devices.forms import ConfigForm
from dashboard.live.hall import hall
from dashboard.runtime import now_ms
from hub import wire
from hub.errors import Unavailable
from hub.model import Device, DeviceState, Reading
from hub.payloads import Command, ConfigInForce, DeviceStatus, FieldError, WantedConfig, decode
from hub.shadow import ConfigAnswer

DOWN = "presenza/v1/main/door-1/down"
CHANGED = {**wire.default_config(), "led": "off", "burst_fps": "0.5", "rotate": "90"}


@pytest.fixture
def camera(site):
    site.store.add_device(Device("door-1", 1, "main entrance"))
    return site


def wanted(site) -> list[WantedConfig]:
    return [decode(WantedConfig, payload) for topic, payload, _ in site.line.published if topic == f"{DOWN}/config"]


def test_the_form_has_every_field_of_the_contract_with_its_range():
    form = ConfigForm()
    assert set(form.fields) == set(wire.CONFIG_FIELDS)
    for name, (kind, allowed, default) in wire.CONFIG_FIELDS.items():
        data = {**wire.default_config()}
        assert ConfigForm({**data, name: default}).is_valid()
        if kind != "choice":
            assert ConfigForm({**data, name: allowed[0]}).is_valid()
            assert not ConfigForm({**data, name: allowed[0] - 1}).is_valid()
            assert not ConfigForm({**data, name: allowed[1] + 1}).is_valid()
        else:
            assert not ConfigForm({**data, name: "something"}).is_valid()


def test_what_the_form_gives_is_what_a_camera_accepts():
    form = ConfigForm(CHANGED)
    assert form.is_valid()
    config, errors = wire.check_config(form.config())
    assert errors == []
    assert (config["led"], config["burst_fps"], config["rotate"]) == ("off", 0.5, 90)


def test_a_wanted_configuration_is_published_retained_with_a_rising_version(camera, sign_in):
    client = sign_in("technician")
    for _ in range(2):
        assert client.post("/devices/door-1/config/", CHANGED).status_code == 302
    assert [each.version for each in wanted(camera)] == [1, 2]
    assert all(retain for topic, _, retain in camera.line.published if topic.endswith("config"))
    assert camera.store.wanted_configs("door-1")[0].by == "technician-0"


def test_a_version_is_newer_than_what_the_camera_reported(camera, sign_in):
    camera.store.put_device_state(
        DeviceState("door-1", 1, "online", {}, {}, {"version": 7, "state": "applied", "config": {}})
    )
    sign_in("technician").post("/devices/door-1/config/", CHANGED)
    assert [each.version for each in wanted(camera)] == [8]


def test_a_value_out_of_range_is_said_beside_its_field_and_nothing_is_sent(camera, sign_in):
    answer = sign_in("technician").post("/devices/door-1/config/", {**CHANGED, "jpeg_quality": "99"})
    assert answer.status_code == 422
    assert "99" in answer.content.decode()
    assert camera.line.published == []


def test_the_cameras_own_refusal_is_shown_beside_the_field(camera, sign_in):
    client = sign_in("technician")
    client.post("/devices/door-1/config/", CHANGED)
    hall.feed.status("door-1", DeviceStatus(state="online", boot_id=1), 5)
    refused = [FieldError(field="flash", message="this camera has no flash")]
    in_force = {**wire.default_config()}
    hall.feed.config("door-1", ConfigInForce(version=1, state="rejected", errors=refused, config=in_force), 5)
    page = client.get("/devices/door-1/").content.decode()
    assert "refused by the camera" in page
    assert "this camera has no flash" in page
    assert page.count('class="differs"') == 3


def test_a_refusal_stays_in_the_history_when_the_camera_has_said_something_else_since(camera, sign_in):
    client = sign_in("technician")
    client.post("/devices/door-1/config/", CHANGED)
    camera.store.keep_answers([ConfigAnswer("door-1", 1, "rejected", (("flash", "this camera has no flash"),), 5)])
    hall.feed.config("door-1", ConfigInForce(version=0, state="applied", config=wire.default_config()), 6)
    page = client.get("/devices/door-1/").content.decode()
    assert page.count("refused by the camera") == 2
    assert "flash: this camera has no flash" in page


def test_an_earlier_version_can_be_wanted_again(camera, sign_in):
    client = sign_in("technician")
    client.post("/devices/door-1/config/", CHANGED)
    client.post("/devices/door-1/config/", wire.default_config())
    client.post("/devices/door-1/config/1/restore/")
    assert [(each.version, each.config["led"]) for each in wanted(camera)] == [(1, "off"), (2, "on"), (3, "off")]
    assert camera.store.wanted_configs("door-1")[0].origin == "version 1"


@pytest.mark.parametrize("op", wire.OPS)
def test_commands_go_out_with_an_end(camera, sign_in, op):
    sign_in("technician").post(f"/devices/door-1/command/{op}/")
    topic, payload, retain = camera.line.published[-1]
    command = decode(Command, payload)
    assert (topic, command.op, retain) == (f"{DOWN}/cmd", op, False)
    assert command.not_after_ms


def test_a_command_that_is_none_and_a_camera_that_is_none_are_not_found(camera, sign_in):
    client = sign_in("technician")
    assert client.post("/devices/door-1/command/format/").status_code == 404
    assert client.post("/devices/door-9/command/reboot/").status_code == 404
    assert camera.line.published == []


def test_without_a_broker_the_page_says_so_and_nothing_is_kept(camera, sign_in):
    camera.line.connected = False
    client = sign_in("technician")
    page = client.post("/devices/door-1/config/", CHANGED, follow=True).content.decode()
    assert "no connection to the broker" in page
    assert camera.store.wanted_configs("door-1") == []


def test_a_new_camera_gets_what_it_needs_once(site, sign_in):
    client = sign_in("technician")
    page = client.post("/devices/add/", {"device": "gate-1", "note": "north gate"}).content.decode()
    assert "a-new-password" in page
    assert 'download="node.json"' in page
    assert "data:image/svg+xml" in page
    assert [each.device for each in site.store.devices()] == ["gate-1"]
    assert "a-new-password" not in client.get("/devices/gate-1/").content.decode()


@pytest.mark.parametrize("name", ["", "Door 1", "hub", "-a", "a" * 40, "ä"])
def test_a_name_that_cannot_be_is_refused_and_kept_in_the_form(site, sign_in, name):
    answer = sign_in("technician").post("/devices/add/", {"device": name, "note": "north gate"})
    assert answer.status_code == 422
    assert "north gate" in answer.content.decode()
    assert site.store.devices() == []


def test_identities_are_cut_off_let_in_rotated_and_revoked(site, sign_in):
    client = sign_in("technician")
    client.post("/devices/add/", {"device": "gate-1"})
    client.post("/devices/gate-1/identity/disable/")
    assert "cut off" in client.get("/devices/gate-1/").content.decode()
    client.post("/devices/gate-1/identity/enable/")
    assert "another-password" in client.post("/devices/gate-1/identity/rotate/").content.decode()
    client.post("/devices/gate-1/identity/revoke/")
    assert site.store.devices() == []
    assert ("forgotten", "gate-1") in site.line.told


@pytest.mark.parametrize(("span", "lines"), [("day", 1), ("week", 2)])
def test_charts_are_drawn_of_what_the_hub_kept(camera, sign_in, span, lines):
    now = now_ms() // 60_000
    minutes = [*range(now - 90, now, 30), *range(now - 4000, now - 3000, 60)]
    camera.store.keep_readings([Reading("door-1", minute, 1, rssi_dbm=-60 - minute % 7) for minute in minutes])
    page = sign_in("technician").get(f"/devices/door-1/?span={span}").content.decode()
    assert page.count("<polyline") == lines


def test_a_camera_is_told_which_groups_it_serves(camera, sign_in):
    client = sign_in("technician")
    assert client.post("/devices/door-1/groups/", {"groups": ["5a"]}).status_code == 302
    assert camera.store.devices()[0].groups == ("5a",)
    page = client.get("/devices/door-1/").content.decode()
    assert page.count('name="groups"') == 2
    assert page.count('value="5a" id="groups_groups_0" checked') == 1
    client.post("/devices/door-1/groups/", {})
    assert camera.store.devices()[0].groups == ()


def test_a_group_that_is_none_is_refused(camera, sign_in):
    page = sign_in("technician").post("/devices/door-1/groups/", {"groups": ["9z"]}, follow=True).content.decode()
    assert "look again" in page
    assert camera.store.devices()[0].groups == ()


def test_the_last_picture_is_shown_where_there_is_one_and_a_cloud_that_is_away_costs_only_that(camera, sign_in):
    admin = sign_in("admin")
    assert "last.jpg" not in admin.get("/devices/door-1/").content.decode()
    camera.pictures.put("last/door-1.jpg", b"\xff\xd8 a frame")
    assert "last.jpg" in admin.get("/devices/door-1/").content.decode()
    assert "last.jpg" not in sign_in("technician").get("/devices/door-1/").content.decode()

    def away(key: str) -> bytes:
        raise Unavailable("The bucket doesn't answer.")

    camera.pictures.get = camera.pictures.changed_ms = away
    assert "last.jpg" not in admin.get("/devices/door-1/").content.decode()
    assert admin.get("/devices/door-1/last.jpg").status_code == 404
