"""What is kept: people, attendance, events, devices, and (in `pictures`) the pictures.

`Store` is the interface; `sqlite` the embedded default, `memory` the fake that tests and simulations
use. Both pass one contract suite. All methods are synchronous, safe to call from several threads,
and durable when they return.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Protocol

from hub.model import (
    Attendance,
    Correction,
    Denied,
    Device,
    DeviceState,
    Event,
    FacePlace,
    FrameKey,
    Marked,
    Negative,
    Outcome,
    Person,
    Photo,
    Reading,
    Status,
    Template,
)
from hub.shadow import ConfigAnswer, ConfigTemplate, WantedConfig

RESEAL_LIMIT = 200  # vectors that one call seals anew
SLOT_MS = 300_000  # arrivals are counted in steps of five minutes
PURGE_LIMIT = 2000  # rows that one call deletes, so that the hub's own writes don't wait for long


@dataclass(frozen=True, slots=True)
class Recorded:
    """What `Store.record` wrote: the event with its final outcomes, and the attendance of its people.

    `repeated` says that the frame was recorded before: `event` is the one from then, nothing was written.
    """

    event: Event
    marked: dict[str, Marked]
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class Removed:
    """What is left to delete after rows are gone: the keys of their pictures."""

    rows: int
    pictures: tuple[str, ...]


class Store(Protocol):
    """One site's people, attendance, events and devices."""

    def close(self) -> None: ...

    def tidy(self) -> None:
        """Finish what an interrupted removal left undone; cheap when there is nothing. Raises Busy, Unavailable."""

    def problems(self) -> list[str]:
        """What a full check of the files finds wrong, a sentence each; empty when all is well. Slow."""

    # -- sealing ------------------------------------------------------------
    def reseal(self, *, limit: int = RESEAL_LIMIT) -> int:
        """Seal vectors anew that aren't under the current key; how many, at most `limit`. 0: all are.

        Raises KeyMissing, StoreCorrupt for a vector that can't be opened.
        """

    def sealed_under(self) -> dict[str, int]:
        """How many vectors are sealed under which key, by its id; those that aren't under the empty one."""

    def send_pictures(self, keys: Sequence[str]) -> None:
        """Have pictures brought to the cloud once more, where there is one: their bytes have changed."""

    def forget_sealed_under(self, key_id: str) -> Removed:
        """Delete photos and denials whose vectors are under a key that is lost; people and attendance stay."""

    # -- people -------------------------------------------------------------
    def add_person(self, person: Person) -> None:
        """Raises Conflict when the id or a non-empty number is taken."""

    def update_person(self, person: Person) -> None:
        """Replace a person's data. Raises NotFound, or Conflict for a number that is taken."""

    def person(self, person_id: str) -> Person:
        """Raises NotFound."""

    def people(self, *, group: str | None = None) -> list[Person]:
        """Everybody, by name."""

    def groups(self) -> dict[str, int]:
        """How many people each group has, by name; those without a group under the empty name."""

    def regroup(self, old: str, new: str) -> int:
        """Rename a group, at the cameras too, or join it with another; how many people were moved."""

    def remove_person(self, person_id: str) -> Removed:
        """Erase a person everywhere: templates, photos, attendance, corrections, faces in events.

        Leaves no trace of them in the files, the write-ahead log included. Events that show the person
        stay, for the others and for the counts: the face keeps its box, becomes `unknown` and loses
        person, distance and margin; the event's outcome follows, and its picture goes. Use
        `hub.erase.erase_person`, which deletes the pictures too. Raises NotFound.
        """

    def pictures_of(self, person_id: str) -> tuple[str, ...]:
        """The keys of every picture that shows a person: enrolment photos and frames. Empty for nobody."""

    def add_photo(self, photo: Photo, templates: Sequence[Template]) -> None:
        """Keep an accepted enrolment photo with the templates made of it, at once. Raises NotFound, Conflict."""

    def photos(self, person_id: str) -> list[Photo]:
        """A person's enrolment photos, oldest first."""

    def remove_photo(self, photo_id: str) -> Removed:
        """Raises NotFound."""

    def templates(self, engine: str) -> list[Template]:
        """Every template that `engine` made."""

    def templated(self) -> dict[str, int]:
        """How many photos each engine has made templates of."""

    def photos_without(self, engine: str) -> list[Photo]:
        """The enrolment photos that `engine` has made no templates of, oldest first."""

    def add_templates(self, templates: Sequence[Template]) -> None:
        """Keep templates of photos that are here already, all at once.

        They take the place of those that the same engine made of the same photo. Those of a photo that is
        gone are left out.
        """

    def forget_templates(self, engine: str) -> int:
        """Delete what other engines made of photos that `engine` has templates of; how many it were."""

    def people_revision(self) -> int:
        """A number that changes whenever who is recognized where may change; cheap to ask.

        That is people, templates, denials and the groups that cameras serve, through whatever process.
        """

    # -- attendance ---------------------------------------------------------
    def record(self, event: Event, marks: Sequence[Attendance]) -> Recorded:
        """Write a frame's event and its people's attendance, in one durable transaction.

        Each attendance is inserted unless (person, day) exists; an existing one only has its first and
        last seen widened (an earlier first sighting takes status, device and event along). The event is
        stored as `event.settled(...)` says. A frame key that was recorded before writes nothing. A mark
        of a person who was removed in the meantime is dropped: its face is stored as unknown.
        """

    def event_of(self, key: FrameKey) -> Event | None:
        """The event that was recorded for a frame, if any."""

    def event(self, event_id: str) -> Event:
        """Raises NotFound."""

    def events(
        self,
        *,
        before_id: str | None = None,
        device: str | None = None,
        person_id: str | None = None,
        outcome: Outcome | None = None,
        from_ms: int | None = None,
        until_ms: int | None = None,
        limit: int = 50,
    ) -> list[Event]:
        """Events, newest first, that fit everything given; `before_id` is the cursor for the next page.

        `from_ms` (included) and `until_ms` (not) bound the time of receipt: `attendance.day_begins_ms`
        gives them for a day.
        """

    def newest_events(self) -> dict[str, Event]:
        """The newest event of each camera."""

    def name_faces(self, faces: Collection[FacePlace], person_id: str | None) -> None:
        """Say whom faces show, by hand (None: nobody is known). Their outcomes stay what they were.

        From then on the pictures belong to the person, and go when the person is erased. Faces of events
        that are gone are passed over. Raises NotFound for the person.
        """

    def ignore_faces(self, faces: Collection[FacePlace], *, ignored: bool = True) -> None:
        """Take faces out of the queue of the unknown, or put them back. Those that are gone are passed over."""

    def ignored_faces(self) -> set[FacePlace]:
        """The faces that were taken out of the queue, as long as their events are kept."""

    def deny(self, negative: Negative) -> None:
        """Keep that a face is not the person, and take the person's name from it if it has that.

        A later denial of a face replaces the one before. It is kept as long as the event, the person, and
        whoever the face is said to be. Raises NotFound for the person, and for the face.
        """

    def undo_denial(self, face: FacePlace) -> str:
        """Forget a denial and give a nameless face its name back; whose it is. Raises NotFound."""

    def negatives(self, engine: str) -> list[Negative]:
        """Every denial whose encoding `engine` made."""

    def denials(self, *, person_id: str | None = None, event_id: str | None = None) -> list[Denied]:
        """Every denial of a person, or of an event's faces, whatever engine made it; the newest first."""

    def open_faces(self, *, limit: int = 50) -> list[tuple[Event, int]]:
        """Faces that somebody might name, each as its event and its place there; the newest events first.

        Those are unknown faces, uncertain ones, and ones whose name was denied, also in frames that showed
        somebody who was recognized; with a picture still, not named by hand, and not ignored.
        """

    def attendance(
        self, first_day: str, last_day: str, *, person_id: str | None = None, group: str | None = None
    ) -> list[Attendance]:
        """Attendance of the days first…last, both included, by day and first seen."""

    def day_counts(self, first_day: str, last_day: str, *, group: str | None = None) -> dict[str, dict[Status, int]]:
        """How many people have which status, for each day that has any attendance, in order of days.

        What nobody has is left out; who has no attendance is not counted.
        """

    def arrival_counts(
        self, first_day: str, last_day: str, *, group: str | None = None
    ) -> dict[tuple[int, Status], int]:
        """How many people whom a camera saw came in which five minutes (Unix time / SLOT_MS), by status in force."""

    def correct(self, correction: Correction) -> Attendance:
        """Append a correction and return the day as it stands now. Raises NotFound for the person."""

    def corrections(self, person_id: str, day: str) -> list[Correction]:
        """Every correction of a person's day, oldest first."""

    # -- devices ------------------------------------------------------------
    def add_device(self, device: Device) -> None:
        """Raises Conflict."""

    def devices(self) -> list[Device]:
        """Every camera that was given an identity, by name."""

    def set_groups(self, device: str, groups: Collection[str]) -> None:
        """Say which groups a camera serves; none: everybody alike. Raises NotFound."""

    def remove_device(self, device: str) -> None:
        """Forget a camera and its state; its attendance stays. Raises NotFound."""

    def want_config(self, wanted: WantedConfig) -> None:
        """Keep what a camera shall be set to. Raises Conflict when the camera has this version already."""

    def withdraw_config(self, device: str, version: int) -> None:
        """Forget a version that never went out."""

    def wanted_configs(self, device: str, *, limit: int = 20) -> list[WantedConfig]:
        """What a camera was to be set to, newest first, with its answers; removing the camera forgets it."""

    def keep_answers(self, answers: Collection[ConfigAnswer]) -> None:
        """Keep what cameras said to wanted versions. To a version that nobody wanted there is no answer."""

    def put_config_template(self, template: ConfigTemplate) -> None:
        """Keep a template, replacing one of its name. A camera follows one template: the last that named it."""

    def config_templates(self) -> list[ConfigTemplate]:
        """All templates, by name; cameras that were removed follow none."""

    def remove_config_template(self, name: str) -> None:
        """Raises NotFound. What its cameras are set to stays."""

    def put_device_state(self, state: DeviceState) -> None:
        """Keep what is known of a camera now, replacing what was."""

    def device_states(self) -> list[DeviceState]:
        """The last known state of every camera that reported, by name."""

    def keep_readings(self, readings: Collection[Reading]) -> None:
        """Keep what cameras reported. Of a camera's minute the first is kept. It stays here, mirrored or not."""

    def readings(self, device: str, from_minute: int, *, step: int = 1) -> list[Reading]:
        """What a camera reported from a minute on, oldest first; removing the camera forgets it.

        Of each `step` minutes (counted from 0) there is one reading, the last, with the means of what isn't counted.
        """

    # -- retention ----------------------------------------------------------
    def pictures_in_use(self, prefix: str) -> set[str]:
        """The keys below `prefix` (empty, or ending in a slash) that an event or a photo names."""

    def purge_events(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        """Delete events received before `before_ms`, the oldest first, at most `limit`; attendance stays."""

    def purge_pictures(self, before_ms: int, *, limit: int = PURGE_LIMIT) -> Removed:
        """Take the pictures away from events received before `before_ms`, the oldest first, at most `limit`.

        The keys are the caller's to delete.
        """

    def purge_readings(self, before_minute: int, *, limit: int = PURGE_LIMIT) -> int:
        """Delete what cameras reported before a minute, the oldest first, at most `limit`; how many they were."""
