"""`presenza test` and `presenza bench`."""

import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from hub.cli import bench, cli, testing
from hub.errors import Unavailable


def says(text: str, code: int = 0) -> list[str]:
    return [sys.executable, "-c", f"print({text!r}); raise SystemExit({code})"]


def run_with(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str], checks: dict[str, list[str]], tests: list[str]
) -> tuple[int, list[str]]:
    monkeypatch.setattr(testing, "CHECKS", checks)
    monkeypatch.setattr(testing, "_pytest", lambda **_: tests)
    code = cli.main(["test"], standalone_mode=False)
    return int(code), capfd.readouterr().out.splitlines()


def test_all_is_well(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    code, lines = run_with(monkeypatch, capfd, {"lint": says("secret of the linter")}, says("3 passed"))
    assert code == 0
    assert [line.partition(" (")[0] for line in lines] == ["== lint: ok", "== pytest", "3 passed"]


def test_every_part_runs_and_one_that_fails_fails_the_whole(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
):
    checks = {"lint": says("line 7 is wrong", 1), "types": says("")}
    code, lines = run_with(monkeypatch, capfd, checks, says("3 passed"))
    assert code == 1
    assert "line 7 is wrong" in lines
    assert any(line.startswith("== types: ok") for line in lines)
    assert lines[-2:] == ["== pytest (failed before it: lint)", "3 passed"]


def test_failing_tests_give_their_own_code(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]):
    assert run_with(monkeypatch, capfd, {}, says("1 failed", 5))[0] == 5


@pytest.mark.parametrize(
    ("quick", "arguments", "expected"),
    [
        (False, (), []),
        (True, (), ["tests/unit"]),
        (False, ("-k", "broker"), ["-k", "broker"]),
        (True, ("-x",), ["-x", "tests/unit"]),
    ],
)
def test_what_pytest_is_given(quick: bool, arguments: tuple[str, ...], expected: list[str]):
    command = testing._pytest(quick=quick, pytest_args=arguments)
    assert command[command.index("-q") + 1 :] == expected


def test_an_installation_without_a_checkout_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(testing, "CHECKOUT", tmp_path)
    monkeypatch.setattr(bench, "FOLDER", tmp_path / "benchmarks")
    for command in (["test"], ["bench", "match"]):
        with pytest.raises(Unavailable, match="checkout"):
            cli.main(command, standalone_mode=False)


def test_every_benchmark_is_listed_and_has_a_command():
    shown = CliRunner().invoke(cli, ["bench", "--help"]).stdout
    context = click.Context(bench.bench_command)
    names = bench.bench_command.list_commands(context)
    assert names
    for name in names:
        assert f"\n  {name} " in shown
        assert bench.bench_command.get_command(context, name)
