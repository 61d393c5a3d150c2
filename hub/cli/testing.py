"""`presenza test`: every check of the project. All of them run; one that fails makes the whole fail."""

import subprocess
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import click

import hub
from hub.errors import Unavailable

CHECKOUT = Path(hub.__file__).parents[1]
BIN = Path(sys.executable).parent

CHECKS = {
    "ruff check": [sys.executable, "-m", "ruff", "check", "."],
    "ruff format": [sys.executable, "-m", "ruff", "format", "--check", "."],
    "mypy": [sys.executable, "-m", "mypy"],
    "import-linter": [str(BIN / "lint-imports")],
}


@click.command("test")
@click.option("--quick", is_flag=True, help="Of the tests, run the unit tests only.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test_command(*, quick: bool, pytest_args: tuple[str, ...]) -> int:
    """Run the linters, the type checker and the tests.

    What follows `--` goes to pytest: `presenza test -- -k attendance`.
    """
    if not (CHECKOUT / "tests").is_dir():
        raise Unavailable("The tests are in the project's checkout; this is an installation without one.")
    if find_spec("pytest") is None:
        raise Unavailable("The test tools aren't installed; ./presenza test installs them.")
    failed = [name for name, command in CHECKS.items() if not _passes(name, command)]
    # pytest comes last and its own closing line is the last one: nothing is said after it.
    click.echo(f"== pytest (failed before it: {', '.join(failed)})" if failed else "== pytest")
    sys.stdout.flush()
    tests = subprocess.run(_pytest(quick=quick, pytest_args=pytest_args), cwd=CHECKOUT, check=False)
    return tests.returncode or int(bool(failed))


def _passes(name: str, command: list[str]) -> bool:
    """Run one check; its output is shown only when it fails."""
    click.echo(f"== {name}: ", nl=False)
    sys.stdout.flush()
    start = time.monotonic()
    run = subprocess.run(
        command, cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    took_s = time.monotonic() - start
    click.echo(f"{'FAILED' if run.returncode else 'ok'} ({took_s:.1f} s)")
    if run.returncode:
        click.echo(run.stdout.rstrip())
    return run.returncode == 0


def _pytest(*, quick: bool, pytest_args: tuple[str, ...]) -> list[str]:
    # Without a path pytest takes `testpaths` of setup.cfg.
    return [sys.executable, "-m", "pytest", "-q", *pytest_args, *(["tests/unit"] if quick else [])]
