"""What comes from Firestore: in any order, edited by hand, or removed elsewhere."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from hub.cloud.remote import Unreachable
from hub.model import Device
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    ENGINE,
    a_correction,
    a_face,
    a_frame,
    a_person,
    see,
)
from tests.unit.cloud.mirrors import Mirror, everything
from tests.unit.cloud.weeks import day_of_work, edit, sweep, weeks_pass


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
