"""The command line as a whole."""

import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from hub import __version__, cli
from hub.cli import COMMANDS, EXIT_CODES
from hub.cli.output import emit, printable
from hub.errors import Unavailable

HEAVY = ("numpy", "aiomqtt", "paho", "hub.store", "hub.faces", "hub.cli.people")


def test_help_lists_every_command_and_exit_code():
    shown = CliRunner().invoke(cli.cli, ["--help"]).stdout
    assert all(f"\n  {name} " in shown for name in COMMANDS)
    assert all(f"\n  {code} " in shown for code in EXIT_CODES)


def test_help_imports_no_command():
    source = "import sys\nfrom hub.__main__ import main\ntry:\n    main()\nexcept SystemExit:\n    print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", source, "--help"], capture_output=True, text=True, check=True)
    assert not set(HEAVY) & set(run.stdout.splitlines()[-1].split())


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str):
    command = cli.cli.get_command(click.Context(cli.cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


def test_the_version_is_the_packages():
    assert CliRunner().invoke(cli.cli, ["--version"]).stdout == f"presenza, version {__version__}\n"


def test_a_command_whose_packages_are_missing_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(COMMANDS, "people", ("hub.cli.gone", ""))
    with pytest.raises(Unavailable, match=r"`people` needs hub\.cli\.gone"):
        cli.cli.get_command(click.Context(cli.cli), "people")


def test_names_cannot_steer_a_terminal():
    assert printable("Ada\x1b[2J\nBob\u202e") == "Ada\ufffd[2J\ufffdBob\ufffd"


def test_json_is_one_line_for_a_program(capsys: pytest.CaptureFixture[str]):
    emit([{"name": "Zoë", "seen": None}], {"name": "Name"}, as_json=True)
    assert capsys.readouterr().out == '[{"name": "Zoë", "seen": null}]\n'


def test_rows_go_into_a_pipe_as_columns(capsys: pytest.CaptureFixture[str]):
    emit([{"a": 1, "b": None, "c": True, "d": 0.12345}], {"a": "A", "b": "B", "c": "C", "d": "D"}, as_json=False)
    assert capsys.readouterr().out == "1\t\tyes\t0.123\n"


def test_a_terminal_gets_a_table_with_headings(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdout.isatty", lambda: True, raising=False)
    emit([{"name": "[bold]Ada"}], {"name": "Name"}, as_json=False)
    emit([], {"name": "Name"}, as_json=False, empty="Nobody yet.")
    assert click.unstyle(capsys.readouterr().out).split("\n")[:3] == ["Name     ", "[bold]Ada", "Nobody yet."]
