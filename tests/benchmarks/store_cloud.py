"""The part of `bench store` on Firestore's emulator: what the cloud costs a write, how fast what waits is sent, a day.

Bare means google-cloud-firestore alone: `create()` of documents with the fields of ours, and a query of a day. The
emulator stands in for Google: what it takes says nothing about Google's servers, only what we add to the library.
"""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from hub import settings
from hub.cloud import firebase
from hub.cloud.drain import WINDOW, Drain
from hub.cloud.firestore import Firestore
from hub.cloud.sending import DocumentSender
from hub.metrics import percentiles
from hub.model import Attendance, Event
from hub.settings import Settings
from hub.store import rows
from hub.store.documents import Kind
from hub.store.sqlite import SqliteStore
from tests.benchmarks.measure import interleaved
from tests.firestore_emulator import new_name, run_firestore

BATCH = 500  # as many as one commit takes
Seen = tuple[Event, list[Attendance]]
Row = dict[str, Any]


@contextmanager
def emulator(folder: Path) -> Iterator[Callable[[], Settings]]:
    """Gives what makes settings with a project that nothing is in."""
    with run_firestore(folder / "emulator.log") as running:
        before = os.environ.get(firebase.FIRESTORE_EMULATOR)
        os.environ[firebase.FIRESTORE_EMULATOR] = running.host
        try:
            yield lambda: settings.load(
                {}, data_dir=folder, store="firestore", firebase_project=new_name("bench"), cloud_test=True
            )
        finally:
            os.environ.pop(firebase.FIRESTORE_EMULATOR)
            if before is not None:
                os.environ[firebase.FIRESTORE_EMULATOR] = before


# -- writing ----------------------------------------------------------------------------------------
def writing(store: SqliteStore, plain: SqliteStore, cloud: Settings, seen: list[Seen]) -> list[Row]:
    """Recording with the outbox and without by turns, then sending all that waits; `plain` sends nothing."""
    client = firebase.firestore_client(cloud)
    bare = client.collection("bare/documents/one")
    bare.document("warm").create({}, timeout=30, retry=None)
    kinds: dict[str, Callable[[Seen], object]] = {
        "bare create()": lambda each: bare.document(each[0].event_id).create(_fields(each), timeout=30, retry=None),
        "record": lambda each: plain.record(*each),
        "record, with the outbox": lambda each: store.record(*each),
    }
    times: dict[str, list[float]] = {kind: [] for kind in kinds}
    for each in seen:
        for kind, write in kinds.items():
            start = time.perf_counter()
            write(each)
            times[kind].append((time.perf_counter() - start) * 1e3)
    measured = [_row(kind, spent, times) for kind, spent in times.items()]
    at_once = _bare_at_once(client, seen)
    sent = _sending(store, cloud)
    client.close()
    return [
        *measured,
        {"what": f"bare create(), {WINDOW} at once", "per_s": at_once},
        {"what": "sent from the outbox (documents)", "per_s": sent, "over_baseline": at_once / sent},
    ]


def _row(kind: str, spent: list[float], times: dict[str, list[float]]) -> Row:
    baseline = percentiles(times["record" if kind.startswith("record") else kind])["p50"]
    found = percentiles(spent)
    return {"what": kind, **found, "per_s": len(spent) / sum(spent) * 1e3, "over_baseline": found["p50"] / baseline}


def _bare_at_once(client: Any, seen: list[Seen]) -> float:
    """Documents a second, by as many threads as we send with, and as many documents as we send."""
    target = client.collection("bare/documents/many")
    fields = [(f"{kind}-{event.event_id}", _fields((event, marks))) for event, marks in seen for kind in "ab"]
    with ThreadPoolExecutor(WINDOW) as threads:
        start = time.perf_counter()
        list(threads.map(lambda each: target.document(each[0]).create(each[1], timeout=30, retry=None), fields))
        return len(fields) / (time.perf_counter() - start)


def _sending(store: SqliteStore, cloud: Settings) -> float:
    """Documents a second, out of the outbox."""
    remote = Firestore(cloud, store.outbox.origin())
    sender = DocumentSender(store, remote, erase=lambda person: None, keep_events_days=lambda: 90)
    drain = Drain(store.outbox, sender.send, time.monotonic)
    _send_people(store, drain)
    start, sent = time.perf_counter(), 0
    while (step := drain.step()).sent:
        sent += step.sent
    spent = time.perf_counter() - start
    drain.close()
    remote.close()
    figures = store.outbox.figures()
    assert (figures.waiting, figures.dead) == (0, 0), figures
    return sent / spent


def _send_people(store: SqliteStore, drain: Drain) -> None:
    """Those came before and aren't measured; the outbox keeps its order."""
    while any(entry.kind == Kind.PEOPLE for entry in store.outbox.waiting(1)):
        drain.step()


def _fields(seen: Seen) -> dict[str, object]:
    return dict(rows.attendance_values(seen[1][0]))


# -- reading ----------------------------------------------------------------------------------------
def reading(store: SqliteStore, cloud: Settings, day: str, rounds: int) -> list[Row]:
    """A day from the mirror, and from Firestore by a bare query of as many documents."""
    found = store.attendance(day, day)
    client = firebase.firestore_client(cloud)
    collection = client.collection(f"bare/people/{len(found)}")
    for some in _batches([dict(rows.attendance_values(each)) for each in found]):
        batch = client.batch()
        for fields in some:
            batch.create(collection.document(str(fields["person_id"])), fields)
        batch.commit(timeout=60)
    times = interleaved(
        {
            "bare query of a day": lambda: list(_query(collection, day)),
            "a day, from the mirror": lambda: store.attendance(day, day),
        },
        rounds,
    )
    assert len(list(_query(collection, day))) == len(found)
    client.close()
    baseline = times["bare query of a day"]
    return [
        {"what": what, "people": len(found), "p50": ms, "over_baseline": ms / baseline} for what, ms in times.items()
    ]


def _query(collection: Any, day: str) -> Iterable[Any]:
    from google.cloud.firestore import FieldFilter

    found: Iterable[Any] = collection.where(filter=FieldFilter("day", "==", day)).stream(timeout=120)
    return found


def _batches(items: list[dict[str, object]]) -> Iterator[list[dict[str, object]]]:
    for start in range(0, len(items), BATCH):
        yield items[start : start + BATCH]
