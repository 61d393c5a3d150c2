"""What people say about unknown faces in memory."""

import threading
from collections.abc import Callable, Collection
from dataclasses import replace

from hub.errors import NotFound
from hub.model import Denied, Event, FacePlace, FrameKey, Negative, Person


class MemoryReview:
    _lock: threading.RLock
    _events: dict[FrameKey, Event]
    _ignored: set[FacePlace]
    _negatives: dict[FacePlace, Negative]
    _revision: int

    def person(self, person_id: str) -> Person:
        raise NotImplementedError  # the store's own

    def name_faces(self, faces: Collection[FacePlace], person_id: str | None) -> None:
        with self._lock:
            if person_id is not None:
                self.person(person_id)
            for event in list(self._events.values()):
                named = tuple(
                    replace(face, person_id=person_id) if FacePlace(event.event_id, place) in faces else face
                    for place, face in enumerate(event.faces)
                )
                if named != event.faces:
                    self._events[event.key] = replace(event, faces=named)

    def ignore_faces(self, faces: Collection[FacePlace], *, ignored: bool = True) -> None:
        with self._lock:
            if ignored:
                self._ignored |= set(faces) & self._places()
            else:
                self._ignored -= set(faces)

    def ignored_faces(self) -> set[FacePlace]:
        with self._lock:
            return self._ignored & self._places()

    def deny(self, negative: Negative) -> None:
        face = FacePlace(negative.event_id, negative.place)
        with self._lock:
            self.person(negative.person_id)
            if face not in self._places():
                raise NotFound("There is no such face.")
            self._negatives[face] = negative
            self._swap(face, negative.person_id, None)
            self._revision += 1

    def undo_denial(self, face: FacePlace) -> str:
        with self._lock:
            negative = self._negatives.pop(face, None)
            if negative is None:
                raise NotFound("This face was not corrected.")
            self._swap(face, None, negative.person_id)
            self._revision += 1
            return negative.person_id

    def negatives(self, engine: str) -> list[Negative]:
        with self._lock:
            found = [negative for negative in self._negatives.values() if negative.engine == engine]
        return sorted(found, key=lambda negative: (negative.event_id, negative.place))

    def denials(self, *, person_id: str | None = None, event_id: str | None = None) -> list[Denied]:
        with self._lock:
            found = [
                Denied(each.event_id, each.place, each.person_id, each.by, each.at_ms)
                for each in self._negatives.values()
                if person_id in (None, each.person_id) and event_id in (None, each.event_id)
            ]
        return sorted(found, key=lambda denied: (-denied.at_ms, denied.event_id, denied.place))

    def open_faces(self, *, limit: int = 50) -> list[tuple[Event, int]]:
        with self._lock:
            newest = sorted(self._events.values(), key=lambda event: event.event_id, reverse=True)
            found = [
                (event, place)
                for event in newest
                for place, face in enumerate(event.faces)
                if event.picture and face.is_open and FacePlace(event.event_id, place) not in self._ignored
            ]
        return found[: max(0, limit)]

    def _swap(self, face: FacePlace, old: str | None, new: str | None) -> None:
        """Give a face another person, if it has the one that is expected."""
        for event in list(self._events.values()):
            if event.event_id == face.event_id and event.faces[face.place].person_id == old:
                self.name_faces([face], new)

    def _drop_negatives(self, wanted: Callable[[FacePlace, Negative], bool]) -> int:
        gone = [face for face, negative in self._negatives.items() if wanted(face, negative)]
        for face in gone:
            del self._negatives[face]
        self._revision += len(gone)
        return len(gone)

    def _places(self) -> set[FacePlace]:
        return {
            FacePlace(event.event_id, place) for event in self._events.values() for place in range(len(event.faces))
        }
