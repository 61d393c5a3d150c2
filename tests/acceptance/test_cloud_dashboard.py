"""A dashboard on another machine: a folder of its own, days from Firestore, and a connection to the hub's broker."""

import csv
import io
import shutil
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub import settings
from hub.attendance import rules_of, site_day
from hub.model import Correction, Status
from hub.pipeline import now_ms
from hub.settings import Settings
from hub.store.opening import open_store
from tests.acceptance.clouds import CloudHub, School, cloud_hub, lines
from tests.acceptance.stack import until
from tests.firestore_emulator import FirestoreEmulator, free_port
from tests.integration.dashboard.test_bodies import signed_in
from tests.integration.dashboard.test_process import serving, wait_for
from tests.storage_emulator import StorageEmulator

pytest.importorskip("daphne")
pytestmark = [pytest.mark.engine, pytest.mark.timeout(180)]

SHARED = ("secrets/dashboard.password", "secrets/site-key.json")  # as docs/firestore.md says


@dataclass
class Office:
    """A machine with a dashboard; it has nothing of the hub's but two small files."""

    environ: dict[str, str]
    port: int
    cookies: str = ""

    def present(self, day: str) -> set[str]:
        """The names of those who have a time of arrival, as the table for spreadsheets says."""
        address = f"http://127.0.0.1:{self.port}/attendance/export.csv?from={day}&to={day}"
        with urllib.request.urlopen(urllib.request.Request(address, headers={"Cookie": self.cookies})) as answer:
            rows = list(csv.reader(io.StringIO(answer.read().decode("utf-8-sig"))))
        head = next(number for number, row in enumerate(rows) if row[:1] == ["Day"])
        name, seen = rows[head].index("Name"), rows[head].index("First seen")
        return {row[name] for row in rows[head + 1 :] if row[seen]}


@pytest.fixture
def hub(
    tmp_path: Path, cloud: Settings, firestore_emulator: FirestoreEmulator, storage_emulator: StorageEmulator
) -> Iterator[CloudHub]:
    ports = firestore_emulator.port, storage_emulator.port
    with lines(*ports) as ours, cloud_hub(tmp_path / "hub", cloud, ours) as started:
        started.start_hub()
        yield started


@pytest.fixture
def office(tmp_path: Path, hub: CloudHub, firestore_emulator: FirestoreEmulator) -> Iterator[Office]:
    folder = tmp_path / "office"
    (folder / "secrets").mkdir(parents=True)
    for name in SHARED:
        shutil.copy(hub.site.settings.data_dir / name, folder / name)
    there = {"PRESENZA_DATA_DIR": str(folder), "FIRESTORE_EMULATOR_HOST": firestore_emulator.host}
    made = Office(hub.environ | there, free_port())
    with serving(made, made.port):  # type: ignore[arg-type]  # it asks for the environment only
        made.cookies = signed_in(made, made.port)  # type: ignore[arg-type]
        wait_for(made.port, broker=True)
        yield made


def test_what_a_hub_sees_is_on_a_dashboard_elsewhere_and_what_is_corrected_there_at_the_hub(
    hub: CloudHub, office: Office, faces: Any
):
    school, at_ms = School(hub.store, faces), now_ms()
    pupils = school.next_three()
    hub.wait_for_pupils(at_ms, pupils)
    names = {each.name for each in hub.store.people() if each.person_id in pupils}
    ill, day = min(pupils), site_day(at_ms, rules_of(hub.site.settings))
    until(lambda: office.present(day) == names, "the dashboard never showed them")
    _correct(office, ill, day)
    until(lambda: [each.status for each in hub.store.corrections(ill, day)] == [Status.EXCUSED], "it never came")


def _correct(office: Office, person: str, day: str) -> None:
    store = open_store(settings.load(office.environ))
    store.correct(Correction("c-1", person, day, Status.EXCUSED, "Went home ill", "office", now_ms()))
    store.close()
