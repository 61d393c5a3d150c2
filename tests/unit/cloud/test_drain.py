"""What becomes of the rows of the outbox: nothing is lost, nothing blocks, nothing is sent twice as two."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hub.cloud.drain import NEWS_S, WINDOW, Line
from hub.cloud.remote import name_of
from hub.model import Device, DeviceState
from hub.store.documents import Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import DAY, a_face, a_frame, a_person, see
from tests.unit.cloud.mirrors import Mirror


def several(mirror: Mirror, count: int) -> None:
    for number in range(count):
        mirror.store.add_device(Device(f"door-{number:02}", 1_000))


def names(cloud: Cloud, kind: Kind) -> list[str]:
    return [stored.name for stored in cloud.of(kind)]


# -- in order, once ---------------------------------------------------------
def test_everything_is_sent_in_the_order_of_its_first_change(here: Mirror, cloud: Cloud) -> None:
    several(here, 3 * WINDOW)
    here.store.set_groups("door-00", ["1A"])
    here.send()
    sent = [name for _, name in here.remote.asked("set")]
    windows = [sorted(sent[at : at + WINDOW]) for at in range(0, len(sent), WINDOW)]
    assert [name for window in windows for name in window] == [f"door-{number:02}" for number in range(3 * WINDOW)]
    assert cloud.documents[Kind.DEVICES, "door-00"].fields["groups"] == ("1A",)
    assert here.waiting() == []


def test_what_changes_while_it_is_sent_is_sent_again(here: Mirror, cloud: Cloud) -> None:
    several(here, 1)
    original = here.remote.set

    def set_and_change(kind: Kind, name: str, fields: object) -> None:
        original(kind, name, fields)  # type: ignore[arg-type]
        here.remote.set = original  # type: ignore[method-assign]
        here.store.set_groups("door-00", ["1A"])

    here.remote.set = set_and_change  # type: ignore[method-assign]
    assert here.drain.step().sent == 1
    assert here.waiting() == [("devices", "door-00")]
    here.send()
    assert cloud.documents[Kind.DEVICES, "door-00"].fields["groups"] == ("1A",)


def test_many_changes_of_one_document_are_sent_once(here: Mirror, cloud: Cloud) -> None:
    several(here, 1)
    for number in range(20):
        here.store.set_groups("door-00", [f"{number}A"])
    here.send()
    assert cloud.writes == 1
    assert cloud.documents[Kind.DEVICES, "door-00"].fields["groups"] == ("19A",)


def test_a_document_that_is_gone_before_it_was_sent_leaves_only_a_mark(here: Mirror, cloud: Cloud) -> None:
    several(here, 1)
    here.store.remove_device("door-00")
    here.send()
    fields = dict(cloud.documents[Kind.DEVICES, "door-00"].fields)
    assert set(fields) == {"deleted", "expire_at", "origin"}


def test_how_long_an_event_is_kept_is_what_the_settings_say_when_it_is_sent(here: Mirror, cloud: Cloud) -> None:
    here.keep_events_days = 7
    seen = see(here.store, a_frame(), a_face()).event
    here.send()
    (stored,) = cloud.of(Kind.EVENTS)
    received = datetime.fromtimestamp(seen.received_ms / 1000, UTC)
    assert stored.fields["expire_at"] == received + timedelta(days=7)


# -- an outage ---------------------------------------------------------------
def test_while_the_line_is_down_one_row_probes_and_nothing_is_lost(here: Mirror, cloud: Cloud) -> None:
    several(here, 12)
    here.remote.always = "away"
    assert here.drain.step().line is Line.DOWN
    before = len(here.remote.calls)
    for _ in range(5):
        assert here.drain.step().line is Line.DOWN
    assert len(here.remote.calls) == before + 5
    assert len(here.waiting()) == 12
    figures = here.store.outbox.figures()
    assert (figures.waiting, figures.dead, figures.trouble) == (12, 0, "Firestore can't be reached.")
    here.remote.always = None
    here.send()
    assert len(names(cloud, Kind.DEVICES)) == 12
    assert here.store.outbox.figures().trouble is None


def test_the_probe_is_the_row_that_waits_longest(here: Mirror) -> None:
    several(here, 12)
    here.remote.always = "away"
    here.drain.step()
    here.remote.calls.clear()
    here.drain.step()
    assert here.remote.calls == [("set", "devices", "door-00")]
    entry = here.store.outbox.waiting(1)[0]
    assert (entry.tries, entry.last_error) == (2, "Firestore can't be reached.")


def test_an_answer_that_was_lost_makes_nothing_twice(here: Mirror, cloud: Cloud) -> None:
    here.store.add_person(a_person())
    see(here.store, a_frame(), a_face())
    here.remote.always = "lost"
    here.drain.step()
    assert len(here.waiting()) == 3
    here.remote.always = None
    here.send()
    assert here.waiting() == []
    assert here.store.outbox.figures().conflicts == 0
    assert [len(cloud.of(kind)) for kind in (Kind.PEOPLE, Kind.EVENTS, Kind.ATTENDANCE)] == [1, 1, 1]


# -- rows that can't be sent ---------------------------------------------------
def test_a_row_that_is_refused_is_set_aside_and_the_others_go_on(here: Mirror, cloud: Cloud) -> None:
    several(here, 3)
    here.remote.faults = ["refused", None]  # the document, then a look whether all are refused
    here.send()
    assert len(names(cloud, Kind.DEVICES)) == 2
    dead = here.store.outbox.dead()
    assert [(each.kind, each.last_error) for each in dead] == [("devices", "Firestore can't take it.")]
    assert (here.waiting(), here.store.outbox.figures().dead) == ([], 1)


def test_a_dead_row_comes_back_when_it_is_tried_again_or_changes(here: Mirror, cloud: Cloud) -> None:
    several(here, 1)
    for _ in range(2):
        here.remote.faults = ["refused", None]
        here.send()
        assert here.store.outbox.figures().dead == 1
        if here.store.outbox.revive() == 1:
            assert here.waiting() == [("devices", "door-00")]
    here.remote.faults = ["refused", None]
    here.send()
    here.store.set_groups("door-00", ["1A"])
    assert here.store.outbox.dead() == []
    here.send()
    assert names(cloud, Kind.DEVICES) == ["door-00"]


def test_where_all_are_refused_nothing_is_set_aside(here: Mirror) -> None:
    several(here, 2)
    here.remote.always = "refused"
    assert here.drain.step().line is Line.CLOSED
    assert here.store.outbox.figures().dead == 0
    assert len(here.waiting()) == 2


def test_a_key_that_was_revoked_pauses_with_a_sentence_until_it_is_fixed(here: Mirror) -> None:
    several(here, 2)
    here.remote.always = "closed"
    assert here.drain.step().line is Line.CLOSED
    assert here.store.outbox.figures().paused == "The key was revoked."
    assert len(here.waiting()) == 2
    here.remote.always = None
    here.send()
    assert here.store.outbox.figures().paused is None


def test_a_row_that_can_not_be_read_here_holds_up_nobody(here: Mirror, cloud: Cloud) -> None:
    here.store.add_person(a_person())
    with here.store._db.write() as db:
        db.execute("UPDATE person SET name = CAST(x'ff' AS TEXT)")
    several(here, 1)
    here.send()
    assert names(cloud, Kind.DEVICES) == ["door-00"]
    assert [each.kind for each in here.store.outbox.dead()] == ["people"]
    with here.store._db.write() as db:
        db.execute("UPDATE person SET name = 'Ada'")


# -- news of cameras -----------------------------------------------------------
def test_the_state_of_a_camera_is_sent_at_most_once_a_minute(here: Mirror, cloud: Cloud) -> None:
    for second in range(0, 150, 10):
        here.now_s = float(second)
        here.store.put_device_state(DeviceState("door-1", second))
        here.drain.step()
    assert here.remote.asked("set") == [("device_states", "door-1")] * 3
    assert here.store.outbox.figures().waiting == 0
    assert here.drain.step(news=True).sent == 1
    assert cloud.documents[Kind.DEVICE_STATES, "door-1"].fields["seen_ms"] == 140


def test_a_camera_that_rests_holds_up_nobody(here: Mirror) -> None:
    here.store.put_device_state(DeviceState("door-1", 1))
    here.drain.step()
    here.store.put_device_state(DeviceState("door-1", 2))
    here.store.put_device_state(DeviceState("door-2", 2))
    several(here, 1)
    here.now_s = NEWS_S / 2
    here.drain.step()
    assert here.waiting() == [("device_states", "door-1"), ("device_states", "door-2")]


def test_the_states_of_all_cameras_go_together_so_that_the_bell_rings_once(here: Mirror) -> None:
    for number in range(2 * WINDOW):
        here.store.put_device_state(DeviceState(f"door-{number:02}", 1))
    assert [here.drain.step().sent for _ in range(3)] == [WINDOW, WINDOW, 0]
    for second in range(1, int(NEWS_S)):
        here.now_s = float(second)
        here.store.put_device_state(DeviceState(f"door-{second % WINDOW:02}", 1 + second))
        assert here.drain.step().sent == 0
    here.now_s = NEWS_S
    assert here.drain.step().sent == WINDOW


# -- pictures ------------------------------------------------------------------
KEY = f"results/{DAY}/1.jpg"


def test_pictures_go_to_the_bucket_while_rows_name_them(here: Mirror) -> None:
    here.store.add_person(a_person())
    see(here.store, a_frame(), a_face(), picture=KEY)
    assert here.store.outbox.figures().pictures == 1
    assert here.pictures.step().sent == 1
    assert here.bucket.there == {KEY}
    here.store.purge_pictures(a_frame().received_ms + 1)
    assert here.pictures.step().sent == 1
    assert here.bucket.there == set()


def test_a_bucket_that_is_away_holds_up_no_document(here: Mirror) -> None:
    here.store.add_person(a_person())
    see(here.store, a_frame(), a_face(), picture=KEY)
    here.bucket.is_away = True
    assert here.pictures.step().line is Line.DOWN
    assert here.send().line is Line.UP
    figures = here.store.outbox.figures()
    assert (figures.waiting, figures.pictures, figures.trouble) == (0, 1, None)
    here.bucket.is_away = False
    assert here.pictures.step().sent == 1


# -- erasing -------------------------------------------------------------------
def test_an_erased_person_leaves_a_mark_with_nothing_of_them(here: Mirror, cloud: Cloud) -> None:
    here.store.add_person(replace(a_person(), name="Zaphod", number="42"))
    see(here.store, a_frame(), a_face(), picture=KEY)
    here.send()
    here.pictures.step()
    here.store.remove_person("p-1")
    here.send()
    here.pictures.step()
    left = str([stored.fields for stored in cloud.documents.values()])
    assert "Zaphod" not in left
    assert "p-1" not in left
    assert cloud.documents[Kind.PEOPLE, "p-1"].is_tombstone
    assert cloud.of(Kind.ATTENDANCE) == []
    assert here.bucket.there == set()
    assert here.store.outbox.figures().waiting == 0


def test_who_was_erased_elsewhere_is_not_brought_back_by_an_older_change(here: Mirror, there: Mirror) -> None:
    here.store.add_person(a_person())
    here.send()
    there.pull()
    there.store.update_person(a_person(name="Changed"))
    here.store.remove_person("p-1")
    here.send()
    there.send()
    assert there.store.people() == []
    assert there.erased == ["p-1"]
    assert there.remote.cloud.documents[Kind.PEOPLE, "p-1"].is_tombstone
    assert there.waiting() == []


def test_a_person_who_was_added_anew_is_another(here: Mirror, there: Mirror) -> None:
    here.store.add_person(a_person())
    here.send()
    there.pull()
    here.store.remove_person("p-1")
    here.store.add_person(a_person(name="Anew"))
    here.send()
    there.pull()
    here.pull()
    assert [person.name for person in there.store.people()] == ["Anew"]
    assert [person.name for person in here.store.people()] == ["Anew"]


def test_names_of_documents_are_what_firestore_allows() -> None:
    for key in ("a/b", ".", "..", "__x__", "x" * 128, "ä ö/#?%", "_"):
        for kind in (Kind.CONFIG_TEMPLATES, Kind.ATTENDANCE):
            name = name_of(kind, key)
            assert "/" not in name
            assert name not in (".", "..")
            assert not (name.startswith("__") and name.endswith("__"))
            assert len(name.encode()) <= 1500


def test_a_person_whose_adding_was_tried_and_who_was_erased_elsewhere_stays_erased(here: Mirror, there: Mirror) -> None:
    here.store.add_person(a_person())
    here.remote.faults = [None, "lost"]  # nobody is there; the answer to the writing is lost
    here.drain.step()
    there.pull()
    there.store.remove_person("p-1")
    there.send()
    here.store.update_person(a_person(name="Changed"))
    here.send()
    assert here.store.people() == []
