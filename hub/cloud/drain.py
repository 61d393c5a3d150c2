"""From the outbox to Firestore, in order. Every call tries once; what fails stays and is tried again.

| Firestore says            | what becomes of the row                                                |
|---------------------------|------------------------------------------------------------------------|
| done                      | struck out, unless the document changed meanwhile                      |
| can't be reached          | stays first; the next try sends it alone, to see if the line is back   |
| can't take this document  | set aside as dead, and shown; the others go on                         |
| lets us do nothing        | stays; the drain pauses and says why                                   |
"""

import threading
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from enum import Enum, auto

import structlog

from hub.cloud.remote import NotAllowed, Refused
from hub.errors import Busy, PresenzaError, StoreCorrupt, Unavailable
from hub.store.outbox import NEWS, Entry, Outbox

WINDOW = 8  # rows that are sent at once; the next ones when all of them are settled
NEWS_S = 60.0  # how often the states of cameras go up: all of them together, for one ring of the bell
NEWS_ROUND_S = 1.0  # how long that takes at most; what changes later waits for the next round

log = structlog.get_logger()


class Line(Enum):
    """How the line to Firestore was at the last step."""

    UP = auto()
    DOWN = auto()
    CLOSED = auto()  # Firestore answers, and lets us do nothing


@dataclass(slots=True)
class Step:
    """What one step did: what was `sent`, by kind, and how the line is."""

    sent: int = 0
    kinds: set[str] = field(default_factory=set)
    line: Line = Line.UP


class Drain:
    """Sends what waits, by `send` in several threads. Documents and pictures have one each: they go to different
    places, and neither holds up the other.
    """

    def __init__(
        self,
        outbox: Outbox,
        send: Callable[[Entry], None],
        clock_s: Callable[[], float],
        *,
        pictures: bool = False,
        threads: int = WINDOW,
        gate: AbstractContextManager[object] | None = None,
    ) -> None:
        """`send` raises Unreachable, NotAllowed, Refused, or what the store raises; `gate`: see `Puller`."""
        self._outbox = outbox
        self._send = send
        self._clock_s = clock_s
        self._pictures = pictures
        self._gate = gate or threading.Lock()
        self._line = Line.UP
        self._news_until_s = self._news_due_s = 0.0
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="drain")

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def step(self, *, news: bool = False) -> Step:
        """Send the next rows; when none was sent and the line is up, none waits. `news`: that of cameras at once.

        Blocks for seconds when nobody answers. Not for several threads at once.
        """
        limit = WINDOW if self._line is Line.UP else 1
        entries = self._outbox.waiting(limit, pictures=self._pictures, news=news or self._is_news_time())
        if not entries:
            return Step()
        step = self._settle(zip(entries, self._threads.map(self._try, entries), strict=True))
        self._line = step.line
        return step

    def _is_news_time(self) -> bool:
        now_s = self._clock_s()
        return now_s < self._news_until_s or now_s >= self._news_due_s

    def _try(self, entry: Entry) -> PresenzaError | None:
        try:
            self._send(entry)
        except StoreCorrupt as error:  # a row that can't be read must not hold up the others
            return Refused(str(error))
        except PresenzaError as error:
            return error
        except Exception as error:
            log.exception("a row of the outbox", kind=entry.kind)
            return Refused(f"A mistake of this program ({type(error).__name__}); see its log.")
        return None

    def _settle(self, results: Iterable[tuple[Entry, PresenzaError | None]]) -> Step:
        step, sent = Step(), []
        failed: dict[str, list[Entry]] = {}
        for entry, error in results:
            if error is None:
                sent.append(entry)
            elif isinstance(error, Refused):
                self._bury(entry, error)
            else:
                step.line = _line_of(error, step.line)
                failed.setdefault(str(error), []).append(entry)
        self._note(sent, step)
        for sentence, entries in failed.items():
            self._outbox.failed(entries, sentence, pause=step.line is Line.CLOSED, pictures=self._pictures)
        return step

    def _bury(self, entry: Entry, error: Refused) -> None:
        log.error("can't be sent", kind=entry.kind, reason=str(error))
        self._outbox.bury(entry, str(error))

    def _note(self, sent: list[Entry], step: Step) -> None:
        step.sent, step.kinds = len(sent), {entry.kind for entry in sent}
        now_s = self._clock_s()
        if NEWS in step.kinds and now_s >= self._news_due_s:
            self._news_until_s, self._news_due_s = now_s + NEWS_ROUND_S, now_s + NEWS_S
        if sent:
            with self._gate:
                self._outbox.done(sent, all_is_well=step.line is Line.UP and not self._pictures)


def _line_of(error: PresenzaError, before: Line) -> Line:
    if isinstance(error, NotAllowed):
        return Line.CLOSED
    if not isinstance(error, Busy | Unavailable):
        log.error("not sent", error=str(error))
    return before if before is Line.CLOSED else Line.DOWN
