"""`presenza people not` and `presenza people alike`: who was taken for somebody else, and who may be."""

import os
from contextlib import closing
from getpass import getuser
from time import time_ns

import click

from hub import denial, faces
from hub.cli.calibrate import figures_in
from hub.cli.output import emit, emit_json, json_option, note, settings_option
from hub.faces import worker
from hub.payloads import DenyReply
from hub.reencode import engine_in_force
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_pictures, open_store

ALIKE = {
    "first": "Id",
    "first_name": "Name",
    "second": "Id",
    "second_name": "Name",
    "distance": "Distance",
}


@click.command("not")
@click.argument("event_id")
@click.option("--face", type=click.IntRange(0), default=0, help="Which face of the event, from 0: the largest.")
@click.option("--undo", is_flag=True, help="Take the correction back.")
@click.option("--by", help="Who says so; by default your user name.")
@settings_option
@json_option
def not_command(event_id: str, face: int, by: str | None, settings: Settings, *, undo: bool, as_json: bool) -> None:
    """Say that a face was taken for the wrong person.

    EVENT_ID is that of a sighting. The face becomes an example of who the person is not, so that it and what is
    like it isn't taken for them again. Who it is may be said in the dashboard.
    """
    with closing(open_store(settings)) as store:
        reply = denial.undo(store, event_id, face) if undo else _deny(settings, store, event_id, face, by or getuser())
    if as_json:
        emit_json(reply.model_dump(exclude={"v"}))
    else:
        _tell(reply)


def _deny(settings: Settings, store: Store, event_id: str, face: int, by: str) -> DenyReply:
    begun = denial.begin(store, event_id, face)
    picture = denial.picture_of(open_pictures(settings), begun)
    os.environ.update(worker.ENVIRONMENT)
    engine = faces.load(engine_in_force(store, faces.options(settings)))
    analysis = engine.analyze(picture)
    return denial.finish(store, begun, analysis, engine_id=engine.engine_id, by=by, at_ms=time_ns() // 1_000_000)


def _tell(reply: DenyReply) -> None:
    if reply.undone:
        note(f"The face may be {reply.person_id} again.")
        return
    note(f"Noted: face {reply.face} of {reply.event_id} is not {reply.person_id}.")
    if reply.attendance:
        note(
            f"Their attendance of {reply.attendance} began with this sighting; if they weren't there:"
            f" presenza attendance mark {reply.person_id} absent --day {reply.attendance} --reason REASON"
        )


@click.command("alike")
@settings_option
@json_option
def alike_command(settings: Settings, *, as_json: bool) -> None:
    """List pairs of people who look alike, the nearest first.

    Between them the answer is `uncertain` unless the margin is clear, and a person confirms. Somebody who is
    enrolled twice is here too.
    """
    with closing(open_store(settings)) as store:
        figures = figures_in(store, settings)
        names = {person.person_id: person.name for person in store.people()}
    rows = [
        {
            "first": pair.first,
            "first_name": names.get(pair.first),
            "second": pair.second,
            "second_name": names.get(pair.second),
            "distance": pair.distance,
        }
        for pair in (figures.alike if figures else ())
    ]
    emit(rows, ALIKE, as_json=as_json, empty="No two people look alike.")
