"""The reports of imports as files, one line of JSON for each thing that happened, so that they outlive the process.

No name is in them, nor the name of a photo: ids, numbers of lines and reasons only, so that somebody who is
erased has left nothing here. Who writes a report holds a lock on it: a report that has no end and no lock is
that of an import that was interrupted.
"""

import fcntl
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from dashboard.people.enrol import Verdict
from hub.errors import NotFound

KEPT = 20  # reports
_JOB_ID = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}")


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one line of the table: `problem` with the line, and a verdict on each photo, in its order."""

    line: int
    person_id: str = ""
    problem: str = ""
    photos: tuple[Verdict, ...] = ()

    @property
    def ok(self) -> bool:
        return not self.problem and all(photo.accepted for photo in self.photos)


@dataclass(frozen=True, slots=True)
class Job:
    """One import. `state` is running, done, failed (over a fault of ours) or interrupted."""

    job_id: str
    username: str
    total: int
    at_ms: int
    state: str
    reports: tuple[Report, ...] = ()

    @property
    def running(self) -> bool:
        return self.state == "running"

    @property
    def done(self) -> int:
        return len(self.reports)

    @property
    def failed(self) -> int:
        return sum(not report.ok for report in self.reports)

    @property
    def last_line(self) -> int:
        return self.reports[-1].line if self.reports else 1


class Reports:
    """The reports in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(self, job_id: str, username: str, total: int, at_ms: int) -> "Journal":
        """A new report; the oldest ones go."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for old in self._ids()[KEPT - 1 :]:
            self._path(old).unlink(missing_ok=True)
        journal = Journal(self._path(job_id))
        journal.append({"username": username, "total": total, "at_ms": at_ms})
        return journal

    def read(self, job_id: str) -> Job:
        """Raises NotFound, also for what is no id."""
        if not _JOB_ID.fullmatch(job_id):
            raise NotFound("There is no such import.")
        try:
            with self._path(job_id).open("rb") as file:
                running = _is_locked(file.fileno())
                lines = file.read().splitlines()
        except FileNotFoundError:
            raise NotFound("There is no such import.") from None
        return _job(job_id, list(_parsed(lines)), running=running)

    def newest(self) -> list[Job]:
        """Every report that is kept, the newest first."""
        return [self.read(job_id) for job_id in self._ids()]

    def decided(self, job_id: str, key: str, verdict: Verdict | None) -> None:
        """Add what became of a photo that waited; None: it was left out. Raises NotFound."""
        self.read(job_id)
        what = {"decided": key, "verdict": None if verdict is None else asdict(verdict)}
        descriptor = os.open(self._path(job_id), os.O_WRONLY | os.O_APPEND)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_line(what))

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{job_id}.jsonl"

    def _ids(self) -> list[str]:
        """The newest first: ids begin with the time."""
        names = (path.stem for path in self._folder.glob("*.jsonl")) if self._folder.is_dir() else ()
        return sorted((name for name in names if _JOB_ID.fullmatch(name)), reverse=True)


class Journal:
    """A report while it is written; the lock goes with the process, however that ends."""

    def __init__(self, path: Path) -> None:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self._file = os.fdopen(descriptor, "ab", buffering=0)
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def append(self, what: dict[str, object]) -> None:
        self._file.write(_line(what))

    def report(self, report: Report) -> None:
        self.append(asdict(report))

    def end(self, how: str) -> None:
        """`done` or `failed`."""
        self.append({"end": how})
        self._file.close()


def _line(what: dict[str, object]) -> bytes:
    return json.dumps(what).encode() + b"\n"


def _is_locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _parsed(lines: Sequence[bytes]) -> Iterator[dict[str, object]]:
    """What can be read; the last line of a process that died may be half of one."""
    for line in lines:
        try:
            what = json.loads(line)
        except ValueError:
            continue
        if isinstance(what, dict):
            yield what


def _job(job_id: str, lines: Sequence[dict[str, object]], *, running: bool) -> Job:
    head = lines[0] if lines else {}
    end = next((str(each["end"]) for each in lines if "end" in each), "")
    decided = {str(each["decided"]): each.get("verdict") for each in lines if "decided" in each}
    reports = [_report(each, decided) for each in lines if "line" in each]
    state = end or ("running" if running else "interrupted")
    total, at_ms = int(head.get("total", 0)), int(head.get("at_ms", 0))
    return Job(job_id, str(head.get("username", "")), total, at_ms, state, tuple(reports))


def _report(line: dict[str, object], decided: dict[str, object]) -> Report:
    photos = [_photo(Verdict(**photo), decided) for photo in line["photos"]]
    return Report(int(line["line"]), str(line["person_id"]), str(line["problem"]), tuple(photos))


def _photo(photo: Verdict, decided: dict[str, object]) -> Verdict:
    if photo.kept not in decided or not photo.kept:
        return photo
    verdict = decided[photo.kept]
    if verdict is None:
        return replace(photo, reason="left_out", duplicate_of="", kept="")
    return replace(Verdict(**verdict), name=photo.name, kept="")
