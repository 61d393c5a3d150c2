"""Checks of the broker's own files: its certificate, and whether the rights in force are ours."""

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from broker import policy, provision, tls
from broker.admin import Admin
from broker.certificates import RENEW_DAYS
from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.errors import PresenzaError, StoreCorrupt, Unavailable
from hub.settings import Settings

RESTART = "Restart `presenza up` (or `presenza broker`): it writes the rights anew."


def certificate(settings: Settings) -> Iterator[Finding]:
    try:
        until = tls.valid_until(settings)
    except Unavailable:
        yield ok("Certificate", "will be made at the first start")
        return
    days = (until - datetime.now(UTC)).days
    own = settings.mqtt_certificate is not None
    todo = (
        "Put a new one where PRESENZA_MQTT_CERTIFICATE says; it is taken over within a minute."
        if own
        else "Start `presenza up`: it renews it."
    )
    if days < 0:
        yield fail("Certificate", f"ended on {until:%Y-%m-%d}; no camera can connect.", todo)
    elif days < RENEW_DAYS:
        yield warn("Certificate", f"ends on {until:%Y-%m-%d}.", todo)
    else:
        yield ok("Certificate", f"of the cameras' listener, valid until {until:%Y-%m-%d}")


def broker_policy(settings: Settings) -> Iterator[Finding]:
    """Hold the rights in force against broker/policy.py: those of the running broker, else those in its file."""
    roles = _running(settings)
    where = "in force"
    if roles is None:
        roles, where = _written(settings), "written down, for the next start,"
    if roles is None:
        yield ok("Rights", "will be written at the first start")
        return
    wanted = {each["rolename"]: each for each in policy.roles(settings.site, _devices(roles))}
    foreign = sorted(roles.keys() - wanted.keys())
    changed = sorted(name for name in wanted if _rights(roles.get(name, {})) != _rights(wanted[name]))
    if changed:
        yield fail("Rights", f"those {where} are not this version's: {', '.join(changed[:5])}.", RESTART)
    if foreign:
        yield warn("Rights", f"there are roles that Presenza doesn't know: {', '.join(foreign[:5])}.", RESTART)
    if not changed and not foreign:
        yield ok("Rights", f"those {where} are this version's, for {len(wanted)} roles")


def _running(settings: Settings) -> Mapping[str, Mapping[str, Any]] | None:
    """The roles that the broker has; None when it doesn't run."""
    try:
        with Admin(settings) as admin:
            answer = admin.run([{"command": "listRoles", "verbose": True, "count": -1, "offset": 0}])[0]
    except PresenzaError:
        return None
    return {each["rolename"]: each for each in answer["data"]["roles"]}


def _written(settings: Settings) -> Mapping[str, Mapping[str, Any]] | None:
    path = provision.security_file(settings)
    try:
        return {each["rolename"]: each for each in json.loads(path.read_bytes())["roles"]}
    except FileNotFoundError:
        return None
    except (ValueError, KeyError, TypeError) as error:
        raise StoreCorrupt(f"{path} is damaged ({type(error).__name__}); restore it from a backup.") from None


def _devices(roles: Mapping[str, Any]) -> list[str]:
    prefix = policy.device_role("")
    return [name.removeprefix(prefix) for name in roles if name.startswith(prefix)]


def _rights(role: Mapping[str, Any]) -> set[tuple[str, str, bool]]:
    return {(each["acltype"], each["topic"], bool(each["allow"])) for each in role.get("acls", [])}


CHECKS: tuple[Check, ...] = (certificate, broker_policy)
