"""`./presenza` as a newcomer runs it, on a machine whose commands are stand-ins that write down their calls."""

import os
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pytest

SCRIPT = Path(__file__).parents[2] / "presenza"

# Commands that the script itself takes for granted; everything else is missing on this machine.
GIVEN = ["cat", "cksum", "dirname", "env", "flock", "grep", "mktemp", "readlink", "rm", "sed", "sh", "tail", "tee"]
NEEDED_BY_THE_STAND_INS = ["chmod", "cp", "mkdir"]

pytestmark = pytest.mark.timeout(30)

# What the script adds to PATH, taken away here: the stand-in machine has nothing of the real one.
SYSTEM_PATH = ":/usr/local/sbin:/usr/sbin:/sbin"

PYTHON = """#!/bin/sh
case "$*" in
    "-c import sys"*) [ ! -e "$MACHINE/python-is-old" ]; exit ;;
    "-c import ensurepip"*) [ -e "$MACHINE/has-venv" ]; exit ;;
    "-c import pip") exit 0 ;;
esac
echo "python $*" >>"$MACHINE/calls"
case "$*" in
    "-m venv"*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
    *" -m pip "*)
        [ ! -e "$MACHINE/gate" ] || { cat "$MACHINE/gate"; rm "$MACHINE/gate"; }
        [ ! -e "$MACHINE/pip-is-broken" ] || { echo "ERROR: No matching distribution"; exit 1; }
        echo "Downloading numpy-2.4.6-cp311.whl (16.9 MB)" ;;
    *"-m hub fail") exit 7 ;;
    *"-m hub "*) echo "ran in $(pwd) with $PRESENZA_DATA_DIR" ;;
esac
"""

APT_GET = """#!/bin/sh
echo "apt-get $*" >>"$MACHINE/calls"
[ ! -e "$MACHINE/apt-is-broken" ] || { echo "E: no network"; exit 100; }
case "$*" in
    *" install "*python3-venv*) : >"$MACHINE/has-venv"; cp "$MACHINE/python3" "$MACHINE/bin/python3" ;;
esac
case "$*" in
    *" install "*mosquitto*) printf '#!/bin/sh\\n' >"$MACHINE/bin/mosquitto"; chmod +x "$MACHINE/bin/mosquitto" ;;
esac
"""


class Ended(NamedTuple):
    code: int
    out: str
    err: str


@dataclass
class Machine:
    """An empty machine with a checkout of two files on it."""

    root: Path

    @property
    def checkout(self) -> Path:
        return self.root / "my checkout"

    def program(self, name: str, source: str, folder: str = "bin") -> None:
        path = self.root / folder / name
        path.write_text(source)
        path.chmod(0o755)

    def start(self, *arguments: str, script: str = "./presenza", cwd: Path | None = None) -> subprocess.Popen[str]:
        return subprocess.Popen(
            ["/bin/sh", script, *arguments],
            cwd=cwd or self.checkout,
            env={"PATH": str(self.root / "bin"), "MACHINE": str(self.root), "TMPDIR": str(self.root)},
            start_new_session=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def run(self, *arguments: str, script: str = "./presenza", cwd: Path | None = None) -> Ended:
        process = self.start(*arguments, script=script, cwd=cwd)
        out, err = process.communicate(timeout=30)
        return Ended(process.returncode, out, err)

    def calls(self, word: str) -> list[str]:
        written = self.root / "calls"
        return [line for line in (written.read_text().splitlines() if written.exists() else []) if word in line]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    machine = Machine(tmp_path)
    (tmp_path / "bin").mkdir()
    machine.checkout.mkdir()
    source = SCRIPT.read_text()
    assert SYSTEM_PATH in source
    machine.program("presenza", source.replace(SYSTEM_PATH, ""), folder=machine.checkout.name)
    (machine.checkout / "setup.cfg").write_text("[options.extras_require]\nengine =\ndev =\n")
    for name in GIVEN + NEEDED_BY_THE_STAND_INS:
        (tmp_path / "bin" / name).symlink_to(shutil.which(name))
    machine.program("id", "#!/bin/sh\necho 0\n")
    machine.program("apt-get", APT_GET)
    machine.program("python3", PYTHON, folder=".")
    return machine


@pytest.fixture
def equipped(machine: Machine) -> Machine:
    """A machine that has Python with venv, and Mosquitto."""
    machine.program("python3", PYTHON)
    machine.program("mosquitto", "#!/bin/sh\n")
    (machine.root / "has-venv").touch()
    return machine


def test_an_empty_machine_gets_all_that_is_missing(machine: Machine):
    ended = machine.run("check")
    assert ended.code == 0
    assert "presenza: installing with apt-get: python3 python3-venv mosquitto\n" in ended.err
    assert machine.calls("apt-get")[1].endswith("install -y --no-install-recommends python3 python3-venv mosquitto")
    assert ended.out.startswith("ran in ")


def test_only_the_missing_module_is_installed(equipped: Machine):
    (equipped.root / "has-venv").unlink()
    assert "presenza: installing with apt-get: python3-venv\n" in equipped.run("check").err


def test_the_larger_downloads_are_named(equipped: Machine):
    assert "  numpy 2.4.6 (16.9 MB)\n" in equipped.run("check").err


def test_the_second_run_is_quiet_and_installs_nothing(equipped: Machine):
    equipped.run("check")
    installed = equipped.calls("pip")
    ended = equipped.run("check")
    assert (ended.code, ended.err, equipped.calls("pip")) == (0, "", installed)
    assert not equipped.calls("apt-get")


def test_setup_installs_again_and_runs_nothing(equipped: Machine):
    equipped.run("check")
    assert equipped.run("setup").out == ""
    assert len(equipped.calls("--editable")) == 2


def test_a_changed_recipe_installs_again(equipped: Machine):
    equipped.run("check")
    with (equipped.checkout / "setup.cfg").open("a") as recipe:
        recipe.write("dashboard =\n")
    equipped.run("check")
    assert [call.endswith("[engine,dashboard]") for call in equipped.calls("--editable")] == [False, True]


def test_test_adds_the_tools_and_later_runs_keep_them(equipped: Machine):
    equipped.run("test")
    equipped.run("check")
    assert [call.endswith("[engine,dev]") for call in equipped.calls("--editable")] == [True]


def test_what_only_the_tests_need_is_installed_for_them_alone(equipped: Machine):
    equipped.run("check")
    assert not equipped.calls("apt-get")
    assert (
        "presenza: installing with apt-get: chromium chromium-driver openjdk-17-jre-headless redis-server\n"
        in equipped.run("test").err
    )


def test_from_another_folder_and_through_symlinks(equipped: Machine):
    elsewhere = equipped.root / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "first").symlink_to("second")
    (elsewhere / "second").symlink_to(equipped.checkout / "presenza")
    ended = equipped.run("check", script="./first", cwd=elsewhere)
    assert ended.out == f"ran in {elsewhere} with {equipped.checkout}/presenza-data\n"


def test_the_commands_exit_code_is_passed_on(equipped: Machine):
    assert equipped.run("fail").code == 7


def test_two_at_once_install_once(equipped: Machine):
    os.mkfifo(equipped.root / "gate")
    first = equipped.start("check")
    with (equipped.root / "gate").open("w"):  # opens when the first is inside pip
        second = equipped.start("check")
        assert "waiting" in second.stderr.readline()
    assert [len(process.communicate(timeout=30)) for process in (first, second)] == [2, 2]
    assert (first.returncode, second.returncode) == (0, 0)
    assert len(equipped.calls("--editable")) == 1


def test_an_interrupted_installation_is_made_good_by_the_next(equipped: Machine):
    os.mkfifo(equipped.root / "gate")
    first = equipped.start("check")
    with (equipped.root / "gate").open("w"):
        os.killpg(first.pid, signal.SIGINT)
        first.communicate(timeout=30)
    (equipped.root / "gate").unlink()
    assert first.returncode == 130
    assert equipped.run("check").code == 0
    assert len(equipped.calls("--editable")) == 2


@pytest.mark.parametrize("fault", ["apt-is-broken", "pip-is-broken"])
def test_a_failed_installation_says_why_and_is_tried_again(machine: Machine, fault: str):
    (machine.root / fault).touch()
    ended = machine.run("check")
    assert ended.code == 1
    assert "E: no network" in ended.err or "ERROR: No matching distribution" in ended.err
    (machine.root / fault).unlink()
    assert machine.run("check").code == 0


def test_without_rights_it_says_what_to_run_as_root(machine: Machine):
    machine.program("id", "#!/bin/sh\necho 1000\n")
    ended = machine.run("check")
    assert ended.code == 1
    assert "as root: apt-get install python3 python3-venv mosquitto" in ended.err


def test_without_apt_it_says_what_to_install(machine: Machine):
    (machine.root / "bin" / "apt-get").unlink()
    assert "no apt-get): python3 python3-venv mosquitto" in machine.run("check").err


def test_an_old_python_is_named_as_the_reason(equipped: Machine):
    (equipped.root / "python-is-old").touch()
    ended = equipped.run("check")
    assert ended.code == 1
    assert "Python 3.11 or newer is needed" in ended.err
