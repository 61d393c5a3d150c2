"""The broker's folder: configuration, identities and rights, secrets; made before mosquitto starts.

broker/mosquitto.conf                  from the template beside this file
broker/state/dynamic-security.json     the plugin's file; after the first start only the plugin writes it
broker/state/mosquitto.db              retained messages and sessions
secrets/{admin,hub,dashboard}.password random, readable for our user only
"""

import base64
import hashlib
import json
import secrets
from pathlib import Path
from string import Template
from typing import Any

from broker import clients, policy, tls
from broker.files import Account, broker_account, give, make_folder, write
from broker.mosquitto import find_plugin, is_running
from hub import wire
from hub.errors import StoreCorrupt, Unavailable
from hub.settings import Settings

# Our passwords are 256 random bits, which no dictionary holds: stretching them would only slow
# down the broker when somebody knocks ten thousand times. 101 is the plugin's own figure.
ITERATIONS = 101
SALT_BYTES = 12


def prepare(settings: Settings) -> None:
    """Make everything that mosquitto needs to start; safe to repeat, keeps identities and secrets."""
    account = broker_account()
    make_folder(settings.broker_dir, 0o750, group=account)
    make_folder(_state(settings), 0o700, owner=account)
    make_folder(settings.secrets_dir, 0o700)
    passwords = {name: _secret(settings, name) for name in policy.SERVICES}
    tls.ensure(settings)
    _write_configuration(settings, account)
    _adopt(settings, account)
    path = security_file(settings)
    if not path.exists():
        write(path, _encode(_first_security(settings.site, passwords)), 0o600, owner=account)
    elif not is_running(settings):  # while it runs the file is the plugin's
        _refresh_security(path, settings.site, passwords, account)


def credentials(settings: Settings, role: str) -> tuple[str, str]:
    """User name and password of `hub`, `dashboard` or `admin`. Raises Unavailable before the first start."""
    if role == policy.HUB and settings.mqtt_password is not None:
        return settings.mqtt_username, settings.mqtt_password.get_secret_value()
    path = password_file(settings, role)
    try:
        return role, path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise Unavailable(
            f"{path} is missing: the broker of this data folder was never started; start it with `presenza up`."
        ) from None
    except PermissionError:
        raise Unavailable(f"{path} belongs to another user; run this as the one who runs the broker.") from None


def password_file(settings: Settings, role: str) -> Path:
    """Where a service's password is kept."""
    return settings.secrets_dir / f"{role}.password"


def security_file(settings: Settings) -> Path:
    """The dynamic-security plugin's file of identities and rights."""
    return _state(settings) / "dynamic-security.json"


def new_password() -> str:
    """256 random bits, in letters that need no quoting anywhere."""
    return secrets.token_urlsafe(32)


def hashed(password: str) -> dict[str, Any]:
    """A password in the plugin's form: PBKDF2 with SHA-512, base64."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return {
        "password": base64.b64encode(digest).decode(),
        "salt": base64.b64encode(salt).decode(),
        "iterations": ITERATIONS,
    }


def _adopt(settings: Settings, account: Account) -> None:
    """Give mosquitto its files: after a restore, or a start as another user, they are somebody else's."""
    for path in _state(settings).iterdir():
        give(path, owner=account)
    for path in (settings.broker_dir / "tls").glob("*.*"):
        give(path, group=account)
        path.chmod(0o640)


def _state(settings: Settings) -> Path:
    return settings.broker_dir / "state"


def _secret(settings: Settings, name: str) -> str:
    path = password_file(settings, name)
    if not path.exists():
        write(path, new_password().encode() + b"\n", 0o600)
    return credentials(settings, name)[1]


def _write_configuration(settings: Settings, account: Account) -> None:
    values = {
        "user": account.name,
        "plugin": find_plugin(),
        "local_port": settings.mqtt_local_port,
        "camera_listener": f"{settings.mqtt_port} {settings.mqtt_bind}".rstrip(),
        "certificate_listener": f"{settings.mqtt_certificate_port} {settings.mqtt_bind}".rstrip(),
    }
    text = _filled("mosquitto.conf", values)
    if settings.mqtt_certificate_port is not None:
        clients.ensure(settings)
        text += _filled("certificates.conf", values)
    write(settings.broker_dir / "mosquitto.conf", text.encode(), 0o640, group=account)


def _filled(template: str, values: dict[str, Any]) -> str:
    return Template(Path(__file__).with_name(template).read_text(encoding="utf-8")).substitute(values)


def _first_security(site: str, passwords: dict[str, str]) -> dict[str, Any]:
    return {
        "defaultACLAccess": policy.DEFAULT_ACCESS,
        "clients": _services(passwords),
        "groups": [],
        "roles": policy.roles(site, []),
    }


def _services(passwords: dict[str, str]) -> list[dict[str, Any]]:
    # Bound to one client id: else it could throw out anybody by taking theirs.
    claim = _service(policy.CLAIM, policy.CLAIM_PASSWORD) | {"clientid": policy.CLAIM, "disabled": True}
    return [*(_service(name, password) for name, password in passwords.items()), claim]


def _service(name: str, password: str) -> dict[str, Any]:
    return {"username": name, "textname": name, "roles": [{"rolename": name}], **hashed(password)}


def _refresh_security(path: Path, site: str, passwords: dict[str, str], account: Account) -> None:
    """Bring rights (another version, another site name) and services' passwords up to date; cameras stay."""
    try:
        kept = json.loads(path.read_bytes())
        others = [c for c in kept["clients"] if c["username"] not in (*passwords, policy.CLAIM)]
        devices = [c["username"] for c in others if wire.is_name(c["username"])]
    except (ValueError, KeyError, TypeError) as error:
        raise StoreCorrupt(f"{path} is damaged ({type(error).__name__}); restore it from a backup.") from None
    kept.update(
        defaultACLAccess=policy.DEFAULT_ACCESS,
        clients=_services(passwords) + others,
        roles=policy.roles(site, devices),
    )
    write(path, _encode(kept), 0o600, owner=account)


def _encode(security: dict[str, Any]) -> bytes:
    return json.dumps(security, indent=1).encode()
