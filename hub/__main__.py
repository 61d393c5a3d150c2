"""`python -m hub` is the command `presenza`."""

import os
import sys
import threading
import time

# Read when numpy is loaded, so before everything else. More threads would take the cores from the
# recognition processes, and on busy cores one match among 10,000 people takes twice as long with them.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import click

from hub.cli import cli
from hub.errors import PresenzaError

END_S = 10.0  # after its command the process is gone within so long


def main() -> None:
    """Run a command; errors of ours become one sentence on stderr and their exit code."""
    code = 1
    try:
        code = _run()
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        raise
    finally:
        _end_within(END_S, code)
    sys.exit(code)


def _run() -> int:
    try:
        code = cli.main(prog_name="presenza", standalone_mode=False)
    except PresenzaError as error:
        return _tell(error)
    except BaseExceptionGroup as group:
        # A TaskGroup wraps what ended it; ours is the reason, the rest only followed from it.
        reason = _ours(group)
        if reason is None:
            raise
        return _tell(reason)
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        return 130
    return code if isinstance(code, int) else 0


def _end_within(seconds: float, code: int) -> None:
    """End the process even if a thread doesn't: everything of ours is written and closed by now.

    Python before 3.11.5 waits for ever for a worker that died while a picture was being sent to it
    (cpython#94777), and systemd would kill the hub for it in the end.
    """

    def end() -> None:
        time.sleep(seconds)
        os._exit(code)

    threading.Thread(target=end, name="end", daemon=True).start()


def _ours(error: BaseException) -> PresenzaError | None:
    if isinstance(error, BaseExceptionGroup):
        return next(filter(None, map(_ours, error.exceptions)), None)
    return error if isinstance(error, PresenzaError) else None


def _tell(error: PresenzaError) -> int:
    click.echo(f"presenza: {error}", err=True)
    return error.exit_code


if __name__ == "__main__":
    main()
