"""Templates, and roll-outs that live in the process and not in a request."""

import json

import pytest

from dashboard.devices import models
from dashboard.devices.models import RolloutRecord
from dashboard.devices.rollouts import Rollouts
from dashboard.runtime import now_ms
from hub import wire
from hub.errors import Unavailable
from hub.model import Device, DeviceState, Outcome
from hub.payloads import Command, CommandAnswer, ConfigInForce, FieldError, Result, WantedConfig, decode
from hub.shadow import ConfigTemplate
from tests.unit.dashboard.records import result

CAMERAS = ("door-1", "door-2", "door-3")


class Fleet:
    """Cameras that answer at once what is published to them."""

    def __init__(self, site) -> None:
        self.site = site
        self.rollouts = Rollouts(site, self.publish)
        self.refusing: set[str] = set()
        self.mute: set[str] = set()
        self.outcome = Outcome.NO_FACE
        self.wanted: list[str] = []
        self.stop_at = ""

    def publish(self, topic: str, payload: bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        del expiry_s, retain
        where = wire.parse_topic(topic)
        if where.leaf == wire.CMD:
            self._picture(where.device, decode(Command, payload))
        else:
            self._set(where.device, decode(WantedConfig, payload))

    def _set(self, device: str, wanted: WantedConfig) -> None:
        self.wanted.append(device)
        if device == self.stop_at:
            RolloutRecord.objects.update(stop=True)
        if device in self.mute:
            return
        config = {**wire.default_config(), **wanted.config}
        errors = [FieldError(field="led", message="this camera has no led")] if device in self.refusing else []
        state = "rejected" if errors else "applied"
        answer = ConfigInForce(version=wanted.version, state=state, errors=errors, config=config)
        self.site.store.put_device_state(DeviceState(device, 1, config=answer.model_dump()))
        self.rollouts.heard(device, answer)

    def _picture(self, device: str, command: Command) -> None:
        self.rollouts.heard(device, CommandAnswer(id=command.id, ok=True, data={"frame_id": 7}))
        framed = result(7).model_dump() | {"device": device, "outcome": self.outcome, "frame_id": 7, "faces": []}
        self.rollouts.heard(device, Result.model_validate(framed))


@pytest.fixture
def fleet(site, accounts) -> Fleet:
    for device in CAMERAS:
        site.store.add_device(Device(device, 1))
    site.store.put_config_template(ConfigTemplate("doors", {"led": "off"}, CAMERAS, "admin", 1))
    return Fleet(site)


def begun(sign_in, first: str = "door-1", patience_s: int = 5) -> RolloutRecord:
    form = {"first": first, "patience_s": patience_s}
    answer = sign_in("technician").post("/configs/templates/doors/rollout/", form)
    assert answer.status_code == 302
    return RolloutRecord.objects.get()


def stages(record: RolloutRecord) -> dict[str, str]:
    return {each["device"]: each["stage"] for each in record.progress}


def carried_out(fleet: Fleet) -> RolloutRecord:
    assert fleet.rollouts._next()
    return RolloutRecord.objects.get()


def test_a_page_writes_down_what_is_wanted_and_wakes_who_carries_it_out(fleet, sign_in):
    record = begun(sign_in, "door-2")
    assert (record.state, record.cameras) == (models.WAITING, ["door-2", "door-1", "door-3"])
    assert ("rollout", "") in fleet.site.line.told
    assert fleet.wanted == []


def test_the_first_camera_goes_ahead_and_the_rest_follow(fleet, sign_in):
    begun(sign_in, "door-2")
    record = carried_out(fleet)
    assert record.state == models.APPLIED
    assert fleet.wanted[0] == "door-2"
    assert set(stages(record).values()) == {"applied"}
    newest = fleet.site.store.wanted_configs("door-3")[0]
    assert (newest.config["led"], newest.by, newest.origin) == ("off", "technician-0", "template doors")


def test_when_the_first_refuses_nothing_is_sent_to_the_others_and_its_words_are_shown(fleet, sign_in):
    fleet.refusing = {"door-1"}
    begun(sign_in)
    record = carried_out(fleet)
    assert record.state == models.HALTED
    assert stages(record) == {"door-1": "refused", "door-2": "queued", "door-3": "queued"}
    assert fleet.wanted == ["door-1"]
    page = sign_in("admin").get(f"/configs/rollouts/{record.pk}/").content.decode()
    assert "this camera has no led" in page
    assert "Nothing was sent to the other cameras" in page


def test_when_the_first_ones_picture_is_none_nothing_is_sent_to_the_others(fleet, sign_in):
    fleet.outcome = Outcome.INVALID
    begun(sign_in)
    assert stages(carried_out(fleet)) == {"door-1": "broken", "door-2": "queued", "door-3": "queued"}


def test_cameras_that_are_set_so_already_are_left_out(fleet, sign_in):
    begun(sign_in)
    carried_out(fleet)
    fleet.wanted.clear()
    sign_in("admin").post("/configs/templates/doors/rollout/", {"first": "door-1", "patience_s": 5})
    assert fleet.rollouts._next()
    record = RolloutRecord.objects.latest("id")
    assert (record.state, set(stages(record).values()), fleet.wanted) == (models.APPLIED, {"settled"}, [])


def test_one_that_is_stopped_ends_and_says_so(fleet, sign_in):
    fleet.stop_at = "door-1"
    fleet.mute = {"door-1"}
    begun(sign_in, patience_s=3600)
    record = carried_out(fleet)
    assert (record.state, fleet.wanted) == (models.STOPPED, ["door-1"])


def test_one_that_nobody_took_yet_is_stopped_at_once(fleet, sign_in):
    record = begun(sign_in)
    sign_in("admin").post(f"/configs/rollouts/{record.pk}/stop/")
    assert RolloutRecord.objects.get().state == models.STOPPED
    assert not fleet.rollouts._next()


def test_two_at_once_are_refused(fleet, sign_in):
    begun(sign_in)
    page = sign_in("admin").post("/configs/templates/doors/rollout/", {"first": "door-1", "patience_s": 5}, follow=True)
    assert "under way" in page.content.decode()
    assert RolloutRecord.objects.count() == 1


def test_one_whose_process_is_gone_is_reported_with_how_far_it_was(fleet, sign_in):
    record = begun(sign_in)
    taken = RolloutRecord.take()
    assert RolloutRecord.take() is None  # a second process finds nothing
    taken.beat([{"device": "door-1", "stage": "applied", "version": 1, "message": ""}])
    RolloutRecord.objects.update(beat_ms=now_ms() - models.LOST_MS - 1)
    page = sign_in("admin").get(f"/configs/rollouts/{record.pk}/").content.decode()
    assert "Broken off" in page
    assert "hx-trigger" not in page


def test_a_process_that_ends_says_that_its_roll_out_was_broken_off(fleet, sign_in):
    fleet.mute = {"door-1"}
    begun(sign_in, patience_s=3600)
    fleet.rollouts._ending.set()
    assert carried_out(fleet).state == models.LOST


def test_without_a_broker_the_camera_is_named_with_the_reason(fleet, sign_in):
    def fails(*_: object, **__: object) -> None:
        raise Unavailable("There is no connection to the broker.")

    fleet.rollouts._publish = fails
    begun(sign_in)
    record = carried_out(fleet)
    assert record.state == models.HALTED
    assert record.progress[0]["message"] == "There is no connection to the broker."


def test_progress_is_a_fragment_that_asks_again_until_the_end(fleet, sign_in):
    record = begun(sign_in)
    client = sign_in("admin")
    where = f"/configs/rollouts/{record.pk}/"
    fragment = client.get(where, HTTP_HX_REQUEST="true").content.decode()
    assert "every 1s" in fragment
    assert "<html" not in fragment
    carried_out(fleet)
    assert "every 1s" not in client.get(where, HTTP_HX_REQUEST="true").content.decode()


def test_a_template_is_made_changed_and_removed(fleet, sign_in):
    client = sign_in("technician")
    given = {"name": "gates", "burst_fps": "0.5", "rotate": "180", "cameras": ["door-3"]}
    assert client.post("/configs/templates/add/", given).status_code == 302
    made = {each.name: each for each in fleet.site.store.config_templates()}
    assert (dict(made["gates"].config), made["gates"].cameras) == ({"burst_fps": 0.5, "rotate": 180}, ("door-3",))
    assert made["doors"].cameras == ("door-1", "door-2")  # a camera follows one
    client.post("/configs/templates/gates/", {"rotate": "", "led": "off"})
    changed = {each.name: each for each in fleet.site.store.config_templates()}["gates"]
    assert (dict(changed.config), changed.cameras, changed.by) == ({"led": "off"}, (), "technician-0")
    client.post("/configs/templates/gates/remove/")
    assert [each.name for each in fleet.site.store.config_templates()] == ["doors"]


@pytest.mark.parametrize(
    "given",
    [{"name": "Doors!"}, {"name": "doors"}, {"name": "x", "jpeg_quality": "99"}, {"name": "x", "cameras": ["nobody"]}],
)
def test_a_template_that_cannot_be_is_refused_and_kept_in_the_form(fleet, sign_in, given):
    answer = sign_in("technician").post("/configs/templates/add/", given | {"burst_frames": "7"})
    assert answer.status_code == 422
    assert 'value="7"' in answer.content.decode()
    assert len(fleet.site.store.config_templates()) == 1


def test_chosen_settings_go_to_chosen_cameras_without_a_template(fleet, sign_in):
    client = sign_in("technician")
    given = {"led": "off", "cameras": ["door-1", "door-3"], "first": "door-3", "patience_s": 5}
    answer = client.post("/configs/rollouts/add/", given)
    record = carried_out(fleet)
    assert answer["Location"] == f"/configs/rollouts/{record.pk}/"
    assert (record.state, fleet.wanted) == (models.APPLIED, ["door-3", "door-1"])
    newest = fleet.site.store.wanted_configs("door-1")[0]
    assert (newest.config["led"], newest.by, newest.origin) == ("off", "technician-0", "")
    assert fleet.site.store.wanted_configs("door-2") == []
    for page in ("/configs/", answer["Location"]):
        assert "Light signals" in client.get(page).content.decode()


def test_of_chosen_cameras_the_first_goes_ahead_unless_another_is_named(fleet, sign_in):
    given = {"led": "off", "cameras": ["door-3", "door-2"], "first": "", "patience_s": 5}
    sign_in("technician").post("/configs/rollouts/add/", given)
    assert RolloutRecord.objects.get().cameras == ["door-2", "door-3"]


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"led": ""}, "all settings are empty"),
        ({"cameras": []}, "This field is required"),
        ({"cameras": ["nobody"]}, "nobody is not one of the available choices"),
        ({"first": "door-3"}, "It is none of the cameras that are set."),
        ({"jpeg_quality": "99"}, "less than or equal to"),
        ({"patience_s": "1"}, "greater than or equal to"),
    ],
)
def test_a_choice_that_cannot_be_is_refused_with_a_reason_and_kept_in_the_form(fleet, sign_in, wrong, said):
    given = {"led": "off", "burst_frames": "", "cameras": ["door-1"], "first": "", "patience_s": 17} | wrong
    answer = sign_in("technician").post("/configs/rollouts/add/", given)
    page = answer.content.decode()
    assert (answer.status_code, said in page, 'type="number"' in page) == (422, True, True)
    assert not RolloutRecord.objects.exists()


def test_no_second_roll_out_begins_with_chosen_settings_while_one_is_under_way(fleet, sign_in):
    begun(sign_in)
    given = {"led": "off", "cameras": ["door-1"], "patience_s": 5}
    answer = sign_in("admin").post("/configs/rollouts/add/", given)
    assert "Another roll-out is under way" in answer.content.decode()
    assert RolloutRecord.objects.count() == 1


def test_a_template_without_settings_is_not_rolled_out(fleet, sign_in):
    fleet.site.store.put_config_template(ConfigTemplate("doors", {}, CAMERAS, "admin", 2))
    sign_in("technician").post("/configs/templates/doors/rollout/", {"first": "door-1", "patience_s": 5})
    assert not RolloutRecord.objects.exists()


def test_versions_say_who_when_what_changed_and_what_the_camera_said(fleet, sign_in):
    fleet.refusing = {"door-1"}
    begun(sign_in)
    carried_out(fleet)
    page = sign_in("admin").get("/devices/door-1/versions/").content.decode()
    for words in ("technician-0", "template doors", "Light signals", "this camera has no led", "refused by the camera"):
        assert words in page


def test_the_overview_shows_each_cameras_state(fleet, sign_in):
    begun(sign_in)
    carried_out(fleet)
    page = sign_in("admin").get("/configs/").content.decode()
    assert page.count("Applied") == len(CAMERAS)
    assert "All have applied it" in page
    assert json.dumps(RolloutRecord.objects.get().fields) == '{"led": "off"}'
