"""An import under way: line by line, in a thread, with a report that the page asks for."""

import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import structlog
from django.utils import translation
from django.utils.translation import gettext as _
from ulid import ULID

from dashboard.people import enrol
from dashboard.people.archive import Archive
from dashboard.people.table import Line
from dashboard.runtime import Runtime, now_ms
from hub.errors import InvalidImage, PresenzaError
from hub.people import new_person

KEPT = 10  # reports

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Report:
    """What became of one line."""

    line: int
    name: str
    person_id: str
    ok: bool
    sentences: tuple[str, ...]


@dataclass(slots=True)
class Job:
    """One import; `reports` grows while it runs."""

    username: str
    total: int
    job_id: str = field(default_factory=lambda: str(ULID()))
    reports: list[Report] = field(default_factory=list)
    running: bool = True
    problem: str = ""
    language: str = "en"

    @property
    def done(self) -> int:
        return len(self.reports)

    @property
    def failed(self) -> int:
        return sum(not report.ok for report in self.reports)


_jobs: OrderedDict[str, Job] = OrderedDict()


def job(job_id: str) -> Job | None:
    return _jobs.get(job_id)


def start(runtime: Runtime, lines: list[Line], photos: Path | None, consent: str, username: str) -> Job:
    """Begin an import. `photos`, a ZIP of ours in a temporary folder, is deleted when it is done."""
    new = Job(username, len(lines))
    _jobs[new.job_id] = new
    while len(_jobs) > KEPT:
        _jobs.popitem(last=False)
    new.language = translation.get_language() or "en"
    arguments = (runtime, new, lines, photos, consent)
    threading.Thread(target=_run, args=arguments, name="import", daemon=True).start()
    return new


def _run(runtime: Runtime, job: Job, lines: list[Line], photos: Path | None, consent: str) -> None:
    try:
        with translation.override(job.language):
            _import(runtime, job, lines, photos, consent)
    except Exception:
        log.exception("import failed", line=job.done + 1)
        job.problem = "failed"
    finally:
        job.running = False
        if photos is not None:
            photos.unlink(missing_ok=True)


def _import(runtime: Runtime, job: Job, lines: list[Line], photos: Path | None, consent: str) -> None:
    if photos is None:
        for line in lines:
            job.reports.append(one(runtime, line, None, consent, job.username))
        return
    with photos.open("rb") as file:
        archive = Archive(file)
        for line in lines:
            job.reports.append(one(runtime, line, archive, consent, job.username))


def one(runtime: Runtime, line: Line, archive: Archive | None, consent: str, username: str) -> Report:
    """Import one line. What is wrong with it costs that line only."""
    person_id = ""
    try:
        person = new_person(line.name, line.number, line.group, consent=consent, recorded_by=username, now_ms=now_ms())
        runtime.store.add_person(person)
        person_id = person.person_id
        sentences, good = _photos(runtime, person_id, line, archive)
    except PresenzaError as error:
        return Report(line.number_in_file, line.name, person_id, False, (str(error),))
    return Report(line.number_in_file, line.name, person_id, good, tuple(sentences))


def _photos(runtime: Runtime, person_id: str, line: Line, archive: Archive | None) -> tuple[list[str], bool]:
    if not line.photos:
        return [_("Added, without a photo.")], True
    sentences, found = [], []
    for name in line.photos:
        try:
            found.append(enrol.Upload(name, _read(archive, name)))
        except InvalidImage:
            sentences.append(_("%(photo)s: isn't in the ZIP, or can't be read.") % {"photo": name})
    verdicts = enrol.enrol(runtime, person_id, found) if found else []
    sentences += [f"{verdict.name}: {verdict.sentence}" for verdict in verdicts]
    return sentences, len([verdict for verdict in verdicts if verdict.accepted]) == len(line.photos)


def _read(archive: Archive | None, name: str) -> bytes:
    if archive is None:
        raise InvalidImage("not_found")
    return archive.read(name)
