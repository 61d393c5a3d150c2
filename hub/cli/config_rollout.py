"""`presenza device config rollout`: one camera first, then the rest."""

import getpass
from contextlib import closing
from functools import partial

import click

from hub import configuration, shadow
from hub.cli.config_line import Line, check_known
from hub.cli.config_templates import named
from hub.cli.output import emit, json_option, note, settings_option
from hub.conductor import Conductor, now_ms
from hub.errors import InputError
from hub.rollout import Rollout
from hub.settings import Settings
from hub.store.opening import open_store

COLUMNS = {"device": "Camera", "stage": "Stage", "version": "Version", "message": "Why"}


@click.command("rollout")
@click.argument("devices", nargs=-1, metavar="[DEVICE]...")
@click.option("--template", help="The template to bring to its cameras, or to those that are named.")
@click.option("--set", "fields", multiple=True, metavar="FIELD=VALUE", help="A setting to change; repeatable.")
@click.option("--first", help="The camera that goes ahead; by default the first one.")
@click.option(
    "--patience",
    "patience_s",
    default=60.0,
    show_default=True,
    type=click.FloatRange(1, 86400),
    help="Seconds that a camera has to answer, and the first one to show that its frames still come.",
)
@click.option("--by", default=getpass.getuser, help="Who wants it; by default whoever runs this.")
@settings_option
@json_option
def rollout_command(
    *,
    devices: tuple[str, ...],
    template: str | None,
    fields: tuple[str, ...],
    first: str | None,
    patience_s: float,
    by: str,
    settings: Settings,
    as_json: bool,
) -> int:
    """Set many cameras: one first, and the rest when it has applied that and its frames still come.

    The first camera is asked for a picture, which the hub must be able to read. Where it refuses, says
    nothing or sends no picture, nothing is sent to the others. Cameras that are set so already are left out.
    Exit code 1 unless all have applied it.
    """
    if not template and not fields:
        raise InputError("rollout", "Say what to set: --template NAME, or --set FIELD=VALUE.")
    with closing(open_store(settings)) as store, Line(settings, results=True) as line:
        some: dict[str, object] = dict(named(store, template).config) if template else {}
        some |= shadow.parse_fields(fields)
        cameras = _ordered(devices or (named(store, template).cameras if template else ()), first)
        check_known(store, cameras)
        plan = configuration.plan(store, cameras, some)
        for device in plan.settled:
            note(f"{device} is set so already.")
        if not plan.wanted:
            return 0
        origin = f"template {template}" if template else ""
        rollout = Rollout(list(plan.wanted), patience_ms=patience_s * 1000)
        want = partial(configuration.want, store, line.publish, settings.site, by=by, origin=origin)
        Conductor(rollout, line, store, plan.wanted, lambda device, config: want(device, config, now_ms=now_ms())).run()
    _tell(rollout, as_json=as_json)
    return int(not rollout.all_applied)


def _ordered(devices: tuple[str, ...], first: str | None) -> list[str]:
    cameras = list(dict.fromkeys(devices))
    if not cameras:
        raise InputError("rollout", "Name cameras, or have some follow the template.")
    if first is not None:
        if first not in cameras:
            raise InputError("rollout", f"{first} is none of the cameras of this roll-out.")
        cameras.sort(key=lambda device: device != first)
    return cameras


def _tell(rollout: Rollout, *, as_json: bool) -> None:
    rows = [
        {"device": each.device, "stage": each.stage, "version": each.version or None, "message": each.message}
        for each in rollout.progress
    ]
    emit(rows, COLUMNS, as_json=as_json)
    if rollout.stopped:
        first, waiting = rollout.progress[0], len(rollout.progress) - 1
        note(f"Stopped at {first.device}, {first.stage}: {first.message}. Nothing was sent to the other {waiting}.")
        note(f"`presenza device config rollback {first.device} VERSION` takes it back there.")
