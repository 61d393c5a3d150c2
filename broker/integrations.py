"""Identities of other people's programs: they read, and Home Assistant may also command cameras."""

from typing import Any

from broker import policy, tls
from broker.admin import Admin
from broker.provision import new_password
from hub import wire
from hub.errors import Conflict, InputError, NotFound
from hub.settings import Settings


def add(admin: Admin, name: str, role: str) -> str:
    """Give a program an identity. Returns its password. Raises InputError, Conflict."""
    if not wire.is_name(name):
        raise InputError("integration_name", f"{name!r} can't name an integration: use up to 32 of a-z, 0-9 and -.")
    if name in known(admin):
        raise Conflict(f"There is an integration {name} already.")
    user, password = policy.integration_user(name), new_password()
    client = {"command": "createClient", "username": user, "clientid": user, "password": password}
    admin.run([client | {"roles": [{"rolename": role}]}])
    return password


def remove(admin: Admin, name: str) -> None:
    """Take its identity away and cut it off. Raises NotFound."""
    if name not in known(admin):
        raise NotFound(f"There is no integration {name}.")
    admin.run([{"command": "deleteClient", "username": policy.integration_user(name)}])


def known(admin: Admin) -> dict[str, str]:
    """Every integration's name with its role."""
    prefix = policy.integration_user("")
    found = [each for each in admin.clients() if each["username"].startswith(prefix)]
    return {each["username"].removeprefix(prefix): each["roles"][0]["rolename"] for each in found if each["roles"]}


def credentials(settings: Settings, name: str, role: str, password: str) -> dict[str, Any]:
    """What the program needs to connect; the client id must be just this one."""
    user = policy.integration_user(name)
    return {
        "integration": name,
        "role": role,
        "site": settings.site,
        "username": user,
        "client_id": user,
        "password": password,
        "host": tls.names(settings)[0],
        "port": settings.mqtt_port,
        "tls": True,
        "ca": tls.ca_text(settings),
    }
