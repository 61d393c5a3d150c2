"""The settings: one frozen class, the only reader of the environment and of presenza.toml.

A value comes from `PRESENZA_<NAME>`, else from `presenza.toml` in the data folder, else from the
default. Secrets also come from a file that `PRESENZA_<NAME>_FILE` names.
"""

import os
import re
import tomllib
from collections.abc import Mapping
from datetime import time
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, ValidationError

from hub import wire
from hub.errors import SettingsError

PREFIX = "PRESENZA_"
TOML_NAME = "presenza.toml"
SITE_KEY = "secrets/site-key.json"
SECRETS = ("mqtt_password", "redis_url")
HOST_LABEL = re.compile(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?")

Port = Annotated[int, Field(ge=1, le=65535)]


def _site_name(text: str) -> str:
    if not wire.is_name(text):
        raise ValueError("must match [a-z0-9][a-z0-9-]{0,31}")
    return text


def _space_name(text: str) -> str:
    return _site_name(text) if text else text


@cache
def _time_zones() -> set[str]:
    return available_timezones()  # reads hundreds of files


def _time_zone(text: str) -> str:
    if text not in _time_zones():
        raise ValueError("is no time zone of the IANA database, such as Europe/Berlin")
    return text


def _address(text: str) -> str:
    if text:
        try:
            ip_address(text)
        except ValueError:
            raise ValueError("must be an IP address, or empty") from None
    return text


def _comma_separated(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


def _host_names(names: tuple[str, ...]) -> tuple[str, ...]:
    for name in names:
        labels = name.split(".")
        if len(name) > 253 or not all(HOST_LABEL.fullmatch(label) for label in labels):
            try:
                ip_address(name)
            except ValueError:
                raise ValueError(f"{name} is neither a host name nor an IP address") from None
    return names


def _system_time_zone() -> str:
    """The machine's own time zone by its IANA name, else UTC."""
    candidates = [os.environ.get("TZ", "").lstrip(":")]
    target = Path("/etc/localtime").resolve().as_posix()
    candidates.append(target.partition("/zoneinfo/")[2])
    return next((name for name in candidates if name and name in _time_zones()), "UTC")


class Settings(BaseModel):
    """Everything that can be set. Each field's description is its line in docs/settings.md."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data_dir: Path = Field(
        Path("presenza-data"), description="Folder of the database, pictures, broker files and secrets"
    )
    cache_dir: Path = Field(Path("~/.cache/presenza"), description="Folder of converted models and sample photos")
    site: Annotated[str, AfterValidator(_site_name)] = Field("main", description="The site's name in every topic")
    time_zone: Annotated[str, AfterValidator(_time_zone)] = Field(
        default_factory=_system_time_zone, description="IANA time zone of the site; it decides what day it is"
    )
    mqtt_host: str = Field("127.0.0.1", description="Host of the broker that the hub and the dashboard connect to")
    mqtt_local_port: Port = Field(
        18830, description="Port of the broker's listener for the hub and the dashboard, loopback only"
    )
    mqtt_port: Port = Field(
        8883,
        description="Port of the broker's listener for cameras",
    )
    mqtt_certificate_port: Port | None = Field(
        None, description="Port of a listener for cameras that have a client certificate; none by default"
    )
    mqtt_bind: Annotated[str, AfterValidator(_address)] = Field(
        "", description="Address that the cameras' listener binds to, such as 192.168.1.10; empty: all of them"
    )
    mqtt_names: Annotated[tuple[str, ...], BeforeValidator(_comma_separated), AfterValidator(_host_names)] = Field(
        (),
        description="Names and addresses of the broker in its certificate, with commas between; new cameras are told"
        " the first. By default this machine's own",
    )
    mqtt_certificate: Path | None = Field(
        None, description="Certificate (PEM, with its chain) for the cameras' listener instead of one of our own"
    )
    mqtt_private_key: Path | None = Field(None, description="The private key of that certificate (PEM)")
    mqtt_ca: Path | None = Field(
        None, description="The CA certificate (PEM) that cameras check that certificate against"
    )
    home_assistant: bool = Field(
        False,
        description="Announce the cameras to Home Assistant, which gets an identity by `presenza integration add`",
    )
    mqtt_username: str = Field("hub", description="User name of the hub at the broker")
    mqtt_password: SecretStr | None = Field(
        None, description="The hub's password; by default the one that `presenza broker` made in the data folder"
    )
    http_port: Port = Field(8000, description="Port of the dashboard")
    http_host: str = Field("127.0.0.1", description="Address that the dashboard listens on; 0.0.0.0: all of them")
    http_origin: Annotated[str, Field(pattern=r"^(https?://[^/\s]+)?$")] = Field(
        "", description="The dashboard's address in the browser where a proxy stands before it: https://HOST"
    )
    redis_url: SecretStr | None = Field(
        None, description="Redis for the dashboard's channel layer; by default none is needed"
    )
    store: Literal["sqlite", "firestore"] = Field(
        "sqlite",
        description="Where people and attendance are kept: on this machine alone, or on Google Firestore too"
        " (docs/firestore.md)",
    )
    firebase_project: Annotated[str, Field(pattern=r"^([a-z0-9.-]+:)?([a-z][a-z0-9-]{4,28}[a-z0-9])?$")] = Field(
        "", description="Id of the Firebase project, for `firestore`"
    )
    firebase_credentials: Path | None = Field(
        None,
        description="Key file (JSON) of the project's service account; by default the one that"
        " `GOOGLE_APPLICATION_CREDENTIALS` names, or what the machine itself is allowed to",
    )
    storage_bucket: Annotated[str, Field(pattern=r"^([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])?$")] = Field(
        "", description="Bucket of Firebase Storage for the pictures, such as PROJECT.firebasestorage.app"
    )
    firebase_space: Annotated[str, AfterValidator(_space_name)] = Field(
        "",
        description="Name below which a hub keeps its people and attendance on Firestore; hubs of one name share them."
        " By default the site's",
    )
    cloud_test: bool = Field(
        False, description="For tests only: Firebase's emulators may be used, as `*_EMULATOR_HOST` says"
    )
    site_key_file: Path | None = Field(
        None,
        description="File of the keys that faces are sealed under, where it doesn't lie in the data folder; a dashboard"
        " on another machine needs the hub's",
    )
    workers: int = Field(
        default_factory=lambda: os.cpu_count() or 1,
        ge=1,
        le=256,
        description="Recognition processes; each takes one core and about 300 MB",
    )
    engine: Literal["fast", "reference"] = Field(
        "fast", description="Face engine: `fast`, or `reference` (plain face_recognition, about 20 times slower)"
    )
    encoder: Literal["dlib+sface", "dlib", "sface"] = Field(
        "dlib+sface",
        description="What tells faces apart: both encoders together, or one alone. After a change the enrolment photos"
        " are encoded anew",
    )
    fpir: float = Field(
        0.003,
        gt=0,
        le=0.2,
        description="Wanted share of strangers who are given somebody's name; how near a face must be follows from it"
        " and from who is enrolled",
    )
    max_distance: Annotated[float, Field(gt=0, le=2)] | None = Field(
        None, description="Instead of that: a face farther than this from everybody is unknown, a nearer one named"
    )
    min_face_px: int = Field(56, ge=16, le=1000, description="Faces smaller than this are `too_small`")
    day_start: time = Field(time(4, 0), description="Local time at which a new day of attendance begins")
    late_after: time = Field(time(9, 0), description="Who is first seen later than this is late")
    keep_pictures_days: int = Field(14, ge=0, le=3650, description="Pictures of frames are deleted after so many days")
    keep_events_days: int = Field(
        90, ge=1, le=3650, description="Events (each frame with faces) are deleted after so many days"
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="Least severity that is logged")
    log_format: Literal["auto", "console", "json"] = Field(
        "auto", description="Log lines for people, or as JSON; `auto`: console on a terminal"
    )
    fault_point: str = Field("", description="For tests only: the hub kills itself at the named step of the pipeline")

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)

    @property
    def space(self) -> str:
        """What the site's documents on Firestore lie below."""
        return self.firebase_space or self.site

    @property
    def secrets_dir(self) -> Path:
        return self.data_dir / "secrets"

    @property
    def site_key(self) -> Path:
        return self.site_key_file or self.data_dir / SITE_KEY

    @property
    def broker_dir(self) -> Path:
        return self.data_dir / "broker"

    @property
    def database(self) -> Path:
        return self.data_dir / "presenza.db"

    @property
    def pictures_dir(self) -> Path:
        return self.data_dir / "pictures"


def load(environ: Mapping[str, str] | None = None, **overrides: Any) -> Settings:
    """Read the settings. `overrides` (command-line options) win; None among them means not given.

    Raises SettingsError with one sentence for each bad value, without the value of a secret.
    """
    environ = os.environ if environ is None else environ
    given = {name: value for name, value in overrides.items() if value is not None}
    from_env = _from_environment(environ)
    data_dir = _folder("data_dir", given.get("data_dir") or from_env.get("data_dir"))
    from_toml = _from_toml(data_dir / TOML_NAME)
    if "data_dir" in from_toml:
        raise SettingsError(f"{data_dir / TOML_NAME} can't set data_dir: it lies in that folder.")
    values = {**from_toml, **from_env, **given, "data_dir": data_dir}
    values["cache_dir"] = _folder("cache_dir", values.get("cache_dir"))
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("\n".join(_sentence(problem) for problem in error.errors(include_url=False))) from None
    if settings.store == "firestore" and not settings.firebase_project:
        raise SettingsError("PRESENZA_STORE = firestore needs PRESENZA_FIREBASE_PROJECT, the id of the project.")
    return settings


def emulator_hosts(environ: Mapping[str, str] | None = None) -> dict[str, str]:
    """The variables that send Google's libraries to an emulator instead of Google, as far as they are set."""
    environ = os.environ if environ is None else environ
    return {name: value for name, value in environ.items() if name.endswith("_EMULATOR_HOST") and value}


def _folder(name: str, given: str | Path | None) -> Path:
    try:
        return Path(given or Settings.model_fields[name].default).expanduser().absolute()
    except (RuntimeError, TypeError) as error:  # ~somebody who isn't; something in the file that is no text
        raise SettingsError(f"{PREFIX}{name.upper()} = {given!r}: {error}") from None


def _from_environment(environ: Mapping[str, str]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, text in environ.items():
        name = key.removeprefix(PREFIX).lower()
        if not key.startswith(PREFIX):
            continue
        if name.removesuffix("_file") in SECRETS and name.endswith("_file"):
            if key.removesuffix("_FILE") in environ:
                raise SettingsError(f"{key.removesuffix('_FILE')} and {key} are both set; one is enough.")
            values[name.removesuffix("_file")] = _read_secret(key, Path(text))
        elif name in Settings.model_fields:
            # A container's file passes on what is not set outside as empty.
            if text or Settings.model_fields[name].default is not None:
                values[name] = text
        else:
            raise SettingsError(f"{key} is no setting of Presenza; see docs/settings.md.")
    return values


def _read_secret(key: str, path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, ValueError) as error:  # not UTF-8, a path with a NUL
        raise SettingsError(f"{key} names {path}, which can't be read: {type(error).__name__}.") from None


def _from_toml(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            return dict(tomllib.load(file))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:  # not TOML, not UTF-8, a path with a NUL
        raise SettingsError(f"{path} can't be read: {error}") from None


def _sentence(problem: Any) -> str:
    name = ".".join(str(part) for part in problem["loc"])
    message = problem["msg"].removeprefix("Value error, ")
    if problem["type"] == "extra_forbidden":
        return f"{name} is no setting of Presenza; see docs/settings.md."
    shown = "" if name in SECRETS else f" = {problem['input']!r}"
    return f"{PREFIX}{name.upper()}{shown}: {message}."
