"""`presenza people`: enrol, list, show and remove people."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from hub import people
from hub.cli.consent import consent_options, person_of
from hub.cli.enrolling import Enroller, verdict_row
from hub.cli.output import emit, emit_json, json_option, note, printable, settings_option
from hub.cli.people_encode import encode_command
from hub.cli.people_import import import_command
from hub.cli.people_review import alike_command, not_command
from hub.erase import erase_person
from hub.errors import EnrolmentRefused
from hub.model import Person
from hub.payloads import PhotoVerdict
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_pictures, open_store

LISTED = {"person_id": "Id", "number": "Number", "name": "Name", "group": "Group", "photos": "Photos"}
SHOWN = {
    **LISTED,
    "consent_text": "Consent",
    "recorded_by": "Recorded by",
    "consent_version": "Text version",
    "days": "Days seen",
}
PHOTO = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group("people")
def people_command() -> None:
    """Enrol, list and remove people."""


@people_command.command("add")
@click.option("--name", default="", help="The person's name.")
@click.option("--number", default="", help="A number or code of your own; no two people share one.")
@click.option("--group", default="", help="Class, team or department.")
@consent_options
@click.option("--not-a-duplicate", is_flag=True, help="I made sure that this is nobody who is enrolled: a twin.")
@click.option("--to", "id_or_number", help="Add the photos to this person (id or number), who is enrolled already.")
@click.argument("photos", nargs=-1, type=PHOTO)
@settings_option
@json_option
def add(
    photos: tuple[Path, ...],
    settings: Settings,
    *,
    as_json: bool,
    id_or_number: str | None,
    not_a_duplicate: bool,
    **data: str,
) -> int:
    """Enrol a person.

    PHOTOS are JPEG, PNG or WebP with one face in each; three to five are best. Somebody none of whose
    photos is accepted isn't enrolled: exit code 2.
    """
    with closing(open_store(settings)) as store:
        enroller = Enroller(settings, store, open_pictures(settings), allow_duplicate=not_a_duplicate)
        if id_or_number is None:
            person = person_of(**data)
            added, verdicts = enroller.add(person, photos)
        else:
            person = people.find(store, id_or_number)
            verdicts = enroller.add_photos(person, photos)
            added = any(verdict.accepted for verdict in verdicts)
        enrolled = person if added or id_or_number else None
        missing = enroller.missing(enrolled) if enrolled and photos else []
        _report(enrolled, verdicts, missing, as_json=as_json)
    return 0 if added else EnrolmentRefused.exit_code


def _report(person: Person | None, verdicts: Sequence[PhotoVerdict], missing: Sequence[str], *, as_json: bool) -> None:
    person_id = person.person_id if person else None
    if as_json:
        rows = [verdict_row(verdict) for verdict in verdicts]
        emit_json({"person_id": person_id, "photos": rows, "missing": missing})
        return
    for verdict in verdicts:
        if not verdict.accepted:
            note(f"{verdict.photo}: {verdict.message}")
        elif verdict.looks_like:
            note(f"{verdict.photo}: looks like {verdict.looks_like}; between them the answer will often be uncertain.")
    accepted = sum(verdict.accepted for verdict in verdicts)
    if person is None:
        note("Nobody was enrolled: none of the photos can be used.")
        return
    click.echo(f"{person_id}  {printable(person.name)}  {accepted} of {len(verdicts)} photos accepted")
    for sentence in missing:
        note(sentence)
    if missing:
        note(f"More photos: presenza people add --to {person_id} PHOTO…")


people_command.add_command(import_command)
people_command.add_command(encode_command)
people_command.add_command(not_command)
people_command.add_command(alike_command)


@people_command.command("list")
@click.option("--group", help="Only this group.")
@settings_option
@json_option
def list_people(group: str | None, settings: Settings, *, as_json: bool) -> None:
    """Show everybody who is enrolled."""
    with closing(open_store(settings)) as store:
        rows = [_row(store, person) for person in store.people(group=group)]
    emit(rows, LISTED, as_json=as_json, empty="Nobody yet; `presenza people add` enrols somebody.")


@people_command.command("show")
@click.argument("person")
@settings_option
@json_option
def show(person: str, settings: Settings, *, as_json: bool) -> None:
    """Show what is kept of a person.

    PERSON is an id or a number. With --json it is everything but the pictures themselves.
    """
    with closing(open_store(settings)) as store:
        found = people.find(store, person)
        row = _row(store, found)
        photos = [asdict(photo) for photo in store.photos(found.person_id)]
        days = [asdict(day) for day in store.attendance("0001-01-01", "9999-12-31", person_id=found.person_id)]
    if as_json:
        emit_json({**row, "consent": asdict(found.consent), "photos": photos, "attendance": days})
        return
    consent = found.consent
    row.update(consent_text=consent.text, recorded_by=consent.recorded_by, consent_version=consent.version)
    emit({**row, "days": len(days)}, SHOWN, as_json=False)


@people_command.command("remove")
@click.argument("person")
@click.option("--yes", is_flag=True, help="Don't ask.")
@settings_option
def remove(person: str, settings: Settings, *, yes: bool) -> None:
    """Erase a person for good.

    PERSON is an id or a number. Photos, templates, attendance and the frames that show the person go.
    """
    with closing(open_store(settings)) as store:
        found = people.find(store, person)
        if not yes:
            click.confirm(f"Erase {printable(found.name)} with all attendance?", abort=True, err=True)
        removed = erase_person(store, open_pictures(settings), found.person_id)
    note(f"{found.person_id} is erased: {removed.rows} rows, {len(removed.pictures)} pictures.")


def _row(store: Store, person: Person) -> dict[str, Any]:
    return {
        "person_id": person.person_id,
        "name": person.name,
        "number": person.number,
        "group": person.group,
        "photos": len(store.photos(person.person_id)),
        "created_ms": person.created_ms,
    }
