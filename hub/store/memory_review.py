"""What people say about unknown faces, and what they want cameras to be set to, in memory."""

import threading
from collections.abc import Collection
from dataclasses import replace

from hub.errors import Conflict
from hub.model import Event, FacePlace, FrameKey, Person, WantedConfig


class MemoryReview:
    _lock: threading.RLock
    _events: dict[FrameKey, Event]
    _wanted: dict[tuple[str, int], WantedConfig]
    _ignored: set[FacePlace]

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

    def want_config(self, wanted: WantedConfig) -> None:
        with self._lock:
            key = (wanted.device, wanted.version)
            if key in self._wanted:
                raise Conflict("This camera has this version of a configuration already.")
            self._wanted[key] = wanted

    def wanted_configs(self, device: str, *, limit: int = 20) -> list[WantedConfig]:
        with self._lock:
            found = [wanted for wanted in self._wanted.values() if wanted.device == device]
        return sorted(found, key=lambda wanted: -wanted.version)[:limit]

    def _places(self) -> set[FacePlace]:
        return {
            FacePlace(event.event_id, place) for event in self._events.values() for place in range(len(event.faces))
        }
