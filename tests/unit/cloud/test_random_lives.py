"""Random lives of two hubs that share people, over a line that loses calls and answers.

Whatever happens, once both have sent and pulled they hold the same, every attendance that either
acknowledged is the visible one or a conflict, and nothing of an erased person is left anywhere.
"""

import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from hub.errors import NotFound, PresenzaError
from hub.model import Device, FacePlace, Outcome, Status
from hub.store.documents import Document, Kind
from tests.fake_firestore import Cloud
from tests.integration.store.records import (
    MINUTE_MS,
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

# Thousands of commits, each of which waits for the disk; what a power cut leaves is tested elsewhere.
IN_MEMORY = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
hubs = st.sampled_from([0, 1])
ids = st.integers(0, 3)
faults = st.lists(st.sampled_from([None, None, None, "away", "lost"]), max_size=12)


class TwoHubs(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory(dir=IN_MEMORY)
        self.cloud = Cloud()
        self.mirrors = [Mirror(Path(self.folder.name) / name, self.cloud) for name in ("here", "there")]
        self.number = 0
        self.erased: set[str] = set()
        self.acked: dict[tuple[str, str], set[str]] = {}  # the events that first marked a person's day at a hub

    def teardown(self) -> None:
        for mirror in self.mirrors:
            mirror.remote.faults = []
        for _ in range(3):
            for mirror in self.mirrors:
                mirror.send()
                mirror.pull()
        try:
            self.check()
        finally:
            for mirror in self.mirrors:
                mirror.close()
            self.folder.cleanup()

    def check(self) -> None:
        here, there = self.mirrors
        assert everything(here) == everything(there)
        for mirror in self.mirrors:
            assert mirror.store.outbox.figures().waiting == mirror.store.outbox.figures().dead == 0
        left = str([stored.fields for stored in self.cloud.documents.values()])
        assert [person_id for person_id in self.erased if f"'{person_id}'" in left] == []
        for (person_id, day), events in self.acked.items():
            if person_id not in self.erased:
                self.check_day(person_id, day, events)

    def check_day(self, person_id: str, day: str, events: set[str]) -> None:
        documents = self.mirrors[0].store.documents
        visible = documents.get(Kind.ATTENDANCE, f"{person_id}_{day}")
        assert visible is not None
        kept = {each.fields["event_id"] for each in self.conflicts(person_id, day)}
        assert events <= kept | {visible.fields["event_id"]} | self.earlier_frames(person_id, day)
        assert kept <= events | self.earlier_frames(person_id, day)

    def conflicts(self, person_id: str, day: str) -> list[Document]:
        found = self.mirrors[0].store.documents.all(Kind.CONFLICTS)
        return [each for each in found if (each.fields["person_id"], each.fields["day"]) == (person_id, day)]

    def earlier_frames(self, person_id: str, day: str) -> set[str]:
        """First sightings that their own hub itself replaced by an earlier one: no conflict of hubs."""
        return self.replaced.get((person_id, day), set())

    @property
    def replaced(self) -> dict[tuple[str, str], set[str]]:
        return self.__dict__.setdefault("_replaced", {})  # type: ignore[no-any-return]

    def person_id(self, which: int) -> str:
        known = sorted({p.person_id for mirror in self.mirrors for p in mirror.store.people()})
        return known[which % len(known)] if known else "nobody"

    def ulid(self, kind: str) -> str:
        self.number += 1
        return f"{kind}-{self.number}"

    # -- what happens -----------------------------------------------------------
    @rule(hub=hubs)
    def somebody_comes(self, hub: int) -> None:
        self.mirrors[hub].store.add_person(a_person(self.ulid("p")))

    @rule(hub=hubs, who=ids, name=st.sampled_from(["Ada", "Bob"]))
    def somebody_changes(self, hub: int, who: int, name: str) -> None:
        self.quietly(lambda: self.mirrors[hub].store.update_person(a_person(self.person_id(who), name=name)))

    @rule(hub=hubs, who=ids)
    def somebody_is_erased(self, hub: int, who: int) -> None:
        person_id = self.person_id(who)
        try:
            self.mirrors[hub].store.remove_person(person_id)
        except NotFound:
            return
        self.erased.add(person_id)

    @rule(hub=hubs, who=ids, seed=st.integers(0, 9))
    def a_photo_is_taken(self, hub: int, who: int, seed: int) -> None:
        photo_id, person_id = self.ulid("f"), self.person_id(who)
        template = a_template(photo_id, person_id, seed=seed)
        self.quietly(lambda: self.mirrors[hub].store.add_photo(a_photo(photo_id, person_id), [template]))

    @rule(hub=hubs, who=ids, minute=st.integers(-300, 900))
    def somebody_is_seen(self, hub: int, who: int, minute: int) -> None:
        self.number += 1
        person_id, store = self.person_id(who), self.mirrors[hub].store
        frame = a_frame(self.number, device=f"door-{hub}", received_ms=NINE_MS + minute * MINUTE_MS)
        before = {each.day: each for each in store.attendance("2026-11-20", "2026-11-26", person_id=person_id)}
        recorded = see(store, frame, a_face(person_id), a_face(None, Outcome.UNKNOWN))
        for mark in recorded.marked.values():
            seen = mark.attendance
            assert seen.event_id is not None
            if mark.created:
                self.acked.setdefault((person_id, seen.day), set()).add(seen.event_id)
            elif seen.day in before and before[seen.day].event_id not in (None, seen.event_id):
                self.replaced.setdefault((person_id, seen.day), set()).add(str(before[seen.day].event_id))

    @rule(hub=hubs, who=ids, status=st.sampled_from(list(Status)))
    def a_day_is_corrected(self, hub: int, who: int, status: Status) -> None:
        correction = a_correction(self.ulid("c"), status, person_id=self.person_id(who))
        self.quietly(lambda: self.mirrors[hub].store.correct(correction))

    @rule(hub=hubs, which=st.integers(0, 5), who=ids)
    def a_face_is_named(self, hub: int, which: int, who: int) -> None:
        store = self.mirrors[hub].store
        faces = [FacePlace(event.event_id, 1) for event in store.events()[which : which + 1]]
        self.quietly(lambda: store.name_faces(faces, self.person_id(who)))

    @rule(hub=hubs, door=st.sampled_from(["door-0", "door-1"]), groups=st.lists(st.sampled_from(["1A", "1B"])))
    def a_camera_is_set(self, hub: int, door: str, groups: list[str]) -> None:
        store = self.mirrors[hub].store
        self.quietly(lambda: store.add_device(Device(door, 1)))
        self.quietly(lambda: store.set_groups(door, groups))

    @rule(hub=hubs, door=st.sampled_from(["door-0", "door-1"]))
    def a_camera_goes(self, hub: int, door: str) -> None:
        self.quietly(lambda: self.mirrors[hub].store.remove_device(door))

    # -- the line -----------------------------------------------------------------
    @rule(hub=hubs, faults=faults, steps=st.integers(1, 3))
    def a_hub_sends(self, hub: int, faults: list[str | None], steps: int) -> None:
        self.mirrors[hub].remote.faults = faults
        for _ in range(steps):
            self.mirrors[hub].drain.step()
        self.mirrors[hub].remote.faults = []

    @rule(hub=hubs, faults=faults)
    def a_hub_pulls(self, hub: int, faults: list[str | None]) -> None:
        self.mirrors[hub].remote.faults = faults
        self.quietly(self.mirrors[hub].pull)
        self.mirrors[hub].remote.faults = []

    def quietly(self, work: object) -> None:
        try:
            work()  # type: ignore[operator]
        except PresenzaError:
            return


TestTwoHubs = TwoHubs.TestCase
TestTwoHubs.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
pytestmark = pytest.mark.timeout(300)
