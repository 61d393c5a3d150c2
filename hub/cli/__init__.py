"""The command line: `presenza COMMAND …`. Commands are imported when they are called, so that each starts fast."""

from importlib import import_module

import click

from hub import __version__

# command -> the module that holds it, under the same name
COMMANDS = {
    "demo": "hub.cli.run",
    "up": "hub.cli.run",
    "hub": "hub.cli.run",
    "broker": "hub.cli.broker",
    "camera": "hub.cli.camera",
    "people": "hub.cli.people",
    "attendance": "hub.cli.attendance",
    "device": "hub.cli.device",
    "check": "hub.cli.check",
    "bench": "hub.cli.bench",
    "test": "hub.cli.testing",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(module), f"{cmd_name}_command")
        return command


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="presenza")
def cli() -> None:
    """Presenza takes attendance by face."""
