"""However a command ends, its process ends too."""

import subprocess
import sys
from pathlib import Path

import pytest

START = """
import asyncio, os, signal, sys, threading
import hub.__main__ as program

def run(work):
    program.END_S = 1.0
    program.cli.main = lambda **_: work()
    program.main()
"""

# As a worker that the system kills for its memory, just when a large picture is being sent to it.
KILLED = """
from hub.errors import WorkerFailed
from hub.metrics import Metrics
from hub.workers import Workers

def load():
    pass

async def kill_in_the_middle():
    workers = Workers(1, load, Metrics())
    await workers.start()
    pid = workers._seats[0].pid
    os.kill(pid, signal.SIGSTOP)  # it reads nothing: the pipe is full before the picture is through
    running = asyncio.create_task(workers.run(len, bytes(2_000_000)))
    await asyncio.sleep(0.3)
    os.kill(pid, signal.SIGKILL)
    try:
        await running
    except WorkerFailed:
        print("worker failed", flush=True)
    await workers.close()
    return 5

if __name__ == "__main__":
    run(lambda: asyncio.run(kill_in_the_middle()))
"""

STUCK = """
threading.Thread(target=threading.Event().wait).start()
run({work})
"""


def end_of(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    path = folder / "script.py"
    path.write_text(START + script)
    return subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=False)


def test_a_worker_that_dies_while_a_picture_is_sent_to_it_keeps_nobody_from_ending(tmp_path: Path):
    done = end_of(KILLED, tmp_path)
    assert done.returncode == 5, done.stderr
    assert "worker failed" in done.stdout


@pytest.mark.parametrize(
    ("work", "code"),
    [("lambda: 0", 0), ("lambda: 3", 3), ("lambda: sys.exit(4)", 4), ("lambda: sys.exit()", 0), ("lambda: 1 / 0", 1)],
)
def test_a_thread_that_never_ends_does_not_keep_the_process_alive(tmp_path: Path, work: str, code: int):
    assert end_of(STUCK.format(work=work), tmp_path).returncode == code
