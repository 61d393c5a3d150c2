"""The command line: `presenza COMMAND …`. Commands are imported when they are called, so that each starts fast."""

from importlib import import_module

import click

from hub import __version__
from hub.errors import Unavailable

# command -> the module that holds it as `{command}_command`, and its line in `presenza --help`
COMMANDS = {
    "demo": ("hub.cli.run", "Show it all: a broker, the hub, two simulated cameras, three people."),
    "up": ("hub.cli.run", "Run the broker and the hub together."),
    "hub": ("hub.cli.run", "Run the hub alone."),
    "dashboard": ("hub.cli.dashboard", "Run the dashboard alone, or make its accounts."),
    "broker": ("hub.cli.broker", "Run the MQTT broker alone."),
    "camera": ("hub.cli.camera", "Simulate cameras."),
    "people": ("hub.cli.people", "Enrol, list and remove people."),
    "attendance": ("hub.cli.attendance", "Show and correct attendance."),
    "device": ("hub.cli.device", "Give cameras an identity, or take it away."),
    "integration": ("hub.cli.integration", "Let other programs read along."),
    "backup": ("hub.cli.backup", "Write everything into one file, while it runs."),
    "restore": ("hub.cli.backup", "Make a data folder from a backup."),
    "export": ("hub.cli.export", "Write people, attendance and pictures as lines of JSON."),
    "import": ("hub.cli.export", "Take in what export wrote."),
    "store": ("hub.cli.store", "Move everything to Firestore, or back."),
    "key": ("hub.cli.key", "The keys that faces are sealed under."),
    "sync": ("hub.cli.sync", "How it stands with the cloud."),
    "service": ("hub.cli.service", "Run at every boot, with systemd."),
    "calibrate": ("hub.cli.calibrate", "Tell how well this site's people are told apart."),
    "check": ("hub.cli.check", "Find out what is wrong, and what to do."),
    "bench": ("hub.cli.bench", "Measure speed and accuracy."),
    "test": ("hub.cli.testing", "Run the project's checks and tests."),
}

# exit code -> what it says; hub/errors.py gives each error its code
EXIT_CODES = {
    0: "All went well.",
    1: "It failed; the sentence on stderr says why.",
    2: "What was given is not acceptable: an option, a setting, a file, a photo.",
    3: "There is no such thing.",
    4: "It exists already.",
    5: "Another process holds what is needed: a data folder, a port.",
    6: "A peer can't be reached: broker, hub, store.",
    130: "Interrupted with Ctrl-C.",
}


class LazyGroup(click.Group):
    """A group that imports a command's module only when the command is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Raises Unavailable when a module that the command needs isn't installed."""
        if cmd_name not in COMMANDS:
            return None
        module, _ = COMMANDS[cmd_name]
        try:
            command: click.Command = getattr(import_module(module), f"{cmd_name}_command")
        except ModuleNotFoundError as error:
            raise Unavailable(
                f"`{cmd_name}` needs {error.name}, which isn't installed here; try ./presenza."
            ) from error
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands from the table above, so that help imports none of them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """What the exit codes mean."""
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="presenza")
def cli() -> None:
    """Presenza takes attendance by face."""
