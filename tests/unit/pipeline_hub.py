"""A pipeline with the store in memory and a face engine that reads what a test wrote."""

import asyncio
import json
from binascii import crc32
from collections.abc import Callable
from datetime import time
from zoneinfo import ZoneInfo

import numpy as np

from hub import wire
from hub.attendance import Rules
from hub.errors import InvalidImage, WorkerFailed
from hub.faces import PhotoAnalysis
from hub.frames import Assembler
from hub.identity import Limits
from hub.metrics import Metrics
from hub.model import Analysis, Box, Consent, Face, Person, Photo, Quality, Skip, Template
from hub.pipeline import Pipeline, Site
from hub.recognizer import Recognizer
from hub.roster import Roster
from hub.store.memory import MemoryStore
from hub.store.pictures import MemoryPictures
from hub.tracks import Tracks
from hub.turns import Turns

FINE = Quality(120, 100.0, 120.0, 0.1, 0.9)
PEOPLE = {"ada": 0, "bob": 1}
REACH = 1.0


def vector(axis: int) -> np.ndarray:
    made = np.zeros(128, np.float32)
    made[axis] = 1
    return made


def jpeg(text: str) -> bytes:
    """A "picture" that says who is to be seen in it, for the engine below."""
    return b"\xff\xd8" + text.encode() + b"\xff\xd9"


async def look(picture: bytes) -> Analysis:
    text = picture[2:-2].decode()
    if text.startswith("garbage"):
        raise InvalidImage("decode", "not a picture")
    if text.startswith("killer"):
        raise WorkerFailed
    if text.startswith("surprise"):
        raise KeyError(text)
    axes = [PEOPLE.get(name, 9) for name in text.split("+")[0].split(",") if name]
    faces = tuple(Face(Box(0, 100, 100, 0), FINE, None, vector(axis)) for axis in axes)
    return Analysis(640, 480, faces, {"detect": 1.0})


class Hub:
    """A pipeline and everything that it said."""

    def __init__(self, checkpoint: Callable[[str], None] = lambda step: None) -> None:
        self.store, self.pictures, self.metrics = MemoryStore(), MemoryPictures(), Metrics()
        for person_id, axis in PEOPLE.items():
            self.enrol(person_id, axis)
        self.sent: list[tuple[str, dict[str, object]]] = []
        self.turns = Turns()
        self.skips: list[Skip] = []
        self.roster = Roster(self.store, self.recognizer(), Limits())
        self.pipeline = Pipeline(
            Site("main", Rules(ZoneInfo("UTC"), time(4, 0), time(9, 0))),
            assembler=Assembler(),
            turns=self.turns,
            roster=self.roster,
            store=self.store,
            pictures=self.pictures,
            publish=self.publish,
            metrics=self.metrics,
            checkpoint=checkpoint,
        )

    def enrol(self, person_id: str, axis: int) -> None:
        self.store.add_person(Person(person_id, person_id.title(), "", "", Consent("yes", "test", 1, "1"), 1))
        photo = Photo(f"photo-{person_id}", person_id, f"people/{person_id}/1.jpg", FINE, 1)
        self.store.add_photo(photo, [Template(person_id, photo.photo_id, "engine", vector(axis))])

    def recognizer(self) -> Recognizer:
        async def looking(picture: bytes, skip: Skip) -> Analysis:
            return await self.look(picture, skip)

        return Recognizer("engine", Tracks(REACH), looking, self.look_at_photo)

    async def look_at_photo(self, photo: bytes) -> PhotoAnalysis:
        raise AssertionError("the pipeline enrols nobody")

    async def look(self, picture: bytes, skip: Skip) -> Analysis:
        self.skips.append(skip)
        return await look(picture)

    async def publish(self, message) -> bool:
        self.sent.append((message.topic, json.loads(message.payload)))
        return True

    def send(
        self,
        text: str,
        frame_id: int,
        *,
        device: str = "door-1",
        motion: int = 1,
        flags: int = 0,
        captured_ms: int = 0,
    ) -> None:
        picture = jpeg(text)
        header = wire.Header(flags, 77, frame_id, motion, 0, 1, 8192, len(picture), crc32(picture), captured_ms)
        self.pipeline.receive(device, wire.pack_header(header) + picture)

    async def answer_all(self) -> None:
        while (frame := self.turns.take()) is not None:
            await self.pipeline.answer(frame)
        while self.pipeline._outgoing:
            await asyncio.gather(*self.pipeline._outgoing)

    def acks(self, device: str = "door-1") -> list[tuple[int, str]]:
        topic = wire.down("main", device, wire.ACK)
        return [(ack["frame_id"], ack["outcome"]) for sent_to, ack in self.sent if sent_to == topic]

    def results(self) -> list[dict[str, object]]:
        return [payload for topic, payload in self.sent if topic == wire.hub("main", wire.RESULTS)]

    def attendance(self) -> list[str]:
        return [seen.person_id for seen in self.store.attendance("2000-01-01", "2100-01-01")]
