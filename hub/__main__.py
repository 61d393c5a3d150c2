"""`python -m hub` is the command `presenza`."""

import sys

import click

from hub.cli import cli
from hub.errors import PresenzaError


def main() -> None:
    """Run a command; errors of ours become one sentence on stderr and their exit code."""
    try:
        code = cli.main(prog_name="presenza", standalone_mode=False)
    except PresenzaError as error:
        click.echo(f"presenza: {error}", err=True)
        sys.exit(error.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    main()
