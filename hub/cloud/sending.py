"""One row of the outbox to Firestore: what of the document is sent, and what is done when one is there already.

Attendance is one a person and day, across all hubs: see `_claim`. Who was erased stays erased: see
`_send_person`. Of everything else the document says what was written last.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Protocol

import structlog

from hub.cloud.remote import (
    TOMBSTONE_DAYS,
    AlreadyThere,
    Changed,
    NotAllowed,
    Refused,
    Remote,
    Stored,
    Unreachable,
    is_forgotten,
    name_of,
)
from hub.store import rows
from hub.store.documents import Document, DocumentRefused, Kind, checked
from hub.store.merge import earlier
from hub.store.outbox import Entry, now_ms
from hub.store.sqlite import SqliteStore

TRIES = 5  # to write over a document that others write to at the same moment
# What goes with its person, or by its age, needs no mark that it is gone: each mirror sees to that by itself.
UNMARKED = (Kind.ATTENDANCE, Kind.CORRECTIONS, Kind.CONFLICTS, Kind.EVENTS)

log = structlog.get_logger()


class Uploader(Protocol):
    """What sends pictures to their bucket. Raises Unreachable, NotAllowed, Refused."""

    def upload(self, key: str) -> None:
        """Copy a picture to the bucket; one that isn't on the disk (any more) is left alone."""

    def delete(self, key: str) -> None:
        """Delete a picture from the bucket, if it is there."""


class PictureSender:
    """Brings pictures to their bucket, or out of it."""

    def __init__(self, store: SqliteStore, uploader: Uploader) -> None:
        self._outbox = store.outbox
        self._uploader = uploader

    def send(self, entry: Entry) -> None:
        """Raises Unreachable, NotAllowed, Refused."""
        # What rows say decides, not what lies on the disk: rows go first, their pictures a moment later.
        if self._outbox.is_shown(entry.key):
            self._uploader.upload(entry.key)
        else:
            self._uploader.delete(entry.key)


class DocumentSender:
    """Brings documents to Firestore."""

    def __init__(
        self, store: SqliteStore, remote: Remote, *, erase: Callable[[str], None], keep_events_days: Callable[[], int]
    ) -> None:
        """`erase` removes a person here whom somebody removed elsewhere; how long events are kept is asked for each."""
        self._store = store
        self._outbox = store.outbox
        self._remote = remote
        self._erase = erase
        self._keep_events_days = keep_events_days

    def send(self, entry: Entry) -> None:
        """Make Firestore have the document as it is here now. Raises Unreachable, NotAllowed, Refused."""
        if is_forgotten(self._outbox.pulled_ms(), now_ms()):
            # What it has may have been removed elsewhere, people above all: that is found out first.
            raise Unreachable("This machine was away for weeks: it pulls everything before it sends anything.")
        kind, name = Kind(entry.kind), name_of(Kind(entry.kind), entry.key)
        document = self._outbox.document(entry)
        try:
            if document is None:
                self._remove(kind, name)
            elif kind is Kind.ATTENDANCE:
                self._claim(document, name, fresh=entry.fresh)
            elif kind is Kind.PEOPLE:
                self._send_person(document, name, anew=entry.anew)
            else:
                self._remote.set(kind, name, self._fields(document))
        except Refused:
            self._blame(kind, name)
            raise

    def _blame(self, kind: Kind, name: str) -> None:
        """Raise NotAllowed when Firestore refuses everything, such as a project's name that can't be one."""
        try:
            self._remote.get(kind, name)
        except Refused as error:
            raise NotAllowed(str(error)) from None

    def _remove(self, kind: Kind, name: str) -> None:
        """Leave a mark that something was removed, without anything of it; Firestore sweeps it away after a while."""
        if kind in UNMARKED:
            self._remote.delete(kind, name)
            return
        stored = self._remote.get(kind, name)
        if stored is None or not stored.is_tombstone:
            expire_at = datetime.now(UTC) + timedelta(days=TOMBSTONE_DAYS)
            self._remote.set(kind, name, {"deleted": True, "expire_at": expire_at})

    def _send_person(self, person: Document, name: str, *, anew: bool) -> None:
        """Write a person, unless somebody erased them: then they are erased here too.

        `anew`: they were added here after that.
        """
        for _ in range(TRIES):
            stored = self._remote.get(person.kind, name)
            try:
                if stored is None:
                    self._remote.create(person.kind, name, self._fields(person))
                elif stored.is_tombstone and not anew:
                    self._erase(person.key)
                else:
                    self._remote.replace(person.kind, stored, self._fields(person))
            except (AlreadyThere, Changed):
                continue
            return
        raise Unreachable("Others write to the same person all the time.")

    # -- attendance: one a person and day, across all hubs ------------------------
    def _claim(self, ours: Document, name: str, *, fresh: bool) -> None:
        """Create the attendance, or make one of it and the one that is there.

        `create` is the lock: of all hubs one succeeds. A document of the same event, or of this hub, is
        ours, whatever became of the answer to an earlier try. Where another hub's meets a first sighting that
        was made here (`fresh`) it is a conflict: the earlier one stays in the document, the other is kept as
        a conflict, here first.
        """
        for _ in range(TRIES):
            try:
                self._remote.create(ours.kind, name, self._fields(ours))
            except AlreadyThere:
                if self._joined(ours, self._remote.get(ours.kind, name), fresh=fresh):
                    return
            else:
                return
        raise Unreachable("Others write to the same attendance all the time.")

    def _joined(self, ours: Document, stored: Stored | None, *, fresh: bool) -> bool:
        """Whether the document that is there is settled; not when it is gone, or was written to meanwhile."""
        if stored is None:
            return False
        try:
            self._join(ours, stored, fresh=fresh)
        except Changed:
            return False
        return True

    def _join(self, ours: Document, stored: Stored, *, fresh: bool) -> None:
        """Make one document of ours and the one that is there. Raises Changed when that is written to meanwhile."""
        try:
            theirs = checked(ours.kind, ours.key, stored.fields)
        except DocumentRefused:  # edited by hand into nonsense
            self._remote.replace(ours.kind, stored, self._fields(ours))
            return
        both = rows.attendance(theirs.fields), rows.attendance(ours.fields)
        merged = Document(ours.kind, ours.key, rows.attendance_values(earlier(*both)))
        origin, here = stored.fields.get("origin"), self._outbox.origin()
        is_ours = merged.fields["event_id"] == ours.fields["event_id"]
        if fresh and origin != here and ours.fields["event_id"] != theirs.fields["event_id"]:
            self._keep_conflict(theirs if is_ours else ours)
            origin = here if is_ours else origin
        if merged.fields != theirs.fields:
            self._remote.replace(ours.kind, stored, {**merged.fields, "origin": origin})
        if merged != ours:
            self._write(merged)

    def _keep_conflict(self, later: Document) -> None:
        try:
            self._store.mirror.keep_conflict(later)
        except DocumentRefused:  # the person was removed just now
            raise Changed from None

    def _write(self, merged: Document) -> None:
        try:
            self._store.mirror.write(merged)
        except DocumentRefused:  # the person was removed just now; the document will be too
            log.info("attendance of somebody who is gone")

    def _fields(self, document: Document) -> dict[str, object]:
        """A document as Firestore keeps it."""
        if document.kind is not Kind.EVENTS:
            return dict(document.fields)
        received_ms = document.fields["received_ms"]
        assert isinstance(received_ms, int)
        expire_at = datetime.fromtimestamp(received_ms / 1000, UTC) + timedelta(days=self._keep_events_days())
        return {**document.fields, "expire_at": expire_at}
