"""`presenza check`: a doctor. Each line says how something is, and what to do about it."""

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict

import click

from hub.cli import check_broker, check_cloud, check_devices, check_key, check_machine, check_people, check_site
from hub.cli.finding import Check, Finding, Level, fail
from hub.cli.output import emit_json, json_option, printable, settings_option
from hub.errors import PresenzaError
from hub.settings import Settings

CHECKS: tuple[Check, ...] = (
    *check_machine.CHECKS,
    *check_site.CHECKS,
    *check_key.CHECKS,
    *check_broker.CHECKS,
    *check_devices.CHECKS,
    *check_people.CHECKS,
    *check_cloud.CHECKS,
)
COLOURS = {Level.OK: "green", Level.WARN: "yellow", Level.FAIL: "red"}


@click.command("check")
@settings_option
@json_option
def check_command(settings: Settings, *, as_json: bool) -> int:
    """Look for what is wrong, and say what to do. Exit code 1 when something fails."""
    findings = []
    for check in CHECKS:
        for finding in run(check, settings):
            findings.append(finding)
            if not as_json:
                _print(finding)
    if as_json:
        emit_json([asdict(finding) for finding in findings])
    return int(any(finding.level is Level.FAIL for finding in findings))


def run(check: Check, settings: Settings) -> Iterator[Finding]:
    """What a check finds; one that can't be made is a finding too, and stops no other."""
    subject = check.__name__.replace("_", " ").capitalize()
    try:
        yield from check(settings)
    except PresenzaError as error:
        yield fail(subject, str(error), "")
    except (OSError, subprocess.SubprocessError) as error:
        yield fail(subject, f"could not be looked at: {error}.", "See to the rights of the files that are named.")


def _print(finding: Finding) -> None:
    level = (
        click.style(f"{finding.level:<4}", fg=COLOURS[finding.level]) if sys.stdout.isatty() else f"{finding.level:<4}"
    )
    click.echo(f"{level}  {finding.subject}: {printable(finding.message)}")
    if finding.todo:
        click.echo(f"      → {finding.todo}")
