"""An import under way: line by line, in a thread, with a report that the page asks for (dashboard.people.reports)."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import IO

import structlog
from ulid import ULID

from dashboard.people import enrol
from dashboard.people.archive import Archive
from dashboard.people.enrol import Judged, Upload, Verdict
from dashboard.people.reports import Journal, Report, Reports
from dashboard.people.table import Line
from dashboard.runtime import Runtime, now_ms
from hub.errors import Conflict, EnrolmentRefused, InvalidImage, PresenzaError, Unavailable
from hub.people import Namesakes, new_person

log = structlog.get_logger()


def reports(runtime: Runtime) -> Reports:
    return Reports(runtime.settings.data_dir / "imports")


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be imported. `photos`, a ZIP that nobody else uses, is closed when it is done.

    `again`: add lines without a number though somebody of the same name and group is there.
    """

    lines: list[Line]
    photos: IO[bytes] | None
    consent: str
    username: str
    again: bool = False


def start(runtime: Runtime, order: Order) -> str:
    """Begin an import; its id."""
    job_id = str(ULID())
    journal = reports(runtime).begin(job_id, order.username, len(order.lines), now_ms())
    threading.Thread(target=_run, args=(runtime, journal, order), name="import", daemon=True).start()
    return job_id


def _run(runtime: Runtime, journal: Journal, order: Order) -> None:
    how = "failed"
    try:
        archive = None if order.photos is None else Archive(order.photos)
        namesakes = None if order.again else Namesakes(runtime.store.people())
        for line in order.lines:
            journal.report(one(runtime, line, archive, order.consent, order.username, namesakes=namesakes))
        how = "done"
    except Exception:
        log.exception("import failed")
    finally:
        journal.end(how)
        if order.photos is not None:
            order.photos.close()


def one(
    runtime: Runtime,
    line: Line,
    archive: Archive | None,
    consent: str,
    username: str,
    *,
    namesakes: Namesakes | None = None,
) -> Report:
    """Import one line, unless it is one of `namesakes`, to whom it is added. What is wrong with it costs only it."""
    report = Report(line.number_in_file)
    try:
        person = new_person(line.name, line.number, line.group, consent=consent, recorded_by=username, now_ms=now_ms())
        if namesakes and (person_id := namesakes.of(person)):
            return replace(report, person_id=person_id, problem="namesake")
        runtime.store.add_person(person)
        if namesakes:
            namesakes.add(person)
        report = replace(report, person_id=person.person_id)
        return replace(report, photos=_photos(runtime, person.person_id, line, archive))
    except PresenzaError as error:
        return replace(report, problem=_problem(error))


def _problem(error: PresenzaError) -> str:
    """A word for words.PROBLEMS: the error's own sentence may hold what no report may."""
    if isinstance(error, EnrolmentRefused):
        return error.reason
    known = {Conflict: "taken", Unavailable: "no_answer"}
    return next((word for kind, word in known.items() if isinstance(error, kind)), "failed")


def _photos(runtime: Runtime, person_id: str, line: Line, archive: Archive | None) -> tuple[Verdict, ...]:
    """A verdict on each photo of the line, by its place there."""
    verdicts, found = [], []
    for place, name in enumerate(line.photos, 1):
        try:
            found.append(Upload(str(place), _read(archive, name)))
        except InvalidImage:
            verdicts.append(Verdict(str(place), False, "not_in_zip"))
    if found:
        verdicts += enrol.enrol(runtime, person_id, found).verdicts
    return tuple(sorted(verdicts, key=lambda verdict: int(verdict.name or 0)))


def _read(archive: Archive | None, name: str) -> bytes:
    if archive is None:
        raise InvalidImage("not_found")
    return archive.read(name)


def decided(runtime: Runtime, job_id: str, keys: Sequence[str], judged: Judged) -> None:
    """Write into a report what became of photos that waited. Raises NotFound."""
    for place, key in enumerate(keys):
        verdict = judged.verdicts[place] if place < len(judged.verdicts) else None
        reports(runtime).decided(job_id, key, verdict)
