"""`presenza device config template`: what groups of cameras have in common."""

import getpass
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import replace

import click

from hub import shadow, wire
from hub.cli.config_line import check_known
from hub.cli.output import emit, json_option, note, settings_option
from hub.conductor import now_ms
from hub.errors import InputError, NotFound
from hub.settings import Settings
from hub.shadow import ConfigTemplate
from hub.store import Store
from hub.store.opening import open_store

COLUMNS = {"name": "Template", "config": "Settings", "cameras": "Cameras", "by": "By", "at_ms": "When"}

by_option = click.option("--by", default=getpass.getuser, help="Who changes it; by default whoever runs this.")


@click.group("template")
def template_command() -> None:
    """Name settings that a group of cameras shares.

    A template is a stock of settings: `presenza device config rollout` brings it to its cameras.
    """


@template_command.command("list")
@settings_option
@json_option
def list_templates(settings: Settings, *, as_json: bool) -> None:
    """Show the templates and who follows them."""
    with closing(open_store(settings)) as store:
        rows = [_row(each, as_json=as_json) for each in store.config_templates()]
    emit(rows, COLUMNS, as_json=as_json, empty="No templates yet; `presenza device config template set` makes one.")


@template_command.command("set")
@click.argument("name")
@click.argument("fields", nargs=-1, required=True, metavar="FIELD=VALUE...")
@by_option
@settings_option
def set_template(name: str, fields: tuple[str, ...], by: str, settings: Settings) -> None:
    """Make the template NAME, or change settings of it; `led=` leaves one to each camera again."""
    if not wire.is_name(name):
        raise InputError("template", f"{name!r} can't name a template: use up to 32 of a-z, 0-9 and -.")
    changed = shadow.parse_fields(fields)
    shadow.checked({field: value for field, value in changed.items() if value is not None})
    with closing(open_store(settings)) as store:
        before = _existing(store).get(name) or ConfigTemplate(name, {}, (), by, 0)
        config = {field: value for field, value in {**before.config, **changed}.items() if value is not None}
        store.put_config_template(replace(before, config=config, by=by, at_ms=now_ms()))
    note(f"`presenza device config rollout --template {name}` brings it to its cameras.")


@template_command.command("add")
@click.argument("name")
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...")
@by_option
@settings_option
def add_cameras(name: str, devices: tuple[str, ...], by: str, settings: Settings) -> None:
    """Have each DEVICE follow the template NAME, and no other."""
    with closing(open_store(settings)) as store:
        check_known(store, devices)
        _put_cameras(store, name, lambda before: {*before, *devices}, by)


@template_command.command("drop")
@click.argument("name")
@click.argument("devices", nargs=-1, required=True, metavar="DEVICE...")
@by_option
@settings_option
def drop_cameras(name: str, devices: tuple[str, ...], by: str, settings: Settings) -> None:
    """Have each DEVICE follow the template NAME no longer. What it is set to stays."""
    with closing(open_store(settings)) as store:
        _put_cameras(store, name, lambda before: set(before) - set(devices), by)


@template_command.command("remove")
@click.argument("name")
@settings_option
def remove_template(name: str, settings: Settings) -> None:
    """Forget the template NAME. What its cameras are set to stays."""
    with closing(open_store(settings)) as store:
        store.remove_config_template(name)
    note(f"{name} is removed.")


def named(store: Store, name: str) -> ConfigTemplate:
    """Raises NotFound."""
    found = _existing(store).get(name)
    if found is None:
        raise NotFound(f"There is no template {name}; `presenza device config template list` shows them.")
    return found


def _existing(store: Store) -> Mapping[str, ConfigTemplate]:
    return {each.name: each for each in store.config_templates()}


def _put_cameras(store: Store, name: str, change: Callable[[Sequence[str]], set[str]], by: str) -> None:
    before = named(store, name)
    cameras = tuple(sorted(change(before.cameras)))
    store.put_config_template(replace(before, cameras=cameras, by=by, at_ms=now_ms()))


def _row(template: ConfigTemplate, *, as_json: bool) -> dict[str, object]:
    config, cameras = dict(template.config), list(template.cameras)
    shown = " ".join(f"{field}={value}" for field, value in config.items())
    return {
        "name": template.name,
        "config": config if as_json else shown,
        "cameras": cameras if as_json else ", ".join(cameras),
        "by": template.by,
        "at_ms": template.at_ms,
    }
