"""The systemd units: hardened, bounded, and right for any path."""

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from hub.cli import COMMANDS
from hub.cli.service import closed_folder
from hub.cli.service_units import TARGET, Place, programs, unit, units

PLACE = Place(
    executable=Path("/opt/presenza/.venv/bin/presenza"),
    project=Path("/opt/presenza"),
    data_dir=Path("/var/lib/presenza"),
    cache_dir=Path("/var/cache/presenza"),
    environment=Path("/etc/presenza/presenza.env"),
    user="presenza",
)
SERVICES = {name: text for name, text in units(PLACE, workers=4).items() if name != TARGET}


def settings_of(text: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line)


def test_each_program_is_a_command_of_presenza():
    assert {each.name for each in programs(1)} <= set(COMMANDS)
    for name, text in SERVICES.items():
        program = name.removeprefix("presenza-").removesuffix(".service")
        expected = f"/opt/presenza/.venv/bin/presenza {program} --data-dir /var/lib/presenza"
        assert settings_of(text)["ExecStart"] == expected


@pytest.mark.parametrize("text", SERVICES.values(), ids=SERVICES)
def test_a_service_has_no_privileges_and_writes_its_own_folders_only(text):
    settings = settings_of(text)
    assert settings["User"] == "presenza"
    assert settings["NoNewPrivileges"] == "yes"
    assert settings["PrivateTmp"] == "yes"
    assert settings["ProtectSystem"] == "strict"
    assert settings["CapabilityBoundingSet"] == ""
    assert settings["ReadWritePaths"] == "/var/lib/presenza /var/cache/presenza"


@pytest.mark.parametrize("text", SERVICES.values(), ids=SERVICES)
def test_a_service_is_bounded_and_comes_back(text):
    settings = settings_of(text)
    assert settings["MemoryMax"].removesuffix("M").isdigit()
    assert int(settings["TasksMax"]) > 0
    assert settings["Restart"] == "always"


def test_the_hub_may_use_more_memory_with_more_workers():
    small, large = programs(1)[1], programs(8)[1]
    assert large.memory_mb - small.memory_mb == 7 * 600


def test_the_broker_may_open_a_file_for_each_camera():
    assert int(settings_of(SERVICES["presenza-broker.service"])["LimitNOFILE"]) > 9000


def test_everything_is_started_and_stopped_by_the_target():
    for text in SERVICES.values():
        assert settings_of(text)["PartOf"] == TARGET
        assert settings_of(text)["WantedBy"] == TARGET


def test_paths_with_spaces_and_signs_reach_systemd_as_they_are():
    place = Place(Path("/opt/a b/50%/presenza"), *(Path("/srv/a b/50%"),) * 4, user="presenza")
    settings = settings_of(unit(programs(1)[0], place))
    assert settings["ExecStart"] == "'/opt/a b/50%%/presenza' broker --data-dir '/srv/a b/50%%'"
    assert settings["WorkingDirectory"] == r"/srv/a\x20b/50%%"


def test_a_folder_that_the_services_user_cannot_enter_is_found(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "program").touch()
    found = closed_folder(closed / "program")
    assert found is not None
    assert closed.is_relative_to(found)  # pytest's own folder may be closed already
    assert closed_folder(Path("/usr/bin/env")) is None


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed here")
def test_systemd_takes_the_units_and_finds_little_exposed(tmp_path):
    place = replace(PLACE, executable=Path("/usr/bin/env"), project=Path("/usr"), user="daemon")
    for name, text in units(place, workers=4).items():
        (tmp_path / name).write_text(text)
    made = [str(tmp_path / name) for name in SERVICES]
    verify = subprocess.run(
        ["systemd-analyze", "verify", *made, str(tmp_path / TARGET)], capture_output=True, text=True, check=False
    )
    assert (verify.returncode, verify.stderr) == (0, "")
    # Of 10; what is left is the network, which they need, and memory that is written and run.
    rated = subprocess.run(
        ["systemd-analyze", "security", "--offline=yes", "--threshold=20", "--no-pager", *made],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert rated.returncode == 0, [line for line in rated.stdout.splitlines() if "Overall" in line]
