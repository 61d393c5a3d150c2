"""What a process asks of Firestore, as Google would bill it: counted below the client that the product uses.

One read is a document that a query, a get or a listener delivered, and a query or a get that found none. A write is a
document written or deleted. (Firestore's "Understand billing"; counts and sums are one read for each 1000 entries.)
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from unittest import mock

from tests.firestore_indexes import Shape, shape


@dataclass
class Calls:
    """What was asked so far."""

    reads: int = 0
    writes: int = 0
    requests: int = 0
    shapes: list[Shape] = field(default_factory=list)
    reads_of: Counter[str] = field(default_factory=Counter)  # by collection; what isn't queried by `get` and `listen`
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def add(self, *, reads: int = 0, writes: int = 0, asked: Any = None, way: str = "get") -> None:
        with self._lock:
            self.reads += reads
            self.writes += writes
            self.requests += 1
            if asked is not None:
                self.shapes.append(shape(asked))
                way = self.shapes[-1].collection
            if reads:
                self.reads_of[way] += reads

    def taken(self) -> "Calls":
        """What was counted so far; counting begins anew."""
        with self._lock:
            before = Calls(self.reads, self.writes, self.requests, self.shapes, self.reads_of)
            self.reads = self.writes = self.requests = 0
            self.shapes, self.reads_of = [], Counter()
        return before


@contextmanager
def recording() -> Iterator[Calls]:
    """Count everything that clients of this process ask of Firestore until the block ends.

    What a listener delivers is counted if it began to listen inside.
    """
    from google.cloud.firestore_v1.services.firestore.client import FirestoreClient
    from google.cloud.firestore_v1.watch import Watch

    calls = Calls()
    wrapped = {
        "run_query": _streaming(calls, lambda answer: bool(answer.document.name), _query),
        "run_aggregation_query": _streaming(calls, lambda answer: False, _aggregated),
        "batch_get_documents": _streaming(calls, lambda answer: bool(answer.found.name or answer.missing)),
        "commit": _writing(calls),
        "batch_write": _writing(calls),
    }
    patches = [
        mock.patch.object(FirestoreClient, name, wrap(getattr(FirestoreClient, name))) for name, wrap in wrapped.items()
    ]
    patches += [
        mock.patch.object(Watch, "__init__", _watching(calls, Watch.__init__)),
        mock.patch.object(Watch, "on_snapshot", _delivering(calls, Watch.on_snapshot)),
    ]
    for patch in patches:
        patch.start()
    try:
        yield calls
    finally:
        for patch in patches:
            patch.stop()


Wrap = Callable[[Any], Any]


def _value(request: Any, name: str) -> Any:
    return request[name] if isinstance(request, dict) else getattr(request, name)


def _query(request: Any) -> Any:
    return _value(request, "structured_query")


def _aggregated(request: Any) -> Any:
    return _value(request, "structured_aggregation_query").structured_query


def _streaming(
    calls: Calls, is_read: Callable[[Any], bool], query: Callable[[Any], Any] = lambda request: None
) -> Wrap:
    def wrap(original: Any) -> Any:
        def call(self: Any, request: Any = None, **more: Any) -> Iterable[Any]:
            answers = original(self, request=request, **more)
            return _counted(calls, answers, is_read, query(request))

        return call

    return wrap


def _counted(calls: Calls, answers: Iterable[Any], is_read: Callable[[Any], bool], asked: Any) -> Iterator[Any]:
    found = 0
    try:
        for answer in answers:
            found += is_read(answer)
            yield answer
    finally:
        calls.add(reads=max(1, found), asked=asked)


def _writing(calls: Calls) -> Wrap:
    def wrap(original: Any) -> Any:
        def call(self: Any, request: Any = None, **more: Any) -> Any:
            calls.add(writes=len(_value(request, "writes")) if request is not None else len(more["writes"]))
            return original(self, request=request, **more)

        return call

    return wrap


def _watching(calls: Calls, original: Any) -> Any:
    def init(self: Any, reference: Any, firestore: Any, target: dict[str, Any], *more: Any, **named: Any) -> None:
        query = target.get("query")
        calls.add(asked=_value(query, "structured_query") if query is not None else None)
        original(self, reference, firestore, target, *more, **named)

    return init


def _delivering(calls: Calls, original: Any) -> Any:
    delivered = set[tuple[int, str, str]]()

    def on_snapshot(self: Any, proto: Any) -> None:
        if proto is not None and "document_change" in proto and proto.document_change.target_ids:
            document = proto.document_change.document
            version = (id(self), document.name, str(document.update_time))
            if version not in delivered:  # the emulator begins anew at each change, and delivers all of them again
                delivered.add(version)
                calls.add(reads=1, way="listen")
        original(self, proto)

    return on_snapshot
