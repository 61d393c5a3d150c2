"""What comes from Firestore: in any order, edited by hand, removed, or meeting what waits here."""

import threading
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.cloud import pull as pulling
from hub.cloud import sending
from hub.cloud.drain import Line
from hub.cloud.remote import DAY_MS, Unreachable, name_of
from hub.model import Device, Status
from hub.shadow import ConfigTemplate
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    DAY,
    ENGINE,
    NINE_MS,
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    see,
)
from tests.unit.cloud.mirrors import Mirror, everything


def day_of_work(mirror: Mirror) -> None:
    mirror.store.add_person(a_person("p-1", name="Ada"))
    mirror.store.add_person(a_person("p-2", name="Bob"))
    mirror.store.add_photo(a_photo(), [a_template()])
    mirror.store.add_device(Device("door-1", 1_000, "", ("1A",)))
    mirror.store.put_config_template(ConfigTemplate("doors", {"led": "off"}, ("door-1",), "office", 1))
    for number in range(8):
        see(mirror.store, a_frame(number), a_face(f"p-{1 + number % 2}"))
    mirror.store.correct(a_correction("c-1", Status.LATE))


def weeks_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    now = pulling.now_ms()
    for module in (pulling, sending):
        monkeypatch.setattr(module, "now_ms", lambda: now + 29 * DAY_MS)


def sweep(cloud: Cloud) -> None:
    """What Firestore does with marks after a month."""
    for place, stored in list(cloud.documents.items()):
        if stored.is_tombstone:
            del cloud.documents[place]


def edit(cloud: Cloud, kind: Kind, key: str, **changes: object) -> None:
    name = name_of(kind, key)
    cloud.write(kind, name, {**cloud.documents[kind, name].fields, **changes})


# -- there it is ---------------------------------------------------------------
def test_a_mirror_becomes_what_the_other_is(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    assert there.pull().skipped == 0
    assert everything(there) == everything(here)
    assert there.waiting() == []


def test_pulling_again_changes_nothing_and_reads_only_what_is_new(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    cloud.clock_us += 3_600_000_000
    there.pull()  # reaches back a little before the one before
    here.store.add_device(Device("door-2", 1_000))
    here.send()
    again = there.pull()
    assert (again.changed, again.read, again.kinds) == (1, 1, {Kind.DEVICES})
    revision = there.store.people_revision()
    assert there.pull().changed == 0
    assert there.store.people_revision() == revision


def test_the_echo_of_what_a_mirror_wrote_changes_nothing(here: Mirror) -> None:
    day_of_work(here)
    here.send()
    before, revision = everything(here), here.store.people_revision()
    assert here.pull().changed == 0
    assert everything(here) == before
    assert here.store.people_revision() == revision
    assert here.waiting() == []


def test_what_is_pulled_is_not_sent_back(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    before = cloud.writes
    there.send()
    assert cloud.writes == before
    there.store.add_device(Device("door-9", 1))
    assert there.waiting() == [("devices", "door-9")]


def test_a_pull_that_was_cut_short_goes_on_where_it_was(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    for calls in range(12):
        there.remote.faults = [None] * calls + ["away"]
        with pytest.raises(Unreachable):
            there.pull()
    there.remote.faults = []
    there.pull()
    assert everything(there) == everything(here)


# -- removed elsewhere -----------------------------------------------------------
def test_what_is_removed_there_goes_here_too(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    here.store.remove_photo("f-1")
    here.store.remove_device("door-1")
    here.store.remove_config_template("doors")
    here.store.remove_person("p-2")
    here.send()
    there.pull()
    assert everything(there) == everything(here)
    assert there.erased == ["p-2"]
    assert there.forgotten == ["people/p-1/f-1.jpg"]


def test_an_erasure_that_fails_is_done_by_the_next_pull(
    here: Mirror, there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.store.add_person(a_person())
    here.send()
    there.pull()
    here.store.remove_person("p-1")
    here.send()

    def disk_full(person_id: str) -> None:
        raise Unreachable("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(there.puller, "_erase", disk_full)
        with pytest.raises(Unreachable):
            there.pull()
    there.pull()
    assert there.erased == ["p-1"]


def test_what_the_person_left_at_another_hub_goes_from_the_cloud_too(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    here.store.add_person(a_person())
    here.send()
    there.pull()
    here.store.remove_person("p-1")
    here.send()
    see(there.store, a_frame(), a_face())
    there.store.correct(a_correction())
    there.send()  # it doesn't know yet
    assert len(cloud.of(Kind.ATTENDANCE)) == 1
    assert here.pull().skipped == 3
    there.pull()
    there.send()
    here.pull()
    assert cloud.of(Kind.ATTENDANCE) == cloud.of(Kind.CORRECTIONS) == []
    assert "p-1" not in str([stored.fields for stored in cloud.documents.values()])
    assert here.store.mirror.skipped() == []


def test_a_mirror_that_was_away_too_long_drops_what_is_gone(
    here: Mirror, there: Mirror, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    here.store.remove_person("p-2")
    here.store.remove_device("door-1")
    here.send()
    sweep(cloud)
    there.store.add_device(Device("door-7", 1))
    weeks_pass(monkeypatch)
    there.pull()
    assert [person.person_id for person in there.store.people()] == ["p-1"]
    assert [device.device for device in there.store.devices()] == ["door-7"]
    monkeypatch.undo()
    there.send()
    here.pull()
    assert [device.device for device in here.store.devices()] == ["door-7"]


# -- edited by hand --------------------------------------------------------------
def test_a_document_that_was_edited_into_nonsense_is_skipped_shown_and_stops_nothing(
    here: Mirror, there: Mirror, cloud: Cloud
) -> None:
    day_of_work(here)
    here.send()
    edit(cloud, Kind.PEOPLE, "p-2", name=7)
    edit(cloud, Kind.DEVICES, "door-1", groups="1A")
    cloud.write(Kind.DEVICES, "%FF%00", {"anything": [{"": None}]})
    pulled = there.pull()
    assert [person.person_id for person in there.store.people()] == ["p-1"]
    sentences = {(each.kind, each.key): each.message for each in there.store.mirror.skipped()}
    assert sentences[Kind.PEOPLE, "p-2"] == "name is no text."
    assert sentences[Kind.DEVICES, "door-1"] == "groups is no list, or too long a one."
    assert there.store.outbox.figures().skipped == len(sentences) == pulled.skipped
    assert len(there.store.templates(ENGINE)) == 1


def test_what_was_skipped_comes_when_it_makes_sense_again(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    day_of_work(here)
    here.send()
    edit(cloud, Kind.PEOPLE, "p-2", name=7)
    there.pull()
    edit(cloud, Kind.PEOPLE, "p-2", name="Bob")
    there.pull()
    assert there.store.mirror.skipped() == []
    assert everything(there) == everything(here)


def test_a_document_that_is_dated_in_the_future_hides_none_that_follow(
    here: Mirror, there: Mirror, cloud: Cloud
) -> None:
    here.store.add_device(Device("door-1", 1))
    here.send()
    place = Kind.DEVICES, "door-1"
    cloud.documents[place] = replace(cloud.documents[place], changed_us=cloud.clock_us + 10**15)
    there.pull()
    cloud.clock_us += 3_600_000_000
    here.store.add_device(Device("door-2", 1))
    here.send()
    there.pull()
    assert [device.device for device in there.store.devices()] == ["door-1", "door-2"]


def test_a_number_that_two_people_have_is_said_and_mended_by_a_change(here: Mirror, there: Mirror) -> None:
    here.store.add_person(a_person("p-1", number="7"))
    there.store.add_person(a_person("p-2", number="7"))
    here.send()
    there.send()
    there.pull()
    (skipped,) = there.store.mirror.skipped()
    assert (skipped.key, skipped.message) == ("p-1", "Another person has its number.")
    there.store.update_person(a_person("p-2", number="8"))
    there.send()
    here.pull()
    there.pull()
    assert [(p.person_id, p.number) for p in there.store.people()] == [("p-1", "7"), ("p-2", "8")]
    assert everything(here) == everything(there)


def test_an_event_that_has_expired_is_not_taken_in(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    here.store.add_person(a_person())
    see(here.store, a_frame(), a_face())
    here.send()
    (stored,) = cloud.of(Kind.EVENTS)
    edit(cloud, Kind.EVENTS, stored.name.partition("_")[2], expire_at=datetime.now(UTC) - timedelta(hours=1))
    there.pull()
    assert there.store.events() == []
    assert there.store.mirror.skipped() == []


# -- meeting what waits here -------------------------------------------------------
def test_a_change_that_waits_is_not_overwritten(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    here.store.update_person(a_person("p-1", name="From here"))
    there.store.update_person(a_person("p-1", name="From there"))
    here.send()
    there.pull()
    assert there.store.person("p-1").name == "From there"
    there.send()
    here.pull()
    assert everything(here) == everything(there)


def test_what_was_removed_here_does_not_come_back_before_the_cloud_knows(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    there.store.remove_device("door-1")
    here.store.set_groups("door-1", ["1B"])
    here.send()
    there.pull()
    assert there.store.devices() == []
    there.send()
    here.pull()
    assert here.store.devices() == []


def test_templates_of_two_engines_made_on_two_machines_are_both_kept(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    here.send()
    there.pull()
    here.store.add_templates([a_template(engine="one", seed=1)])
    there.store.add_templates([a_template(engine="two", seed=2)])
    here.send()
    there.pull()
    there.send()
    here.pull()
    assert here.store.templated() == {ENGINE: 1, "one": 1, "two": 1}
    assert everything(here) == everything(there)


def test_a_mirror_that_begins_with_people_of_its_own_brings_them_along(here: Mirror, there: Mirror) -> None:
    day_of_work(here)
    there.store.outbox.switch_off()
    there.store.add_person(a_person("p-9", name="Zoe"))
    see(there.store, a_frame(1, device="gate-1"), a_face("p-9"))
    assert there.waiting() == []
    there.store.outbox.switch_on("a-project/main")
    there.remote.origin = there.store.outbox.origin()
    assert {kind for kind, _ in there.waiting()} == {"people", "events", "attendance"}
    for mirror in (here, there, here, there):
        mirror.send()
        mirror.pull()
    assert everything(here) == everything(there)
    assert {person.person_id for person in here.store.people()} == {"p-1", "p-2", "p-9"}
    assert [day.person_id for day in here.store.attendance(DAY, DAY)] == ["p-1", "p-2", "p-9"]


def test_what_is_sent_between_reading_and_writing_down_is_not_undone(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    here.store.add_person(a_person("p-1", name="Old"))
    here.store.add_person(a_person("p-2"))
    here.send()
    there.pull()
    edit(cloud, Kind.PEOPLE, "p-1", name="Somebody else's")

    def meanwhile(kind: Kind) -> None:
        there.remote.after_reading = lambda kind: None
        there.store.update_person(a_person("p-1", name="New"))
        there.store.remove_person("p-2")
        sender.start()
        while ("replace", "people", "p-1") not in there.remote.calls or not is_marked(cloud, "p-2"):
            time.sleep(0.001)

    sender = threading.Thread(target=there.send)
    there.remote.after_reading = meanwhile
    there.pull()
    sender.join()
    assert [(person.person_id, person.name) for person in there.store.people()] == [("p-1", "New")]
    assert there.waiting() == []


def is_marked(cloud: Cloud, person_id: str) -> bool:
    return cloud.documents[Kind.PEOPLE, person_id].is_tombstone


def test_who_is_added_while_everything_is_pulled_anew_is_not_taken_for_gone(
    here: Mirror, there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.store.add_person(a_person("p-1"))
    here.send()
    there.pull()
    weeks_pass(monkeypatch)
    added = threading.Thread(target=lambda: (there.store.add_person(a_person("p-2")), there.send()))

    def meanwhile(kind: Kind) -> None:
        if kind is Kind.DEVICES:  # people have been read
            there.remote.after_reading = lambda kind: None
            added.start()

    there.remote.after_reading = meanwhile
    original = there.store.mirror.missing

    def missing(kind: Kind, keys: set[str]) -> list[str]:
        added.join()
        return original(kind, keys)

    monkeypatch.setattr(there.store.mirror, "missing", missing)
    there.pull()
    assert {person.person_id for person in there.store.people()} == {"p-1", "p-2"}


def test_a_change_from_before_long_weeks_away_brings_nobody_back(
    here: Mirror, there: Mirror, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    here.store.add_person(a_person("p-1"))
    here.send()
    there.pull()
    there.store.update_person(a_person("p-1", name="Changed"))
    there.store.add_person(a_person("p-2"))
    here.store.remove_person("p-1")
    here.send()
    sweep(cloud)
    weeks_pass(monkeypatch)
    assert there.drain.step().line is Line.DOWN
    assert "pulls everything" in str(there.store.outbox.figures().trouble)
    there.pull()
    monkeypatch.undo()
    there.send()
    assert [person.person_id for person in there.store.people()] == ["p-2"]
    assert [stored.name for stored in cloud.of(Kind.PEOPLE) if not stored.is_tombstone] == ["p-2"]


def test_people_who_were_here_before_the_mirror_and_never_went_up_are_not_taken_for_gone(
    there: Mirror, monkeypatch: pytest.MonkeyPatch
) -> None:
    there.store.outbox.switch_off()
    there.store.add_person(a_person("p-1"))
    there.store.outbox.switch_on("a-project/main")
    there.remote.origin = there.store.outbox.origin()
    there.pull()
    weeks_pass(monkeypatch)
    there.pull()
    assert [person.person_id for person in there.store.people()] == ["p-1"]


def test_two_sites_that_join_keep_both_sightings_of_a_day(here: Mirror, there: Mirror) -> None:
    for number, mirror in enumerate((here, there)):
        mirror.store.outbox.switch_off()
        mirror.store.add_person(a_person("p-1"))
        see(mirror.store, a_frame(number, device=f"door-{number}", received_ms=NINE_MS + number), a_face())
        mirror.store.outbox.switch_on("a-project/main")
        mirror.remote.origin = mirror.store.outbox.origin()
    for mirror in (there, here, there, here):
        mirror.send()
        mirror.pull()
    assert everything(here) == everything(there)
    assert [day.device for day in here.store.attendance(DAY, DAY)] == ["door-0"]
    assert [each.fields["device"] for each in here.store.documents.all(Kind.CONFLICTS)] == ["door-1"]
