"""Several programs as one: their order, their deaths, their end."""

import asyncio
import sys
from time import monotonic

import pytest

from hub.errors import Busy, Unavailable
from hub.supervise import Program, Supervisor, only_one

ANNOUNCE = """
import pathlib, signal, sys, time
log = pathlib.Path(sys.argv[1])
def note(word):
    with log.open("a") as file:
        file.write(word + " " + sys.argv[2] + "\\n")
def leave(*_):
    note("end")
    sys.exit(0)
signal.signal(signal.SIGTERM, leave)
note("start")
while True:
    signal.pause()
"""


def announcing(log, name, ready=None):
    return Program(name, [sys.executable, "-c", ANNOUNCE, str(log), name], ready)


def waiting_for(log, line):
    async def ready():
        while not log.exists() or line not in log.read_text():
            await asyncio.sleep(0.01)

    return ready


async def test_programs_start_in_order_and_end_in_reverse_order(tmp_path):
    log = tmp_path / "log"
    supervisor = Supervisor(
        [announcing(log, name, waiting_for(log, f"start {name}")) for name in ("broker", "hub")], asyncio.Event()
    )
    await supervisor.start()
    await supervisor.end()
    assert log.read_text().splitlines() == ["start broker", "start hub", "end hub", "end broker"]


async def test_a_program_that_dies_is_started_again(tmp_path):
    log = tmp_path / "log"
    stop = asyncio.Event()
    once = f"""
import os, pathlib, signal
log = pathlib.Path({str(log)!r})
if not log.exists():
    log.write_text("died")
    os._exit(3)
log.write_text("lives")
signal.pause()
"""
    supervisor = Supervisor([Program("hub", [sys.executable, "-c", once])], stop)
    await supervisor.start()
    watching = asyncio.create_task(supervisor.watch())
    await asyncio.wait_for(waiting_for(log, "lives")(), 20)
    stop.set()
    await watching
    await supervisor.end()


async def test_a_program_that_dies_again_and_again_ends_the_whole(tmp_path):
    supervisor = Supervisor([Program("hub", [sys.executable, "-c", "raise SystemExit(7)"])], asyncio.Event())
    await supervisor.start()
    with pytest.raises(ExceptionGroup) as group:
        await asyncio.wait_for(supervisor.watch(), 60)
    assert group.group_contains(Unavailable, match="hub ended 3 times in a row, last with exit code 7")
    await supervisor.end()


async def test_a_program_that_never_gets_ready_is_named(tmp_path):
    async def never() -> None:
        await asyncio.Event().wait()

    supervisor = Supervisor([Program("broker", [sys.executable, "-c", "raise SystemExit(5)"], never)], asyncio.Event())
    with pytest.raises(Unavailable, match="broker ended at once, with exit code 5"):
        await supervisor.start()


async def test_a_program_that_ignores_sigterm_is_killed_in_time(tmp_path):
    log = tmp_path / "log"
    deaf = f"""
import pathlib, signal
signal.signal(signal.SIGTERM, signal.SIG_IGN)
pathlib.Path({str(log)!r}).write_text("deaf")
while True:
    signal.pause()
"""
    supervisor = Supervisor([Program("hub", [sys.executable, "-c", deaf], waiting_for(log, "deaf"))], asyncio.Event())
    await supervisor.start()
    started = monotonic()
    await supervisor.end()
    assert monotonic() - started < 6


def test_a_second_one_on_the_same_folder_is_refused(tmp_path):
    with only_one(tmp_path), pytest.raises(Busy, match="already runs on the data folder"), only_one(tmp_path):
        pass
