"""A new person from the command line: the options that record the consent."""

import getpass
import time
from collections.abc import Callable
from typing import Any, TypeVar

import click

from hub import people
from hub.model import Person

F = TypeVar("F", bound=Callable[..., Any])


def consent_options(command: F) -> F:
    """Add `--consent`, `--consent-by` and `--consent-version`."""
    by = "Who recorded the consent; by default whoever runs this."
    version = "Version of the text; by default made of the text."
    command = click.option("--consent-version", default="", help=version)(command)
    command = click.option("--consent-by", default=getpass.getuser, help=by)(command)
    return click.option("--consent", default="", help="To what the person has agreed, as a text. Needed.")(command)


def person_of(*, name: str, number: str, group: str, consent: str, consent_by: str, consent_version: str) -> Person:
    """A new person from the options. Raises EnrolmentRefused."""
    return people.new_person(
        name,
        number,
        group,
        consent=consent,
        recorded_by=consent_by,
        now_ms=time.time_ns() // 1_000_000,
        version=consent_version,
    )
