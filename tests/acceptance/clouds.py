"""Hubs on Firestore, each with a bad line to it, and a school whose pupils all have one of three faces.

We have photos of three people. So that many can be seen, three pupils at a time are enrolled with these
faces: `School.next_three` takes the photos from those before and gives them to the next. A camera that
was away for days sends what it kept, with its own times: so each three are seen on seven days.
"""

import io
import os
import queue
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from PIL import Image, ImageOps
from ulid import ULID

from hub import attendance, wire
from hub import settings as hub_settings
from hub.attendance import DAY_MS
from hub.model import Consent, Event, FrameKey, Person, Photo, Template
from hub.settings import Settings
from hub.store.opening import open_store
from hub.store.sqlite import SqliteStore
from tests.acceptance.stack import PATIENCE_S, Stack, portrait, run, until
from tests.integration.brokers import Site, make_site
from tests.proxy import Line

FACES = {"obama": 3, "biden": -1, "astronaut": -1}  # and which of their photos
DAYS = 7  # as long as a camera's own time is believed
RESEND_S = 2.0
Key = tuple[str, str]  # person, day


def with_all_three() -> bytes:
    """A frame that shows the three faces side by side."""
    frame = Image.new("RGB", (800, 480), (110, 115, 120))
    for place, (face, number) in enumerate(FACES.items()):
        picture = Image.open(portrait(face, number)).convert("RGB")
        if face == "astronaut":  # who is small in hers
            picture = picture.crop((picture.width // 5, 0, picture.width * 13 // 20, picture.height * 3 // 5))
        frame.paste(ImageOps.contain(picture, (266, 480)), (place * 267, 0))
    buffer = io.BytesIO()
    frame.save(buffer, "JPEG", quality=88)
    return buffer.getvalue()


@dataclass
class Sightings:
    """What a hub acknowledged: for each person and day the first moment and all its events."""

    first_ms: dict[Key, int] = field(default_factory=dict)
    events: dict[Key, set[str]] = field(default_factory=dict)
    latency_ms: list[float] = field(default_factory=list)

    def add(self, event: Event, at_ms: int, day: str) -> None:
        """Each of the event's people was acknowledged for that day."""
        for person in (face.person_id for face in event.faces if face.person_id is not None):
            key = (person, day)
            self.first_ms[key] = min(at_ms, self.first_ms.get(key, at_ms))
            self.events.setdefault(key, set()).add(event.event_id)


@dataclass(frozen=True)
class Lines:
    """The lines to Firestore and to the bucket of the pictures; what happens to one happens to the other."""

    firestore: Line
    pictures: Line

    def environ(self) -> dict[str, str]:
        return {
            "FIRESTORE_EMULATOR_HOST": self.firestore.host,
            "STORAGE_EMULATOR_HOST": f"http://{self.pictures.host}",
        }

    def cut(self) -> None:
        self._both(Line.cut)

    def swallow(self) -> None:
        self._both(Line.swallow)

    def mend(self) -> None:
        self._both(Line.mend)

    def lose_replies(self, probability: float) -> None:
        self._both(lambda line: line.lose_replies(probability))

    @property
    def lost(self) -> int:
        return self.firestore.lost + self.pictures.lost

    def _both(self, change: Callable[[Line], None]) -> None:
        for line in (self.firestore, self.pictures):
            change(line)


@contextmanager
def lines(firestore_port: int, storage_port: int, seed: int = 0) -> Iterator[Lines]:
    with Line(firestore_port, seed) as documents, Line(storage_port, seed + 1, http2=False) as pictures:
        yield Lines(documents, pictures)


class CloudHub(Stack):
    """A hub whose store is on Firestore, a camera before it, and its own line to the cloud."""

    def __init__(self, site: Site, line: Lines, camera: str, **environ: str) -> None:
        super().__init__(site, camera)
        self.line = line
        self.environ |= cloud_environ(site.settings) | line.environ() | environ
        self.store: SqliteStore = open_store(site.settings)
        self.seen = Sightings()
        self.kills = 0
        self._picture = with_all_three()

    def show(self, at_ms: int, *, meanwhile: Callable[[], None] = lambda: None) -> Event:
        """Send the three faces as a camera does that saw them at `at_ms`: until the ack comes. The hub's event.

        `meanwhile` is called when the frame is on its way.
        """
        door, flags = self.door, wire.RESENT | wire.CLOCK_SET
        started = time.perf_counter()
        sent = door.put(self._picture, flags, at_ms)
        meanwhile()
        while True:
            try:
                ack = door.acks.get(timeout=RESEND_S)
            except queue.Empty:
                assert self.hub is not None
                assert self.hub.poll() is None, f"the hub died: {self.log[-2000:]}"
                door.publish(sent.jpeg, sent.frame_id, flags, at_ms)
                continue
            if ack["frame_id"] == sent.frame_id and ack["outcome"] not in ("busy", "error"):
                break
        self.seen.latency_ms.append((time.perf_counter() - started) * 1000)
        event = self.store.event_of(FrameKey(door.name, door.boot_id, sent.frame_id))
        assert event is not None, f"acknowledged ({ack['outcome']}), but not in the store"
        return event

    def show_pupils(self, at_ms: int, pupils: set[str], **more: Any) -> None:
        """The same, and note what was acknowledged; the hub must know all three."""
        event = self._note(self.show(at_ms, **more), at_ms)
        assert {face.person_id for face in event.faces} == pupils, event.faces

    def wait_for_pupils(self, at_ms: int, pupils: set[str]) -> None:
        """Show the faces until the hub knows whose they are now. All that it acknowledges meanwhile counts, too."""
        deadline = time.monotonic() + PATIENCE_S
        while True:
            event = self._note(self.show(at_ms), at_ms)
            if {face.person_id for face in event.faces} == pupils:
                return
            assert time.monotonic() < deadline, f"the hub never knew the pupils: {event.faces}"

    def _note(self, event: Event, at_ms: int) -> Event:
        self.seen.add(event, at_ms, attendance.site_day(at_ms, attendance.rules_of(self.site.settings)))
        return event

    def kill_soon(self, chance: random.Random) -> Callable[[], None]:
        """What kills the hub at a random moment of a frame's way, and starts it again."""

        def kill() -> None:
            assert self.hub is not None
            time.sleep(chance.uniform(0, 0.15))
            self.hub.kill()
            self.hub.wait()
            self.kills += 1
            self.start_hub()

        return kill

    def wait_until_sent(self) -> None:
        """Until nothing waits for the cloud any more; that it gets less is enough to wait on."""
        while left := self._left():
            until(lambda left=left: self._left() < left, f"not sent: {self.store.outbox.figures()}")

    def _left(self) -> int:
        figures = self.store.outbox.figures()
        return figures.waiting + figures.pictures

    def close(self) -> None:
        super().close()
        self.store.close()


class School:
    """People of a hub's store, and three photos that go from hand to hand."""

    def __init__(self, store: SqliteStore, photos: list[tuple[Photo, list[Template]]]) -> None:
        self._store = store
        self._photos = photos
        self._enrolled: list[str] = []
        self._count = 0

    def next_three(self) -> set[str]:
        """Enrol three new people with the three faces; those before keep their attendance and lose their photos."""
        for photo_id in self._enrolled:
            self._store.remove_photo(photo_id)
        self._enrolled = []
        return {self._enrol(photo, templates) for photo, templates in self._photos}

    def _enrol(self, photo: Photo, templates: list[Template]) -> str:
        self._count += 1
        person = f"pupil-{self._count:04d}"
        consent = Consent("A test", "admin", 1, "1")
        self._store.add_person(Person(person, f"Pupil {self._count}", str(self._count), "", consent, 1))
        photo_id = str(ULID())
        mine = [Template(person, photo_id, each.engine, each.vector) for each in templates]
        self._store.add_photo(Photo(photo_id, person, f"people/{person}/{photo_id}.jpg", photo.quality, 1), mine)
        self._enrolled.append(photo_id)
        return person


def photos_of_faces(folder: Path) -> list[tuple[Photo, list[Template]]]:
    """The three faces as the real enrolment encodes them."""
    env = cleaned() | {"PRESENZA_DATA_DIR": str(folder)}
    for face, number in FACES.items():
        photo = str(portrait(face, number))
        run("people", "add", "--name", face, "--consent", "A public figure", photo, env=env)
    store = open_store(hub_settings.load({}, data_dir=folder))
    photos = [photo for person in store.people() for photo in store.photos(person.person_id)]
    engines = store.templated()
    templates = [each for engine in engines for each in store.templates(engine)]
    store.close()
    return [(photo, [each for each in templates if each.photo_id == photo.photo_id]) for photo in photos]


def cleaned() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.startswith("PRESENZA_")}


def cloud_environ(settings: Settings) -> dict[str, str]:
    """What a process needs to be told to keep its people where `settings` say."""
    names = ("store", "firebase_project", "storage_bucket", "firebase_space", "cloud_test")
    return {f"PRESENZA_{name.upper()}": str(getattr(settings, name)) for name in names}


@contextmanager
def cloud_hub(
    folder: Path, cloud: Settings, line: Lines, camera: str = "door-1", key: Path | None = None, **environ: str
) -> Iterator[CloudHub]:
    """A hub in `folder` that isn't started, on the project of `cloud`; `key`: another hub's site key.

    Hubs that share a space share the names of cameras, too: each camera has one of its own.
    """
    values = {"store": "firestore", "cloud_test": True, "firebase_space": "school", "time_zone": "UTC"}
    values |= {name: getattr(cloud, name) for name in ("firebase_project", "storage_bucket")}
    if key is not None:
        (folder / "secrets").mkdir(parents=True)
        (folder / "secrets" / key.name).write_bytes(key.read_bytes())
    with make_site(folder, **values) as site:
        hub = CloudHub(site, line, camera, **environ)
        try:
            yield hub
        finally:
            hub.close()


def days_before(at_ms: int) -> list[int]:
    """The same moment of this and the six days before, oldest first."""
    return [at_ms - back * DAY_MS for back in reversed(range(DAYS))]
