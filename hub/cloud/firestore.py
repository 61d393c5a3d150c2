"""Firestore itself, by Google's synchronous client: `sites/{space}/{kind}/{name}`.

Every document has `origin` (the mirror that wrote it) and `updated_at` (Firestore's time), what was
removed also `deleted` and `expire_at`. The document `sites/{space}` is the bell: `rung` holds, for each
mirror, when it last sent documents of which kind.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import structlog

from hub.cloud import firebase
from hub.cloud.remote import AlreadyThere, Changed, Fields, Listener, NotAllowed, Page, Refused, Stored, Unreachable
from hub.cloud.starting import explain
from hub.settings import Settings
from hub.store.documents import Kind

if TYPE_CHECKING:
    from google.cloud.firestore import Client, DocumentReference, DocumentSnapshot

CALL_S = 5.0
PAGE = 300
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# With the library's own retries a call lasts for minutes, and a lost answer looks like somebody else's document.
ONCE: dict[str, Any] = {"retry": None, "timeout": CALL_S}

log = structlog.get_logger()


class Firestore:
    """Implements `hub.cloud.remote.Remote`. `origin` is the mirror that this is."""

    def __init__(self, settings: Settings, origin: str) -> None:
        """Talks to nobody yet. Raises SettingsError."""
        self._settings = settings
        self._origin = origin
        self._client: Client = firebase.firestore_client(settings)
        self._site = self._client.document("sites", settings.space)

    def create(self, kind: Kind, name: str, fields: Fields) -> None:
        with self._errors(AlreadyThere()):
            self._document(kind, name).create(self._sent(fields), **ONCE)

    def get(self, kind: Kind, name: str) -> Stored | None:
        with self._errors():
            snapshot = self._document(kind, name).get(**ONCE)
        return _stored(snapshot) if snapshot.exists else None

    def set(self, kind: Kind, name: str, fields: Fields) -> None:
        with self._errors():
            self._document(kind, name).set(self._sent(fields), **ONCE)

    def replace(self, kind: Kind, stored: Stored, fields: Fields) -> None:
        from google.cloud.firestore import DELETE_FIELD

        gone = {name: DELETE_FIELD for name in stored.fields if name not in fields and name.isidentifier()}
        option = self._client.write_option(last_update_time=stored.version)
        with self._errors(Changed()):
            self._document(kind, stored.name).update({**gone, **self._sent(fields)}, option=option, **ONCE)

    def delete(self, kind: Kind, name: str) -> None:
        with self._errors():
            self._document(kind, name).delete(**ONCE)

    def changed_since(self, kind: Kind, after_us: int, last: object | None = None) -> Page:
        from google.cloud.firestore import FieldFilter

        after = EPOCH + timedelta(microseconds=after_us)
        query = self._site.collection(kind.value).where(filter=FieldFilter("updated_at", ">", after))
        query = query.order_by("updated_at").limit(PAGE)
        with self._errors():
            found = list((query.start_after(last) if last is not None else query).stream(**ONCE))
        read_us = _us(found[-1].read_time) if found else 0
        return Page([_stored(each) for each in found], read_us, found[-1] if len(found) == PAGE else None)

    def ring(self, kinds: Collection[str]) -> None:
        from google.cloud.firestore import SERVER_TIMESTAMP

        with self._errors():
            self._site.set({"rung": {self._origin: dict.fromkeys(kinds, SERVER_TIMESTAMP)}}, merge=True, **ONCE)

    def listen(self, heard: Callable[[Collection[Kind]], None]) -> Listener:
        return _Bell(self._site, self._origin, heard)

    def close(self) -> None:
        self._client.close()
        # The library's own close leaves the connection open, and with it the calls that are under way.
        self._client._firestore_api.transport.close()

    def _document(self, kind: Kind, name: str) -> "DocumentReference":
        return self._site.collection(kind.value).document(name)

    def _sent(self, fields: Fields) -> dict[str, Any]:
        from google.cloud.firestore import SERVER_TIMESTAMP

        return {"origin": self._origin, **fields, "updated_at": SERVER_TIMESTAMP}

    @contextmanager
    def _errors(self, expected: Exception | None = None) -> Iterator[None]:
        """Google's errors as ours. `expected` is raised where what is there isn't what the call needs."""
        from google.api_core import exceptions as api
        from google.auth.exceptions import GoogleAuthError

        try:
            yield
        except (api.Conflict, api.FailedPrecondition, api.NotFound) as error:
            if expected is not None and not isinstance(error, api.Aborted) and _is_about(error, expected):
                raise expected from None
            raise self._told(error) from None
        except api.InvalidArgument as error:
            raise Refused(f"Firestore can't take this document as it is ({type(error).__name__}).") from None
        except (api.GoogleAPIError, GoogleAuthError) as error:
            raise self._told(error) from None
        except (TypeError, ValueError) as error:  # of the library, before it asks anybody
            if "closed channel" in str(error):
                raise Unreachable("The connection is being closed.") from None
            raise Refused(f"Firestore's library can't take this document ({type(error).__name__}).") from None

    def _told(self, error: Exception) -> Exception:
        """What an error means for all documents."""
        trouble = explain(error, self._settings)
        kind = Unreachable if trouble.away else NotAllowed
        return kind(f"{trouble.message} {trouble.todo}")


def _is_about(error: Exception, expected: Exception) -> bool:
    """Whether the document is meant, and not the database: a missing one is `not found` too."""
    from google.api_core import exceptions as api

    if isinstance(expected, AlreadyThere):
        return isinstance(error, api.AlreadyExists)
    return isinstance(error, api.FailedPrecondition) or "No document to update" in str(error)


class _Bell:
    """Listens to the bell document, in a thread of Google's library."""

    def __init__(self, site: "DocumentReference", origin: str, heard: Callable[[Collection[Kind]], None]) -> None:
        self._origin = origin
        self._heard = heard
        self._known: dict[tuple[str, Kind], object] = {}
        self._watch = site.on_snapshot(self._on_snapshot)

    def is_active(self) -> bool:
        return bool(self._watch.is_active)

    def stop(self) -> None:
        self._watch.unsubscribe()

    def _on_snapshot(self, snapshots: "list[DocumentSnapshot]", *_: object) -> None:
        # What is raised here ends the listening without a word, and the document may hold anything.
        try:
            rung = _rung(snapshots[0].to_dict() or {}, self._origin) if snapshots else {}
            kinds = {kind for (mirror, kind), at in rung.items() if self._known.get((mirror, kind)) != at}
            self._known = rung
            if kinds:
                self._heard(kinds)
        except Exception:
            log.exception("what the listener heard")


def _rung(bell: Fields, origin: str) -> dict[tuple[str, Kind], object]:
    """When each of the other mirrors rang last for each kind."""
    mirrors = bell.get("rung")
    return {
        (name, Kind(kind)): at
        for name, kinds in (mirrors.items() if isinstance(mirrors, Mapping) else ())
        if name != origin and isinstance(kinds, Mapping)
        for kind, at in kinds.items()
        if kind in set(Kind)
    }


def _stored(snapshot: "DocumentSnapshot") -> Stored:
    fields = snapshot.to_dict() or {}
    changed = fields.get("updated_at")
    return Stored(snapshot.id, fields, snapshot.update_time, _us(changed) if isinstance(changed, datetime) else 0)


def _us(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)
