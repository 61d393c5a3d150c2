"""`python -m hub` is the command `presenza`."""

import os
import sys

# Read when numpy is loaded, so before everything else. More threads would take the cores from the
# recognition processes, and on busy cores one match among 10,000 people takes twice as long with them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from hub.cli import cli
from hub.errors import PresenzaError


def main() -> None:
    """Run a command; errors of ours become one sentence on stderr and their exit code."""
    try:
        code = cli.main(prog_name="presenza", standalone_mode=False)
    except PresenzaError as error:
        _end_with(error)
    except BaseExceptionGroup as group:
        # A TaskGroup wraps what ended it; ours is the reason, the rest only followed from it.
        reason = _ours(group)
        if reason is None:
            raise
        _end_with(reason)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)


def _ours(error: BaseException) -> PresenzaError | None:
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_ours, error.exceptions)), None)
    return error if isinstance(error, PresenzaError) else None


def _end_with(error: PresenzaError) -> None:
    click.echo(f"presenza: {error}", err=True)
    sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
