"""One attendance a person and day over all hubs: the earlier sighting stays visible, the later one is kept."""

from collections.abc import Callable

import pytest

from hub.cloud.drain import Line
from hub.cloud.remote import Stored, name_of
from hub.model import Frame
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import DAY, MINUTE_MS, NINE_MS, a_face, a_frame, a_person, see
from tests.unit.cloud.mirrors import Mirror, everything

KEY = f"p-1_{DAY}"
EARLY, LATE = NINE_MS, NINE_MS + 5 * MINUTE_MS


@pytest.fixture(autouse=True)
def both_know_somebody(here: Mirror, there: Mirror) -> None:
    here.store.add_person(a_person())
    here.send()
    there.pull()


def frame(number: int, device: str, at_ms: int) -> Frame:
    return a_frame(number, device=device, received_ms=at_ms)


def visible(cloud: Cloud) -> Stored:
    (stored,) = cloud.of(Kind.ATTENDANCE)
    return stored


def conflicts(mirror: Mirror) -> list[object]:
    return [each.fields["device"] for each in mirror.store.documents.all(Kind.CONFLICTS)]


@pytest.mark.parametrize("first", ["here", "there"])
def test_of_two_hubs_the_earlier_sighting_stays_and_the_other_is_kept(
    here: Mirror, there: Mirror, cloud: Cloud, first: str
) -> None:
    see(here.store, frame(1, "door-1", EARLY), a_face())
    see(there.store, frame(2, "gate-1", LATE), a_face())
    order = (here, there) if first == "here" else (there, here)
    for mirror in (*order, *order):
        mirror.send()
        mirror.pull()
    fields = visible(cloud).fields
    assert (fields["device"], fields["first_seen_ms"], fields["last_seen_ms"]) == ("door-1", EARLY, LATE)
    assert conflicts(here) == conflicts(there) == ["gate-1"]
    assert len(cloud.of(Kind.CONFLICTS)) == 1
    (day,) = there.store.attendance(DAY, DAY)
    assert (day.device, day.first_seen_ms, day.last_seen_ms) == ("door-1", EARLY, LATE)
    assert everything(here) == everything(there)
    assert here.store.outbox.figures().conflicts == 1


def test_a_hub_that_knew_of_the_other_only_widens_the_day(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    see(here.store, frame(1, "door-1", EARLY), a_face())
    here.send()
    there.pull()
    see(there.store, frame(2, "gate-1", LATE), a_face())
    there.send()
    here.pull()
    fields = visible(cloud).fields
    assert (fields["device"], fields["last_seen_ms"], fields["origin"]) == ("door-1", LATE, here.remote.origin)
    assert conflicts(here) == conflicts(there) == []
    assert here.store.attendance(DAY, DAY)[0].last_seen_ms == LATE


@pytest.mark.parametrize(("mine_ms", "kept"), [(EARLY, "gate-1"), (LATE, "door-1")])
def test_a_sighting_that_still_waits_when_another_hubs_is_pulled_is_lost_no_more_than_one_that_was_sent(
    here: Mirror, there: Mirror, cloud: Cloud, mine_ms: int, kept: str
) -> None:
    see(here.store, frame(1, "door-1", mine_ms), a_face())
    see(there.store, frame(2, "gate-1", EARLY + LATE - mine_ms), a_face())
    there.send()
    here.pull()
    assert conflicts(here) == [kept]
    for mirror in (here, there, here):
        mirror.send()
        mirror.pull()
    assert conflicts(here) == conflicts(there) == [kept]
    assert visible(cloud).fields["first_seen_ms"] == EARLY
    assert everything(here) == everything(there)


def test_a_hub_that_sees_somebody_earlier_by_a_resent_frame_conflicts_with_nobody(here: Mirror, cloud: Cloud) -> None:
    see(here.store, frame(2, "door-2", LATE), a_face())
    here.send()
    see(here.store, frame(1, "door-1", EARLY), a_face())
    here.send()
    assert visible(cloud).fields["device"] == "door-1"
    assert conflicts(here) == []


def test_its_own_document_is_known_after_any_answer_was_lost(here: Mirror, cloud: Cloud) -> None:
    see(here.store, frame(1, "door-1", LATE), a_face())
    here.remote.always = "lost"
    for _ in range(3):
        here.drain.step()
    see(here.store, frame(2, "door-2", EARLY), a_face())
    for _ in range(3):
        here.drain.step()
    here.remote.always = None
    here.send()
    assert visible(cloud).fields["device"] == "door-2"
    assert (conflicts(here), here.waiting()) == ([], [])


@pytest.mark.parametrize("lost_at", range(5))
def test_a_conflict_is_one_though_an_answer_is_lost_at_any_call(
    here: Mirror, there: Mirror, cloud: Cloud, lost_at: int
) -> None:
    see(here.store, frame(1, "door-1", LATE), a_face())
    here.send()
    see(there.store, frame(2, "gate-1", EARLY), a_face())
    there.drain.step()  # the event, and the attendance …
    there.remote.faults = [None] * lost_at + ["lost"]
    there.store.outbox.revive()
    see(there.store, frame(3, "gate-1", LATE), a_face())
    for _ in range(4):
        there.drain.step()
    there.remote.faults = []
    there.send()
    here.pull()
    assert visible(cloud).fields["device"] == "gate-1"
    assert visible(cloud).fields["last_seen_ms"] == LATE
    assert conflicts(there) == conflicts(here) == ["door-1"]
    assert len(cloud.of(Kind.CONFLICTS)) == 1


def test_who_writes_between_our_reading_and_writing_is_not_overwritten(
    here: Mirror, there: Mirror, cloud: Cloud
) -> None:
    see(here.store, frame(1, "door-1", LATE), a_face())
    here.send()
    see(there.store, frame(2, "gate-1", EARLY), a_face())

    def meanwhile() -> None:
        there.remote.before_replace = lambda: None
        see(here.store, frame(3, "door-1", LATE + MINUTE_MS), a_face())
        here.send()

    there.remote.before_replace = meanwhile
    there.send()
    fields = visible(cloud).fields
    assert (fields["device"], fields["last_seen_ms"]) == ("gate-1", LATE + MINUTE_MS)


def test_others_who_always_write_first_are_no_reason_to_lose_a_row(here: Mirror, there: Mirror) -> None:
    see(here.store, frame(1, "door-1", LATE), a_face())
    here.send()
    see(there.store, frame(2, "gate-1", EARLY), a_face())
    number = iter(range(10, 100))

    def always() -> None:
        see(here.store, frame(next(number), "door-1", LATE + next(number) * MINUTE_MS), a_face())
        here.send()

    there.remote.before_replace = always
    assert there.drain.step().line is Line.DOWN
    assert ("attendance", KEY) in there.waiting()
    there.remote.before_replace = lambda: None
    there.send()
    assert there.waiting() == []


def scribble(fields: dict[str, object]) -> None:
    fields["status"] = "nonsense"


def empty(fields: dict[str, object]) -> None:
    fields.clear()


@pytest.mark.parametrize("vandalism", [scribble, empty])
def test_an_attendance_that_was_edited_into_nonsense_is_set_right(
    here: Mirror, cloud: Cloud, vandalism: Callable[[dict[str, object]], None]
) -> None:
    see(here.store, frame(1, "door-1", EARLY), a_face())
    here.send()
    fields = dict(visible(cloud).fields)
    vandalism(fields)
    cloud.write(Kind.ATTENDANCE, name_of(Kind.ATTENDANCE, KEY), fields)
    see(here.store, frame(2, "door-1", LATE), a_face())
    here.send()
    fields = dict(visible(cloud).fields)
    assert (fields["status"], fields["last_seen_ms"]) == ("present", LATE)
    assert conflicts(here) == []


def test_a_conflict_goes_with_its_person(here: Mirror, there: Mirror, cloud: Cloud) -> None:
    see(here.store, frame(1, "door-1", EARLY), a_face())
    see(there.store, frame(2, "gate-1", LATE), a_face())
    for mirror in (here, there, here):
        mirror.send()
        mirror.pull()
    here.store.remove_person("p-1")
    here.send()
    there.pull()
    there.send()
    assert cloud.of(Kind.CONFLICTS) == cloud.of(Kind.ATTENDANCE) == []
    assert conflicts(there) == []
