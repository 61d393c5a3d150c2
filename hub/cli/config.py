"""`presenza device config`: what cameras are set to, version by version."""

import getpass
from collections.abc import Mapping
from contextlib import closing
from typing import Any

import click

from hub import configuration, shadow, wire
from hub.cli import config_templates
from hub.cli.config_line import Line, check_known
from hub.cli.config_rollout import rollout_command
from hub.cli.output import emit, json_option, note, settings_option
from hub.conductor import keep_answer, now_ms
from hub.errors import NotFound
from hub.settings import Settings
from hub.shadow import ConfigAnswer, Reported, State, WantedConfig
from hub.store import Store
from hub.store.opening import open_store

ALL = 1_000_000  # versions
LISTED = {"device": "Camera", "state": "State", "version": "Wanted", "in_force": "In force", "template": "Template"}
SHOWN = {"field": "Setting", "wanted": "Wanted", "in_force": "In force", "problem": "The camera says"}
TOLD = {"device": "Camera", "version": "Version", "state": "State", "problem": "The camera says"}
HISTORY = {
    "version": "Version",
    "state": "State",
    "by": "By",
    "at_ms": "When",
    "origin": "From",
    "changed": "Changed",
    "problem": "The camera said",
}

by_option = click.option("--by", default=getpass.getuser, help="Who wants it; by default whoever runs this.")
wait_option = click.option(
    "--wait",
    "wait_s",
    default=10.0,
    show_default=True,
    type=click.FloatRange(0, 3600),
    help="Seconds to wait for the camera's answer.",
)


@click.group("config")
def config_command() -> None:
    """Set cameras, see what they say to it, and go back.

    Each change is a version, which the broker keeps for a camera that is away. A camera applies it
    as a whole or refuses it.
    """


config_command.add_command(config_templates.template_command)
config_command.add_command(rollout_command)


@config_command.command("list")
@settings_option
@json_option
def list_configs(settings: Settings, *, as_json: bool) -> None:
    """Show of every camera where its configuration is: wanted, applied, refused."""
    with closing(open_store(settings)) as store:
        names = sorted({each.device for each in store.devices()} | {each.device for each in store.device_states()})
        templates = {device: each.name for each in store.config_templates() for device in each.cameras}
        rows = [_summary(store, name) | {"template": templates.get(name, "")} for name in names]
    emit(rows, LISTED, as_json=as_json, empty="No cameras yet; `presenza device add NAME` adds one.")


@config_command.command("show")
@click.argument("device")
@settings_option
@json_option
def show(device: str, settings: Settings, *, as_json: bool) -> None:
    """Show each setting of DEVICE: wanted, in force, and what the camera has against it."""
    with closing(open_store(settings)) as store:
        check_known(store, [device])
        newest, reported = configuration.newest_of(store, device), configuration.reported_of(store, device)
        summary = _summary(store, device)
    problems = shadow.problems_of(newest, reported)
    wanted = shadow.merged(newest, {})
    rows = [
        {"field": name, "wanted": wanted[name], "in_force": reported.config.get(name), "problem": problems.get(name)}
        for name in wire.CONFIG_FIELDS
    ]
    if as_json:
        emit(summary | {"by": newest.by if newest else None, "fields": rows}, {}, as_json=True)
        return
    note(f"{device}: {summary['state']}, version {summary['version'] or 0} wanted, {summary['in_force']} in force")
    emit(rows, SHOWN, as_json=False)
    for name in problems.keys() - wire.CONFIG_FIELDS.keys():
        note(f"The camera says of {name}: {problems[name]}")


@config_command.command("set")
@click.argument("device")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@by_option
@wait_option
@settings_option
@json_option
def set_config(
    *, device: str, fields: tuple[str, ...], by: str, wait_s: float, settings: Settings, as_json: bool
) -> int:
    """Change settings of DEVICE; the others stay. `led=` puts one back to its default."""
    changed = shadow.parse_fields(fields)
    with closing(open_store(settings)) as store, Line(settings) as line:
        check_known(store, [device])
        config = shadow.checked(shadow.merged(configuration.newest_of(store, device), changed))
        return _want(store, line, settings, device, config, by=by, wait_s=wait_s, as_json=as_json)


@config_command.command("rollback")
@click.argument("device")
@click.argument("version", type=click.IntRange(0))
@by_option
@wait_option
@settings_option
@json_option
def rollback(*, device: str, version: int, by: str, wait_s: float, settings: Settings, as_json: bool) -> int:
    """Set DEVICE to what VERSION was, as a new version. 0: to the defaults."""
    with closing(open_store(settings)) as store, Line(settings) as line:
        check_known(store, [device])
        before = {each.version: each for each in store.wanted_configs(device, limit=ALL)}
        if version and version not in before:
            raise NotFound(f"{device} has no version {version}; `presenza device config history {device}` lists them.")
        config = before[version].config if version else wire.default_config()
        origin = f"version {version}" if version else "defaults"
        return _want(store, line, settings, device, config, by=by, wait_s=wait_s, as_json=as_json, origin=origin)


@config_command.command("history")
@click.argument("device")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="How many versions, from the last."
)
@settings_option
@json_option
def history(device: str, limit: int, settings: Settings, *, as_json: bool) -> None:
    """Show who set DEVICE to what, when, and what the camera said to it."""
    with closing(open_store(settings)) as store:
        check_known(store, [device])
        found = store.wanted_configs(device, limit=limit + 1)
    rows = [_version(each, before) for each, before in zip(found, [*found, None][1:], strict=True)][:limit]
    if not as_json:
        for row in rows:
            row["changed"] = ", ".join(f"{name}: {old} → {new}" for name, (old, new) in row["changed"].items())
            row["problem"] = _sentence(row["problem"])
    emit(rows, HISTORY, as_json=as_json, empty="Nothing was changed yet: the camera's defaults are in force.")


def _want(
    store: Store,
    line: Line,
    settings: Settings,
    device: str,
    config: Mapping[str, object],
    *,
    by: str,
    wait_s: float,
    as_json: bool,
    origin: str = "",
) -> int:
    """Want it, wait for the answer, and tell; 1 where the camera refuses."""
    wanted = configuration.want(
        store, line.publish, settings.site, device, config, by=by, now_ms=now_ms(), origin=origin
    )
    report = line.answer(device, wanted.version, wait_s)
    if report is not None:
        keep_answer(store, device, report)
    state = shadow.state_of(wanted, report or Reported())
    problem = dict(report.errors) if report else {}
    row = {"device": device, "version": wanted.version, "state": state, "problem": problem, "config": dict(config)}
    emit(row if as_json else row | {"problem": _sentence(problem)}, TOLD, as_json=as_json)
    if state is State.WAITING:
        note(f"{device} has not answered yet; the broker keeps this for it.")
    return int(state is State.REFUSED)


def _summary(store: Store, device: str) -> dict[str, Any]:
    newest, reported = configuration.newest_of(store, device), configuration.reported_of(store, device)
    return {
        "device": device,
        "state": shadow.state_of(newest, reported),
        "version": newest.version if newest else None,
        "in_force": reported.version if reported.state == shadow.APPLIED else None,
        "problem": dict(shadow.problems_of(newest, reported)),
    }


def _version(wanted: WantedConfig, before: WantedConfig | None) -> dict[str, Any]:
    answer = wanted.answer
    return {
        "version": wanted.version,
        "state": _said(answer),
        "by": wanted.by,
        "at_ms": wanted.at_ms,
        "origin": wanted.origin,
        "changed": shadow.changes(before.config if before else {}, wanted.config),
        "problem": dict(answer.errors) if answer else {},
        "answered_ms": answer.at_ms if answer else None,
        "config": dict(wanted.config),
    }


def _said(answer: ConfigAnswer | None) -> State:
    if answer is None:
        return State.WAITING
    return State.APPLIED if answer.state == shadow.APPLIED else State.REFUSED


def _sentence(problem: Mapping[str, str]) -> str:
    return "; ".join(f"{name}: {message}" for name, message in problem.items())
