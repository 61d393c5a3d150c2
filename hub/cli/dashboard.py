"""`presenza dashboard`: the dashboard is a program of its own, because the hub knows nothing of it."""

import os
import sys
from importlib.util import find_spec

import click

from hub.cli.output import settings_option
from hub.errors import Unavailable
from hub.settings import PREFIX, Settings

ROLES = ("admin", "teacher", "viewer", "technician")


@click.group("dashboard", invoke_without_command=True)
@settings_option
@click.pass_context
def dashboard_command(context: click.Context, settings: Settings) -> None:
    """Serve the dashboard, with a broker and a hub that run already."""
    context.obj = settings
    if context.invoked_subcommand is None:
        _become(settings)


@dashboard_command.command("account")
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="admin", show_default=True, help="What it may see and do.")
@click.option("--group", "groups", multiple=True, help="A teacher's group; several times for several.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_obj
def account_command(settings: Settings, name: str, role: str, groups: tuple[str, ...], *, as_json: bool) -> None:
    """Make the account NAME, or give it a new password when it is there; the password is printed this once."""
    options = [f"--group={group}" for group in groups] + (["--json"] if as_json else [])
    _become(settings, "account", name, f"--role={role}", *options)


def available() -> bool:
    """Whether the dashboard's packages are installed."""
    return all(find_spec(name) is not None for name in ("dashboard", "daphne", "django"))


def _become(settings: Settings, *arguments: str) -> None:
    """Replace this process by the dashboard's: signals then reach it without a middleman."""
    if not available():
        raise Unavailable("The dashboard isn't installed here: pip install 'presenza[dashboard]', or try ./presenza.")
    environment = {**os.environ, f"{PREFIX}DATA_DIR": str(settings.data_dir)}
    os.execve(sys.executable, [sys.executable, "-m", "dashboard", *arguments], environment)  # noqa: S606 - our own
