"""`presenza service`: run at boot, by systemd, as a user that can do nothing else."""

import os
import pwd
import shutil
import subprocess
import sys
from pathlib import Path

import click

from hub import settings
from hub.cli import service_units
from hub.cli.output import note
from hub.cli.service_units import TARGET, Place
from hub.errors import PresenzaError, Unavailable

UNITS = Path("/etc/systemd/system")
DATA_DIR = Path("/var/lib/presenza")
CACHE_DIR = Path("/var/cache/presenza")
ENVIRONMENT = Path("/etc/presenza/presenza.env")
USER = "presenza"


@click.group("service")
def service_command() -> None:
    """Run Presenza at every boot, with systemd."""


@service_command.command("install")
@click.option("--data-dir", type=click.Path(file_okay=False, path_type=Path), default=DATA_DIR, show_default=True)
@click.option("--print", "only_print", is_flag=True, help="Print the units and change nothing.")
def install(data_dir: Path, *, only_print: bool) -> None:
    """Write the units, make the user, and start everything."""
    place = _place(data_dir)
    units = service_units.units(place, os.cpu_count() or 1)
    if only_print:
        click.echo("\n".join(f"# {UNITS / name}\n{text}" for name, text in units.items()))
        return
    _check(place)
    _make_user()
    _hand_over(place)
    for name, text in units.items():
        (UNITS / name).write_text(text, encoding="utf-8")
    services = [name for name in units if name != TARGET]
    _run("systemctl", "daemon-reload")
    _run("systemctl", "enable", *services)
    _run("systemctl", "enable", "--now", TARGET)
    note(
        f"Presenza runs, and starts at every boot. Settings: {ENVIRONMENT} (PRESENZA_NAME=value), then "
        f"`systemctl restart {TARGET}`. What it says: `journalctl -u 'presenza-*' -f`. "
        f"Commands: `sudo -u {USER} {place.executable} … --data-dir {place.data_dir}`."
    )


@service_command.command("uninstall")
def uninstall() -> None:
    """Stop everything and take the units away; data and settings stay."""
    _need_root()
    names = list(service_units.units(_place(DATA_DIR), 1))
    present = [name for name in names if (UNITS / name).exists()]
    if not present:
        note("Nothing is installed.")
        return
    _run("systemctl", "disable", "--now", *present)
    for name in present:
        (UNITS / name).unlink()
    _run("systemctl", "daemon-reload")
    note(f"The units are gone. The data is still in {DATA_DIR}, unless you chose another folder.")


def _place(data_dir: Path) -> Place:
    executable = Path(sys.executable).with_name("presenza")
    project = Path(__file__).resolve().parents[2]
    return Place(executable, project, data_dir.absolute(), CACHE_DIR, ENVIRONMENT, USER)


def _check(place: Place) -> None:
    """Raise before anything is changed, when it can't work."""
    _need_root()
    if shutil.which("systemctl") is None or not Path("/run/systemd/system").exists():
        raise Unavailable("This machine isn't run by systemd; start `presenza up` by its own means.")
    for path in (place.executable, Path(sys.executable).resolve(), place.project):
        closed = closed_folder(path)
        if closed is not None:
            raise PresenzaError(
                f"{path} can't be reached by the user {USER}: {closed} is closed to others. "
                "Move the project to a folder such as /opt/presenza, and run ./presenza there."
            )


def closed_folder(path: Path) -> Path | None:
    """The first folder on the way to `path` that other users can't enter; None when all are open."""
    return next((each for each in reversed(path.parents) if not each.stat().st_mode & 0o001), None)


def _need_root() -> None:
    if os.geteuid() != 0:
        raise PresenzaError("This changes the system: run it with sudo.")


def _make_user() -> None:
    try:
        pwd.getpwnam(USER)
    except KeyError:
        _run("useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", USER)


def _hand_over(place: Place) -> None:
    """Make the folders and give them, with what is in them, to the service's user."""
    entry = pwd.getpwnam(USER)
    models = settings.load({}).cache_dir
    if models.is_dir() and not place.cache_dir.exists():
        shutil.copytree(models, place.cache_dir)  # else the service would have to make them again
    for folder in (place.data_dir, place.cache_dir):
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o750)
        for path in (folder, *folder.rglob("*")):
            os.chown(path, entry.pw_uid, entry.pw_gid, follow_symlinks=False)
    ENVIRONMENT.parent.mkdir(parents=True, exist_ok=True)
    if not ENVIRONMENT.exists():
        ENVIRONMENT.touch(0o600)


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise PresenzaError(f"`{' '.join(argv)}` failed: {done.stderr.strip() or done.returncode}")
