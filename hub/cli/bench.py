"""`presenza bench NAME`: the measurements in tests/benchmarks, each a module bench_NAME with a click `command`."""

import sys
from importlib import import_module
from pathlib import Path

import click

import hub
from hub.errors import Unavailable

CHECKOUT = Path(hub.__file__).parents[1]
FOLDER = CHECKOUT / "tests" / "benchmarks"


class Benchmarks(click.Group):
    """Its commands are the files of the folder; none is imported before it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        names = (path.stem.removeprefix("bench_") for path in FOLDER.glob("bench_*.py"))
        return sorted(name.replace("_", "-") for name in names)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Raises Unavailable without a checkout, or when a package that the benchmark needs isn't installed."""
        if not FOLDER.is_dir():
            raise Unavailable("The benchmarks are in the project's checkout; this is an installation without one.")
        if cmd_name not in self.list_commands(ctx):
            return None
        if str(CHECKOUT) not in sys.path:
            sys.path.insert(0, str(CHECKOUT))  # `tests` is no part of the installation
        try:
            module = import_module(f"tests.benchmarks.bench_{cmd_name.replace('-', '_')}")
        except ModuleNotFoundError as error:
            raise Unavailable(f"This benchmark needs {error.name}; ./presenza test installs the tools.") from error
        command: click.Command = module.command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The first line of each file says what it measures."""
        with formatter.section("Benchmarks"):
            formatter.write_dl([(name, _first_line(name)) for name in self.list_commands(ctx)])


def _first_line(name: str) -> str:
    first = (FOLDER / f"bench_{name.replace('-', '_')}.py").read_text(encoding="utf-8").partition("\n")[0]
    return first.strip('"')


@click.group("bench", cls=Benchmarks)
def bench_command() -> None:
    """Measure speed and accuracy; each benchmark has options of its own, among them --json."""
