"""What comes from Firestore and meets what waits here, or was here before."""

import threading
import time

import pytest

from hub.cloud.drain import Line
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    DAY,
    ENGINE,
    NINE_MS,
    a_face,
    a_frame,
    a_person,
    a_template,
    see,
)
from tests.unit.cloud.mirrors import Mirror, everything
from tests.unit.cloud.weeks import day_of_work, edit, sweep, weeks_pass


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
