"""`presenza people import`: a whole list of people at once."""

import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.progress import track

from hub.cli import rolls
from hub.cli.consent import consent_options, person_of
from hub.cli.enrolling import Enroller, verdict_row
from hub.cli.output import emit_json, json_option, note, settings_option
from hub.cli.rolls import Entry
from hub.errors import Conflict, EnrolmentRefused
from hub.model import Person
from hub.people import Namesakes
from hub.settings import Settings
from hub.store.opening import open_pictures, open_store

Row = dict[str, Any]


@click.command("import")
@click.argument("source", type=click.Path(exists=True, path_type=Path))
@click.option("--group", default="", help="Group of everybody for whom the list has none.")
@click.option("--again", is_flag=True, help="Enrol those without a number though their name is in that group already.")
@consent_options
@settings_option
@json_option
def import_command(source: Path, settings: Settings, *, again: bool, as_json: bool, **common: str) -> int:
    """Enrol a whole list of people.

    SOURCE is a folder with a sub-folder of photos for each person, or a CSV file. The CSV file's first
    line names its columns: name, and any of number, group, consent, photos (files or folders relative to
    the file, with | or ; between them). The whole list is checked before anybody is enrolled. Who is enrolled
    already, by number, or by name and group where the list has no number, is passed over, so that an import can
    be repeated. Exit code 2 when somebody could not be enrolled.
    """
    entries = rolls.read(source)
    people = _people(entries, common)
    with closing(open_store(settings)) as store:
        enroller = Enroller(settings, store, open_pictures(settings))
        namesakes = None if again else Namesakes(store.people())
        rows = [
            _enrol(enroller, person, entry, namesakes)
            for person, entry in track(
                list(zip(people, entries, strict=True)),
                description="Enrolling",
                console=Console(stderr=True),
                disable=not sys.stderr.isatty(),
                transient=True,
            )
        ]
    _report(rows, as_json=as_json)
    return EnrolmentRefused.exit_code if any(row["reason"] == "no_photo_accepted" for row in rows) else 0


def _people(entries: Sequence[Entry], common: dict[str, str]) -> list[Person]:
    """Raises EnrolmentRefused with a sentence for each entry that is no person."""
    people: list[Person] = []
    problems: list[str] = []
    for entry in entries:
        data = {"group": entry.group or common["group"], "consent": entry.consent or common["consent"]}
        try:
            people.append(person_of(**{**common, **data}, name=entry.name, number=entry.number))
        except EnrolmentRefused as error:
            problems.append(f"{entry.where}, {error.reason}: {error}")
    if problems:
        raise EnrolmentRefused("list", "\n".join(problems[: rolls.MAX_PROBLEMS]))
    return people


def _enrol(enroller: Enroller, person: Person, entry: Entry, namesakes: Namesakes | None) -> Row:
    row: Row = {"where": entry.where, "name": person.name, "number": person.number}
    if namesakes and namesakes.of(person):
        note(f"{entry.where}: somebody of this name and group is there; a number, or --again, tells them apart.")
        return {**row, "person_id": None, "reason": "enrolled_already", "photos": []}
    try:
        added, verdicts = enroller.add(person, entry.photos)
    except Conflict:
        return {**row, "person_id": None, "reason": "enrolled_already", "photos": []}
    for verdict in verdicts:
        if not verdict.accepted:
            note(f"{verdict.photo}: {verdict.message}")
    if added and namesakes:
        namesakes.add(person)
    reason = None if added else "no_photo_accepted"
    person_id = person.person_id if added else None
    return {**row, "person_id": person_id, "reason": reason, "photos": [verdict_row(each) for each in verdicts]}


def _report(rows: Sequence[Row], *, as_json: bool) -> None:
    if as_json:
        emit_json({"people": rows})
        return
    for row in rows:
        if row["reason"] == "no_photo_accepted":
            note(f"{row['where']}: {row['name']} was not enrolled, no photo can be used.")
    counts = [
        sum(row["reason"] == reason for row in rows) for reason in (None, "enrolled_already", "no_photo_accepted")
    ]
    click.echo("{} enrolled, {} enrolled already, {} without a photo that can be used".format(*counts))
