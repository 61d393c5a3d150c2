"""A mirror whose Firestore is a fake, worked by hand: no timers."""

import threading
from pathlib import Path

from hub.cloud.drain import Drain, Step
from hub.cloud.pull import Pulled, Puller
from hub.cloud.sending import DocumentSender, PictureSender
from hub.errors import NotFound
from hub.sealing import Keyring
from hub.store.documents import Kind
from hub.store.sqlite import SqliteStore
from tests.fake_firestore import Cloud, FakeBucket, FakeFirestore


class Mirror:
    """One machine. All that share a folder's parent share the site's keys."""

    def __init__(self, folder: Path, cloud: Cloud) -> None:
        self.store = SqliteStore(folder / "presenza.db", Keyring(folder.parent / "site-key.json"))
        self.store.outbox.switch_on("a-project/main")
        self.remote = FakeFirestore(cloud, self.store.outbox.origin())
        self.bucket = FakeBucket()
        self.now_s = 0.0
        self.keep_events_days = 90
        self.erased: list[str] = []
        self.forgotten: list[str] = []
        gate = threading.Lock()
        sender = DocumentSender(
            self.store, self.remote, erase=self.erase, keep_events_days=lambda: self.keep_events_days
        )
        self.drain = Drain(self.store.outbox, sender.send, lambda: self.now_s, threads=1, gate=gate)
        pictures = PictureSender(self.store, self.bucket)
        self.pictures = Drain(self.store.outbox, pictures.send, lambda: self.now_s, pictures=True)
        forget = self.forgotten.extend
        self.puller = Puller(self.store, self.remote, erase=self.erase, forget_pictures=forget, gate=gate)

    def erase(self, person_id: str) -> None:
        try:
            self.store.remove_person(person_id)
        except NotFound:
            return
        self.erased.append(person_id)

    def send(self) -> Step:
        """Send until nothing is sent any more; the last step."""
        while True:
            step = self.drain.step(news=True)
            if not step.sent:
                return step

    def pull(self) -> Pulled:
        return self.puller.pull()

    def waiting(self) -> list[tuple[str, str]]:
        return [(entry.kind, entry.key) for entry in self.store.outbox.waiting(1000)]

    def close(self) -> None:
        self.drain.close()
        self.pictures.close()
        assert self.store.problems() == []
        self.store.close()


def everything(mirror: Mirror) -> dict[str, object]:
    """All that a mirror keeps and shares."""
    return {kind.value: list(mirror.store.documents.all(kind)) for kind in Kind}
