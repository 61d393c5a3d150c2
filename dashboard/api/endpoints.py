"""The REST API: read today, attendance, people and cameras; mark a day by hand. With a token only."""

from datetime import date
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import NinjaAPI, Query
from ninja.errors import HttpError
from ninja.security import HttpBearer
from ulid import ULID

from dashboard.accounts.models import User
from dashboard.accounts.tokens import user_of
from dashboard.api.schemas import AttendanceOut, DeviceOut, MarkIn, PeopleOut, PersonOut, Problem, TodayOut
from dashboard.attendance.days import Cell, Ledger, days_between
from dashboard.attendance.filters import Filters
from dashboard.audit import log
from dashboard.live import render
from dashboard.live.hall import hall
from dashboard.people.scope import person_or_404
from dashboard.rights import Right, granted
from dashboard.runtime import current, now_ms
from hub import __version__
from hub.model import Correction, Person, Status

PAGE = 200
DAYS_MAX = 62  # in one answer


class Token(HttpBearer):
    """An account's token, if the account has the right."""

    def __init__(self, right: Right) -> None:
        super().__init__()
        self._right = right

    def authenticate(self, request: HttpRequest, token: str) -> User | None:
        user = user_of(token)
        if user is None:
            return None
        if not granted(user, self._right):
            raise HttpError(403, "The token's account has no right to this.")
        request.auth_user = user
        return user


api = NinjaAPI(
    title="Presenza",
    version=__version__,
    description="Attendance by face: today, attendance, people and cameras. Times are Unix milliseconds.",
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="api",
)
SEE, MARK, DEVICES = Token(Right.SEE_PEOPLE), Token(Right.MARK), Token(Right.DEVICES)
First = Annotated[date, Query(alias="from")]
Last = Annotated[date, Query(alias="to")]
REFUSALS = {401: Problem, 403: Problem}


@api.get("v1/today", auth=SEE, response={200: TodayOut, **REFUSALS}, tags=["attendance"])
def today(request: HttpRequest) -> Any:
    """The figures of the site's day now."""
    sees = request.auth_user.sees
    tiles = render.tiles(hall.feed.moment(now_ms()), hall.today(), sees)
    log.record(request, "api_today")
    return {"day": current().today(), "people": tiles["everybody"], **tiles}


@api.get("v1/attendance", auth=SEE, response={200: list[AttendanceOut], 400: Problem, **REFUSALS}, tags=["attendance"])
def attendance(request: HttpRequest, first: First, last: Last, group: str = "") -> Any:
    """Every person on every day that counts, at most 62 days at once."""
    if not 0 <= (last - first).days < DAYS_MAX:
        raise HttpError(400, f"`to` must lie 0 to {DAYS_MAX - 1} days after `from`.")
    runtime = current()
    asked = {"from": first.isoformat(), "to": last.isoformat(), "group": group}
    people = Filters.read(asked, runtime, request.auth_user.sees).people(runtime)
    rows = runtime.store.attendance(first.isoformat(), last.isoformat(), group=group or None)
    ledger = Ledger(rows, runtime.today(), runtime.settings.zone)
    days = [day for day in days_between(first, last) if day in ledger.counted]
    log.record(request, "api_attendance", f"{first}…{last}", group)
    return [_attendance(cell) for cell in ledger.cells(people, days) if cell.status]


@api.get("v1/people", auth=SEE, response={200: PeopleOut, **REFUSALS}, tags=["people"])
def people(request: HttpRequest, q: str = "", group: str = "", page: int = 1) -> Any:
    """People by name, 200 a page."""
    runtime = current()
    found = Filters.read({"q": q, "group": group}, runtime, request.auth_user.sees).people(runtime)
    start = max(0, page - 1) * PAGE
    log.record(request, "api_people", f"page {page}", group)
    return {"total": len(found), "page": page, "people": [_person(each) for each in found[start : start + PAGE]]}


@api.get("v1/devices", auth=DEVICES, response={200: list[DeviceOut], **REFUSALS}, tags=["cameras"])
def devices(request: HttpRequest) -> Any:
    """Every camera with its last known state."""
    del request
    states = {state.device: state for state in current().store.device_states()}
    return [
        {
            "device": each.device,
            "note": each.note,
            "state": states[each.device].state if each.device in states else "offline",
            "seen_ms": states[each.device].seen_ms if each.device in states else None,
            "firmware": states[each.device].status.get("firmware") if each.device in states else None,
        }
        for each in current().store.devices()
    ]


@api.post(
    "v1/attendance/{person_id}/{day}",
    auth=MARK,
    response={200: AttendanceOut, 404: Problem, **REFUSALS},
    tags=["attendance"],
)
def mark(request: HttpRequest, person_id: str, day: date, body: MarkIn) -> Any:
    """Set a status by hand; what was there before stays on record."""
    person, runtime = person_or_404(request, person_id), current()
    by = request.auth_user.username
    row = runtime.store.correct(
        Correction(str(ULID()), person_id, day.isoformat(), Status(body.status), body.reason, by, now_ms())
    )
    runtime.line.attendance_changed()
    log.record(request, "corrected", f"{person_id} {day}", body.status)
    return _attendance(Cell(person, day, row.status.value, row))


def _attendance(cell: Cell) -> dict[str, Any]:
    row = cell.row
    seen = {"first_seen_ms": row.first_seen_ms, "last_seen_ms": row.last_seen_ms, "device": row.device} if row else {}
    return {**_person(cell.person), "day": cell.day, "status": cell.status, "corrected": cell.corrected, **seen}


def _person(person: Person) -> dict[str, Any]:
    return {name: getattr(person, name) for name in PersonOut.model_fields}


def _open_to_tokens() -> Any:
    """The gate lets these through: each of them judges its token itself."""
    patterns, *names = api.urls
    for pattern in patterns:
        pattern.callback.right = Right.ANYBODY
        pattern.callback.by_token = True
    return (patterns, *names)


urls = _open_to_tokens()
