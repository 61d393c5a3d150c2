"""Server time of every page, with 1,000 people and 200 days: each under 150 ms, and flat in the days stored."""

import json
import os
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime, timedelta
from datetime import time as time_of_day
from pathlib import Path
from statistics import median
from typing import Any

import click

from hub.model import Box, Device, Event, FaceResult, FrameKey, Outcome, Person, Reading
from hub.store.sqlite import SqliteStore
from tests.benchmarks.filling import fill, school_days
from tests.benchmarks.measure import machine

ROUNDS = 30
GOAL_MS = 150.0


def pages(person_id: str, day: str) -> dict[str, str]:
    """What is asked for, as people ask for it."""
    return {
        "nothing but Django": "/healthz",
        "today": "/today/",
        "door": "/today/door/",
        "attendance": f"/attendance/?day={day}",
        "attendance, one group": f"/attendance/?day={day}&group=5a",
        "month sheet": f"/attendance/month/?month={day[:7]}",
        "range of 4 weeks": "/attendance/range/",
        "arrivals of a week": "/attendance/arrivals/",
        "arrivals of a year": f"/attendance/arrivals/?from={int(day[:4]) - 1}{day[4:]}&to={day}",
        "person's day": f"/attendance/{person_id}/{day}/",
        "CSV of a day": f"/attendance/export.csv?day={day}",
        "people": "/people/",
        "people, page 15": "/people/?page=15",
        "people, search": "/people/?q=an+5a",
        "person": f"/people/{person_id}/",
        "enrol": f"/people/{person_id}/enrol/",
        "unknown": "/unknown/",
        "cameras": "/devices/",
        "camera, a week": "/devices/door-1/?span=week",
        "configurations": "/configs/",
        "system": "/system/",
        "settings": "/settings/",
        "audit log": "/settings/audit/",
        "API today": "/api/v1/today",
        "API people": "/api/v1/people",
    }


def pages_of_a_crowd(person_id: str, people: int) -> dict[str, str]:
    """What has to do with how many people there are."""
    return {
        "people": "/people/",
        "people, page 15": "/people/?page=15",
        "people, last page": f"/people/?page={people // 50}",
        "people, search": "/people/?q=an+5a",
        "people, search a number": "/people/?q=10042",
        "people, nobody found": "/people/?q=zzzz",
        "people, one group": "/people/?group=5a",
        "person": f"/people/{person_id}/",
        "enrol": f"/people/{person_id}/enrol/",
        "unknown": "/unknown/",
    }


def percentile(values: list[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def site(folder: Path, people: int, days: int) -> tuple[Callable[[str], Any], str, str]:
    """A filled site with a signed-in administrator: (get, a person's id, the last day)."""
    from django.conf import settings
    from django.test import Client

    from dashboard import runtime
    from dashboard.accounts.models import ApiToken, User
    from dashboard.rights import Role
    from hub.store.pictures import FolderPictures

    store = SqliteStore(folder / f"{people}-{days}.db")
    opened = runtime.Runtime(settings.PRESENZA, store, FolderPictures(folder / "pictures"))
    opened.line.connected = True  # else /healthz says that the broker is away
    runtime.install(opened)
    last = opened.today()
    while last.weekday() > 4:
        last -= timedelta(days=1)
    everybody = fill(store, opened.rules, count=people, last=last, days=days)
    _camera(store)
    _strangers(store, everybody[0], last, days)
    user = User.objects.create_user(f"bench-{people}-{days}", "no password", Role.ADMIN)
    client = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {ApiToken.issue(user, 'bench')}")
    client.force_login(user)
    return client.get, everybody[len(everybody) // 2].person_id, last.isoformat()


def _camera(store: SqliteStore) -> None:
    """A camera that reported each minute for a week."""
    store.add_device(Device("door-1", 1))
    until = int(time.time()) // 60
    store.keep_readings(
        [
            Reading("door-1", minute, 7, -60 - minute % 9, 90_000, 40.5, minute, minute, 0)
            for minute in range(until - 10_080, until)
        ]
    )


def _strangers(store: SqliteStore, person: Person, last: date, days: int) -> None:
    """Three frames a day in which a stranger stands beside somebody: they wait in the queue of unknown faces."""
    beside = FaceResult(Box(90, 460, 220, 330), Outcome.UNKNOWN)
    known = FaceResult(Box(90, 260, 220, 130), Outcome.UNCERTAIN, None, person.person_id, 0.3, 0.2)
    for number, day in enumerate(school_days(last, days)):
        at_ms = int(datetime.combine(day, time_of_day(9)).timestamp() * 1000)
        for frame in range(3):
            event_id = f"01{day:%Y%m%d}stranger{frame}"
            key = FrameKey("door-1", 8, number * 10 + frame + 1)
            faces, picture = (known, beside), f"results/{day}/{event_id}.jpg"
            event = Event(event_id, key, frame, at_ms, at_ms, Outcome.UNCERTAIN, None, faces, 640, 480, picture)
            store.record(event, [])


def measure(get: Callable[[str], Any], asked: dict[str, str], rounds: int) -> dict[str, dict[str, float]]:
    """p50 and p95 in milliseconds of each page; the first time isn't counted (templates are compiled)."""
    times: dict[str, list[float]] = {}
    for each in range(rounds + 1):
        for name, where in asked.items():
            started = time.perf_counter()
            answer = get(where)
            took = (time.perf_counter() - started) * 1000
            if answer.status_code != 200:
                raise click.ClickException(f"{where} answered {answer.status_code}")
            if each:
                times.setdefault(name, []).append(took)
    return {
        name: {"p50": round(median(each), 1), "p95": round(percentile(each, 0.95), 1)} for name, each in times.items()
    }


def set_up(folder: Path) -> None:
    os.environ |= {"DJANGO_SETTINGS_MODULE": "dashboard.settings", "PRESENZA_DATA_DIR": str(folder)}
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False)


@click.command()
@click.option("--people", type=click.IntRange(10), default=1000, show_default=True)
@click.option("--days", type=click.IntRange(2), default=200, show_default=True)
@click.option("--crowd", type=click.IntRange(50), default=10_000, show_default=True, help="People of a large site.")
@click.option("--rounds", type=click.IntRange(1), default=ROUNDS, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(people: int, days: int, crowd: int, rounds: int, *, as_json: bool) -> None:
    """Measure in this process, without a network: Django from the request to the whole answer."""
    with tempfile.TemporaryDirectory(prefix="presenza-pages-") as name:
        folder = Path(name)
        set_up(folder)
        get, person_id, day = site(folder, people, days // 10)
        few = measure(get, pages(person_id, day), rounds)
        get, person_id, day = site(folder, people, days)
        many = measure(get, pages(person_id, day), rounds)
        get, person_id, _ = site(folder, crowd, 2)
        of_crowd = measure(get, pages_of_a_crowd(person_id, crowd), rounds)
    report = {
        "people": people,
        "days": days,
        "rounds": rounds,
        "measured_on": date.today().isoformat(),  # noqa: DTZ011 - only a label
        "goal_p95_ms": GOAL_MS,
        "slowest_p95_ms": max(each["p95"] for each in [*many.values(), *of_crowd.values()]),
        "machine": machine(),
        "pages": {page: {**many[page], "p50_tenth_of_days": few[page]["p50"]} for page in many},
        "crowd": crowd,
        "pages_of_crowd": of_crowd,
    }
    click.echo(json.dumps(report, indent=2) if as_json else table(report))


def table(report: dict[str, Any]) -> str:
    head = f"{report['people']} people, {report['days']} days; ms of {report['rounds']} rounds\n"
    titles = f"{'page':24}{'p50':>8}{'p95':>8}{'p50 with a tenth of the days':>31}\n"
    rows = (
        f"{name:24}{each['p50']:8.1f}{each['p95']:8.1f}{each['p50_tenth_of_days']:31.1f}"
        for name, each in report["pages"].items()
    )
    crowd = "".join(
        f"{name:24}{each['p50']:8.1f}{each['p95']:8.1f}\n" for name, each in report["pages_of_crowd"].items()
    )
    return (
        head
        + titles
        + "\n".join(rows)
        + f"\n{report['crowd']} people\n{crowd}slowest p95: {report['slowest_p95_ms']} ms (goal {GOAL_MS:g})"
    )


if __name__ == "__main__":
    command()
