"""The demo: the main job on one machine, with cameras that are simulated and faces that are real."""

import asyncio
import json
import os
import shutil
import socket
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.live import Live

import broker
from broker.connection import Connection
from hub import logs, samples, settings, supervise, wire
from hub.cli import dashboard
from hub.cli.run import programs, stop_on_signals
from hub.demo_screen import ENROLLED_AT, STRANGER_AT, Seen, conclude, line, picture, screen
from hub.errors import Conflict, PayloadRefused, Unavailable
from hub.payloads import Result, decode
from hub.settings import Settings
from hub.supervise import Program, Supervisor, presenza

CONSENT = "Published photos of public figures, used for this demo only"


def demo(data_dir: str, seconds: float | None, picture_file: Path | None = None) -> int:
    """Run the demo until Ctrl-C or for so many seconds; the exit code says whether it did what it should.

    `picture_file` gets the last screen as SVG.
    """
    folder = Path(data_dir).absolute()
    with supervise.only_one(folder):
        _fresh(folder)
        site = settings.load(data_dir=folder)
        logs.configure("warning", site.log_format)
        seen = asyncio.run(_Demo(site, seconds).run())
    if picture_file is not None:
        picture_file.write_text(picture(seen), encoding="utf-8")
    return 0 if seen.passed or seconds is None else 1


class _Demo:
    def __init__(self, site: Settings, seconds: float | None) -> None:
        self._site = site
        self._seconds = seconds
        self._console = Console()
        self._stop = asyncio.Event()

    async def run(self) -> Seen:
        self._stop = stop_on_signals()
        with self._console.status("Enrolling two people …"):
            seen = Seen(frozenset(await _enrol(self._site)), await _dashboard(self._site))
        log_file = self._site.data_dir / "demo.log"
        hub = Supervisor(programs(self._site), self._stop, log_file)
        try:
            with self._console.status("Starting the broker and the hub …"):
                await hub.start()
                cameras = Supervisor(await asyncio.to_thread(_cameras, self._site), self._stop, log_file)
                results = await asyncio.to_thread(_Results, self._site, asyncio.get_running_loop())
            try:
                await cameras.start()
                await self._until_the_end(seen, results, (hub, cameras))
            finally:
                await cameras.end()
                results.close()
        finally:
            await hub.end()
        conclude(self._console, seen, self._site.data_dir.name)
        return seen

    async def _until_the_end(self, seen: Seen, results: "_Results", supervisors: Sequence[Supervisor]) -> None:
        async with asyncio.TaskGroup() as group:
            for supervisor in supervisors:
                group.create_task(supervisor.watch())
            showing = group.create_task(self._show(seen, results))
            with suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), self._seconds)
            self._stop.set()
            showing.cancel()

    async def _show(self, seen: Seen, results: "_Results") -> None:
        if not self._console.is_terminal:
            while True:
                seen.add(result := await results.queue.get())
                if result.outcome != "no_face":
                    self._console.print(line(result), highlight=False, soft_wrap=True)
        with Live(screen(seen), console=self._console, refresh_per_second=8, transient=True) as live:
            while True:
                seen.add(await results.queue.get())
                live.update(screen(seen))


class _Results:
    """The hub's results, from paho's thread onto the event loop."""

    def __init__(self, site: Settings, loop: asyncio.AbstractEventLoop) -> None:
        self.queue: asyncio.Queue[Result] = asyncio.Queue()
        self._loop = loop
        self._connection = Connection(site, "dashboard")
        self._connection.client.on_message = self._on_message
        self._connection.client.subscribe(wire.hub(site.site, wire.RESULTS), qos=1)

    def close(self) -> None:
        self._connection.close()

    def _on_message(self, _client: Any, _data: Any, message: Any) -> None:
        with suppress(PayloadRefused):
            self._loop.call_soon_threadsafe(self.queue.put_nowait, decode(Result, message.payload))


async def _dashboard(site: Settings) -> str:
    """A line on where the dashboard is and how to sign in; empty where it isn't installed."""
    if not dashboard.available():
        return ""
    account = await _run(site, "dashboard", "account", "demo", "--json")
    password = json.loads(account)["password"]
    return f"Dashboard: http://localhost:{site.http_port}  (user demo, password {password})"


async def _run(site: Settings, *command: str) -> bytes:
    """What one of our own commands prints."""
    process = await asyncio.create_subprocess_exec(
        *presenza(*command),
        env=os.environ | {f"{settings.PREFIX}DATA_DIR": str(site.data_dir)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    if process.returncode != 0:
        raise Unavailable(f"`presenza {command[0]}` failed: {err.decode(errors='replace').strip()}")
    return out


async def _enrol(site: Settings) -> list[str]:
    faces = samples.people(site.cache_dir)
    names = _enrolled_names(faces)
    return [await _enrol_one(site, name, number, faces[name]) for number, name in enumerate(names, 1)]


async def _enrol_one(site: Settings, name: str, number: int, photos: Sequence[Path]) -> str:
    # Of several photos the last one is kept for the camera: what it then sees was never enrolled.
    enrolled = photos[:-1] or photos
    person = ("--name", name.title(), "--number", str(number), "--group", "demo", "--consent", CONSENT)
    added = await _run(site, "people", "add", *person, "--json", *map(str, enrolled))
    return str(json.loads(added)["person_id"])


def _enrolled_names(faces: dict[str, list[Path]]) -> list[str]:
    """All but the one who plays the stranger: the last by name who has but one photo to show."""
    return [name for name in sorted(faces) if name != _stranger(faces)]


def _stranger(faces: dict[str, list[Path]]) -> str:
    return samples.STRANGER if samples.STRANGER in faces else max(faces)


def _cameras(site: Settings) -> list[Program]:
    faces = samples.people(site.cache_dir)
    at_door = [faces[name][-1] for name in _enrolled_names(faces)]
    return [
        _camera(site, ENROLLED_AT, at_door, seed=1),
        _camera(site, STRANGER_AT, faces[_stranger(faces)], seed=2),
    ]


def _camera(site: Settings, device: str, photos: Sequence[Path], seed: int) -> Program:
    with broker.Admin(site) as admin:
        password = admin.add_device(device)
    login = site.secrets_dir / f"{device}.json"
    login.touch(mode=0o600)
    login.write_text(json.dumps(broker.camera_credentials(site, device, password)))
    folder = site.data_dir / "portraits" / device
    folder.mkdir(parents=True)
    for photo in photos:
        shutil.copy(photo, folder)
    return Program(
        device,
        presenza("camera", "--credentials", str(login), "--photos", str(folder), "--seed", str(seed), "--quiet"),
    )


def _fresh(folder: Path) -> None:
    """Start each demo from nothing, on ports that are free. Only what a demo has made is deleted."""
    marker = folder / "demo"
    left = [path for path in folder.iterdir() if path.name != "up.lock"]
    if left and not marker.exists():
        raise Conflict(f"{folder} holds something else than a demo; choose another folder with --data-dir.")
    for path in left:
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    marker.touch()
    ports = zip(("mqtt_local_port", "mqtt_port", "http_port"), _free_ports(3), strict=True)
    lines = ['mqtt_bind = "127.0.0.1"', *(f"{name} = {port}" for name, port in ports)]
    (folder / settings.TOML_NAME).write_text("\n".join(lines) + "\n")


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [int(probe.getsockname()[1]) for probe in probes]
