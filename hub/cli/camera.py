"""`presenza camera`: simulated cameras, on links as bad as wanted."""

import itertools
import json
import resource
import signal
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import fields
from pathlib import Path
from typing import Any

import click

import broker
from hub import samples
from hub.cachefile import write_whole
from hub.cli.output import json_option, note, settings_option
from hub.errors import Conflict, Unavailable
from hub.model import Device
from hub.settings import Settings
from hub.simulator.camera import Camera, Told
from hub.simulator.claiming import Claimant
from hub.simulator.credentials import Credentials, read_credentials
from hub.simulator.fleet import Fleet, now_ms
from hub.simulator.link import Faults, Link
from hub.simulator.outputs import Answered, Unanswered
from hub.simulator.portraits import Portrait, find_photos, load_people
from hub.simulator.scene import Optics, Room, Scene, Still
from hub.simulator.tally import Tally, line_of, row_of, sentence_of
from hub.store.opening import open_store

GOLDEN = 0.618  # its multiples, modulo 1, spread evenly however many there are
STILLS = 24  # pictures that all cameras share with --no-scene
Share = click.FloatRange(0, 1)
Rate = click.FloatRange(0, 60)
Folder = click.Path(exists=True, file_okay=False, path_type=Path)
File = click.Path(dir_okay=False, path_type=Path)


@click.command("camera")
@click.option("--count", type=click.IntRange(1, 5000), help="How many cameras; default: 1, or all of --credentials.")
@click.option(
    "--photos",
    type=Folder,
    help="Who is seen: portraits, one file or folder for each person; default: the sample people.",
)
@click.option("--wall", is_flag=True, help="Nobody is seen: a wall.")
@click.option("--pairs", type=Share, default=0.2, show_default=True, help="Share of visits by two people at once.")
@click.option("--no-scene", is_flag=True, help="Send pictures made beforehand, without a pause: for many cameras.")
@click.option(
    "--credentials",
    type=File,
    help="What `presenza device add --json` printed, one object a line; default: new ones from the local broker.",
)
@click.option(
    "--claim",
    metavar="CODE",
    help="Claim an identity with a code of `presenza device invite`, and keep it in the file of --credentials.",
)
@click.option("--loss", type=Share, default=0, help="Share of chunks that get lost.")
@click.option("--duplicates", type=Share, default=0, help="Share of chunks that arrive twice.")
@click.option("--reorder", type=Share, default=0, help="Share of chunks that arrive out of order.")
@click.option("--interleave", type=Share, default=0, help="Share of frames whose chunks mix with the next frame's.")
@click.option("--truncate", type=Share, default=0, help="Share of frames whose JPEG is cut off.")
@click.option("--reboots", type=Rate, default=0, help="Reboots a minute and camera.")
@click.option("--outages", type=Rate, default=0, help="Losses of the network a minute and camera.")
@click.option("--fps", type=click.FloatRange(0.2, 10), help="Frames a second of a burst; default: the configuration's.")
@click.option("--for", "seconds", type=click.FloatRange(min=0.1), help="End after so many seconds; default: Ctrl-C.")
@click.option("--seed", type=int, default=0, show_default=True, help="The same seed gives the same visits and faults.")
@click.option("--quiet", is_flag=True, help="No line for each frame.")
@settings_option
@json_option
def camera_command(
    settings: Settings,
    *,
    count: int | None,
    credentials: Path | None,
    claim: str | None,
    seconds: float | None,
    seed: int,
    fps: float | None,
    no_scene: bool,
    quiet: bool,
    as_json: bool,
    **more: Any,
) -> None:
    """Run simulated cameras; print a line for each frame's answer, and a summary.

    With --json each line is a JSON object, the last one the summary. The exit code is 6 if a camera
    never connected, 1 if frames were sent and none was answered.
    """
    people = [] if more.pop("wall") else _people(settings, more.pop("photos"))
    rooms = _rooms(people, seed, more.pop("pairs"))
    if claim is not None:
        _claim(settings, credentials, claim, seconds)
    logins = read_credentials(credentials)[:count] if credentials else _provision(settings, count or 1)
    config: dict[str, Any] = {"burst_fps": fps} if fps else {}
    if no_scene:
        rooms, config = (
            _stills(people, seed, spread_ms=1000 / (fps or 3)),
            config | {"burst_frames": 30, "cooldown_ms": 0},
        )
    tally, fleet = Tally(), Fleet()
    cameras = [
        Camera(
            login,
            room,
            link=Link(Faults(**_faults(more)), seed=seed * 100_003 + number),
            config=config,
            fleet=fleet,
            on_answer=_teller(tally, quiet=quiet, as_json=as_json),
        )
        for number, (login, room) in enumerate(zip(logins, rooms, strict=False))
    ]
    _run(fleet, cameras, seconds)
    raise SystemExit(_conclude(tally, cameras, as_json=as_json))


def _faults(options: Mapping[str, Any]) -> dict[str, float]:
    return {each.name: options[each.name] for each in fields(Faults) if each.name in options}


def _teller(tally: Tally, *, quiet: bool, as_json: bool) -> Told:
    def told(camera: Camera, event: Answered | Unanswered) -> None:
        tally.add(event)
        if not quiet:
            row = row_of(camera.device, event)
            click.echo(json.dumps(row) if as_json else line_of(row))

    return told


def _people(settings: Settings, photos: Path | None) -> list[list[Portrait]]:
    found = find_photos(photos) if photos else samples.people(settings.cache_dir)
    return load_people(found, settings.cache_dir)


def _rooms(people: Sequence[Sequence[Portrait]], seed: int, pairs: float) -> Iterator[Scene]:
    """A room for each camera; each is visited by everybody, in an order of its own."""
    return (Room(people, seed=seed * 1_009 + number, pairs=pairs) for number in itertools.count())


def _stills(people: Sequence[Sequence[Portrait]], seed: int, spread_ms: float) -> Iterator[Scene]:
    """The same pictures for every camera, each beginning with another one, and not all at once."""
    room = Room(people, seed=seed)
    jpegs = [room.picture(at_ms, Optics()) for at_ms in range(2000, 2000 + STILLS * 700, 700)]
    for number in itertools.count():
        turn = number % STILLS
        yield Still(jpegs[turn:] + jpegs[:turn], begins_ms=number * GOLDEN % 1 * spread_ms)


def _claim(settings: Settings, file: Path | None, code: str, seconds: float | None) -> None:
    """Fill the file with a camera's identity. One that it holds already is used as it is."""
    if file is None:
        raise click.UsageError("--claim keeps what it gets in a file: name it with --credentials.")
    if not file.exists():
        write_whole(file, json.dumps(broker.way(settings)).encode(), mode=0o600)
    claimant = Claimant(file, tell=lambda sentence: note(f"claim: {sentence}"))
    claimant.enter(code)
    over = threading.Timer(seconds or threading.TIMEOUT_MAX, claimant.stop)
    over.daemon = True
    over.start()
    try:
        if claimant.run() is None:
            raise Unavailable("No identity was claimed in that time.")
    finally:
        over.cancel()


def _provision(settings: Settings, count: int) -> list[Credentials]:
    """Identities `sim-1`, `sim-2`, … at the data folder's broker; those of an earlier run get a new password."""
    names = [f"sim-{number}" for number in range(1, count + 1)]
    with broker.Admin(settings) as admin, closing(open_store(settings)) as store:
        registered = {device.device for device in store.devices()}
        for name in names:
            if name not in registered:
                store.add_device(Device(name, created_ms=int(now_ms()), note="simulated"))
        return [_login(settings, admin, name) for name in names]


def _login(settings: Settings, admin: broker.Admin, name: str) -> Credentials:
    try:
        password = admin.add_device(name)
    except Conflict:
        password = admin.rotate(name)
    return Credentials.of(broker.camera_credentials(settings, name, password))


def _run(fleet: Fleet, cameras: Sequence[Camera], seconds: float | None) -> None:
    """Until the time is over, Ctrl-C or SIGTERM; says what hinders a camera, once."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, max(soft, len(cameras) + 100)), hard))
    with _ended_by_signals() as ended:
        for camera in cameras:
            camera.start()
        fleet.start()
        until_ms = now_ms() + seconds * 1000 if seconds else float("inf")
        problems: dict[str, str] = {}
        while now_ms() < until_ms and not ended.wait(min(0.5, max(0.0, (until_ms - now_ms()) / 1000))):
            _note_problems(cameras, problems)
        for stopped in [camera.leave() for camera in cameras]:
            stopped.wait(5.0)
        fleet.stop()


def _note_problems(cameras: Sequence[Camera], known: dict[str, str]) -> None:
    for camera in cameras:
        if camera.problem and known.get(camera.device) != camera.problem:
            note(f"{camera.device}: {camera.problem}")
        known[camera.device] = camera.problem


@contextmanager
def _ended_by_signals() -> Iterator[threading.Event]:
    ended = threading.Event()

    def end(*_: object) -> None:
        ended.set()

    before: dict[signal.Signals, Any] = {
        number: signal.signal(number, end) for number in (signal.SIGINT, signal.SIGTERM)
    }
    try:
        yield ended
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _conclude(tally: Tally, cameras: Sequence[Camera], *, as_json: bool) -> int:
    """Print the summary; the exit code."""
    never = [camera.device for camera in cameras if not camera.was_connected]
    summary = tally.summary(len(cameras), never)
    click.echo(json.dumps({"summary": summary}) if as_json else sentence_of(summary))
    if never:
        reason = next(camera.problem for camera in cameras if not camera.was_connected) or "no answer from the broker"
        note(f"{len(never)} of {len(cameras)} cameras never connected: {reason}.")
        return Unavailable.exit_code
    sent = tally.outcomes.total()
    return 1 if sent and not tally.answered else 0
