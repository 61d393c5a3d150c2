"""Several processes on one database: one attendance, nothing lost by `kill -9`, changes seen at once."""

import json
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import IO

import pytest

from hub.store.sqlite import SqliteStore
from tests.integration.store.records import DAY, a_person, a_photo, a_template

ROOT = Path(__file__).parents[3]

# A hub that marks everybody, over and over, and says what it did once it is durable.
HUB = """
import json, sys
from pathlib import Path
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import a_face, a_frame, see

path, device, people, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
store = SqliteStore(Path(path))
print("ready", flush=True)
sys.stdin.readline()
for number in range(rounds):
    person = f"p-{number % people}"
    done = see(store, a_frame(number, device=device), a_face(person))
    print(json.dumps([person, done.marked[person].created, done.event.event_id]), flush=True)
"""


class Hub:
    """Such a process, started and waiting for `go`."""

    def __init__(self, stack: ExitStack, path: Path, device: str, people: int, rounds: int) -> None:
        arguments = [str(path), device, str(people), str(rounds)]
        self.process = stack.enter_context(
            subprocess.Popen(
                [sys.executable, "-c", HUB, *arguments],
                cwd=ROOT,
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        )
        stack.callback(self.process.kill)
        assert self.out.readline() == "ready\n"

    @property
    def out(self) -> IO[str]:
        assert self.process.stdout is not None
        return self.process.stdout

    def go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write("go\n")
        self.process.stdin.flush()

    def rest(self) -> list[tuple[str, bool, str]]:
        """What it said until its end; a line that was cut off doesn't count."""
        return [tuple(json.loads(line)) for line in self.out if line.endswith("]\n")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "presenza.db"


def test_several_hubs_make_one_attendance_per_person(path: Path) -> None:
    store = SqliteStore(path)
    for number in range(25):
        store.add_person(a_person(f"p-{number}"))
    with ExitStack() as stack:
        hubs = [Hub(stack, path, f"door-{number}", 25, 50) for number in range(3)]
        for hub in hubs:
            hub.go()
        said = [line for hub in hubs for line in hub.rest()]
        assert [hub.process.wait() for hub in hubs] == [0, 0, 0]
    assert len(said) == 150
    assert sorted(person for person, created, _ in said if created) == sorted(f"p-{n}" for n in range(25))
    days = store.attendance(DAY, DAY)
    assert len(days) == 25
    # The one who was told "created" is the one whose event the attendance names.
    assert {day.event_id for day in days} == {event for _, created, event in said if created}
    assert len(store.events(limit=1000)) == 150
    assert store.problems() == []
    store.close()


@pytest.mark.parametrize("said_before", [1, 7, 40])
def test_what_was_said_to_be_written_survives_kill_9(path: Path, said_before: int) -> None:
    store = SqliteStore(path)
    for number in range(500):
        store.add_person(a_person(f"p-{number}"))
    store.close()
    with ExitStack() as stack:
        hub = Hub(stack, path, "door-1", 500, 500)
        hub.go()
        said = [json.loads(hub.out.readline()) for _ in range(said_before)]
        hub.process.kill()
        said += hub.rest()
    store = SqliteStore(path)
    kept = {day.person_id: day.event_id for day in store.attendance(DAY, DAY)}
    for person, created, event_id in said:
        assert created
        assert kept[person] == event_id
    assert len(kept) in (len(said), len(said) + 1)  # the last may be written but not yet said
    assert len(store.events(limit=1000)) == len(kept)
    assert store.problems() == []
    store.close()


def test_a_change_of_people_by_another_process_is_noticed(path: Path) -> None:
    here = SqliteStore(path)
    before = here.people_revision()
    script = (
        "import sys; from pathlib import Path; from hub.store.sqlite import SqliteStore;"
        "from tests.integration.store.records import a_person; SqliteStore(Path(sys.argv[1])).add_person(a_person())"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, check=True)
    assert here.people_revision() != before
    assert [person.person_id for person in here.people()] == ["p-1"]
    here.close()


def test_two_connections_see_each_others_templates(path: Path) -> None:
    here, there = SqliteStore(path), SqliteStore(path)
    there.add_person(a_person())
    before = here.people_revision()
    there.add_photo(a_photo(), [a_template()])
    assert here.people_revision() != before
    assert len(here.templates("dlib-1")) == 1
    for store in (here, there):
        store.close()
