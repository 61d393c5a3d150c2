"""The configuration of cameras: what was wanted of them against what they say is in force. Pure.

| newest wanted version | the camera's report                  | state     |
|-----------------------|--------------------------------------|-----------|
| none                  |                                      | `default` |
| N                     | none yet, or of an older version     | `waiting` |
| N                     | N applied, with what was wanted      | `applied` |
| N                     | N refused, with fields and messages  | `refused` |
| N                     | N or newer, but something else in it | `differs` |

`differs` is a camera that was set by somebody else, or from a backup that is older than this.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from hub import wire
from hub.errors import InputError

APPLIED = "applied"
REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class ConfigAnswer:
    """What a camera said to a version that was wanted: `applied`, or `rejected` with (field, message) pairs."""

    device: str
    version: int
    state: str
    errors: tuple[tuple[str, str], ...]
    at_ms: int


@dataclass(frozen=True, slots=True)
class WantedConfig:
    """A configuration that somebody wanted a camera to have. Versions of a camera rise from 1.

    `origin` says what it was made of (`template doors`, `version 3`), empty for a change by hand. `answer`
    is the camera's last one to this version, None before there is any.
    """

    device: str
    version: int
    config: Mapping[str, object]
    by: str
    at_ms: int
    origin: str = ""
    answer: ConfigAnswer | None = None


@dataclass(frozen=True, slots=True)
class ConfigTemplate:
    """What a group of cameras shall have in common: some fields, and who follows them."""

    name: str
    config: Mapping[str, object]
    cameras: tuple[str, ...]
    by: str
    at_ms: int


class State(StrEnum):
    """Where a camera's configuration is on its way; the table above."""

    DEFAULT = "default"
    WAITING = "waiting"
    APPLIED = "applied"
    REFUSED = "refused"
    DIFFERS = "differs"


@dataclass(frozen=True, slots=True)
class Reported:
    """What a camera reported last (`up/config`)."""

    version: int = 0
    state: str = ""
    errors: tuple[tuple[str, str], ...] = ()
    config: Mapping[str, object] = field(default_factory=dict)

    @classmethod
    def of(cls, payload: Mapping[str, object]) -> "Reported":
        """From the payload as the hub keeps it (`DeviceState.config`); an empty one is no report."""
        version, errors, config = payload.get("version"), payload.get("errors"), payload.get("config")
        pairs = [(str(each.get("field")), str(each.get("message"))) for each in _objects(errors)]
        return cls(
            version if isinstance(version, int) else 0,
            str(payload.get("state", "")),
            tuple(pairs),
            config if isinstance(config, Mapping) else {},
        )


def _objects(value: object) -> list[Mapping[str, object]]:
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def state_of(wanted: WantedConfig | None, reported: Reported) -> State:
    """Where the newest wanted configuration is. One that somebody else has sent may be newer than ours."""
    if _refused_now(wanted, reported):
        return State.REFUSED
    if wanted is None:
        return State.DEFAULT
    if wanted.answer is not None and wanted.answer.state == REJECTED:
        return State.REFUSED
    if reported.version < wanted.version or not reported.state:
        return State.WAITING
    same = all(reported.config.get(name) == value for name, value in wanted.config.items() if name in reported.config)
    return State.APPLIED if same and reported.version == wanted.version else State.DIFFERS


def problems_of(wanted: WantedConfig | None, reported: Reported) -> Mapping[str, str]:
    """What the camera has against the newest wanted configuration: field → its message."""
    if _refused_now(wanted, reported):
        return dict(reported.errors)
    answer = wanted.answer if wanted else None
    return dict(answer.errors) if answer is not None and answer.state == REJECTED else {}


def _refused_now(wanted: WantedConfig | None, reported: Reported) -> bool:
    return reported.state == REJECTED and (wanted is None or reported.version >= wanted.version)


def next_version(newest: WantedConfig | None, reported: Reported) -> int:
    """Newer than everything that was wanted, and than what the camera says: our records may be gone."""
    return max(newest.version if newest else 0, reported.version) + 1


def changes(before: Mapping[str, object], after: Mapping[str, object]) -> dict[str, tuple[object, object]]:
    """What differs between two configurations, field → (before, after), in the contract's order."""
    old, new = {**wire.default_config(), **before}, {**wire.default_config(), **after}
    return {name: (old.get(name), new[name]) for name in new if old.get(name) != new[name]}


def merged(newest: WantedConfig | None, some: Mapping[str, object]) -> dict[str, object]:
    """What was wanted last (else the defaults) with some fields changed. None as a value: back to the default."""
    defaults = wire.default_config()
    base = {**defaults, **(newest.config if newest else {})}
    return base | {name: defaults.get(name) if value is None else value for name, value in some.items()}


def checked(config: Mapping[str, object]) -> Mapping[str, object]:
    """The configuration, if the contract allows it. The camera has the last word: it may refuse what this lets pass.

    Raises InputError that names each field that is out of its range, and each that the contract doesn't know.
    """
    _, errors = wire.check_config(dict(config))
    sentences = [f"{each['field']} {each['message']}" for each in errors]
    sentences += [f"{name} is no setting of cameras" for name in config if name not in wire.CONFIG_FIELDS]
    if sentences:
        raise InputError("config", "; ".join(sentences) + ".")
    return config


def parse_fields(words: Sequence[str]) -> dict[str, object]:
    """`led=off burst_fps=2` as values of the contract's types; `led=` means back to its default (None).

    Raises InputError for a word that isn't of this form; `checked` judges the values.
    """
    fields: dict[str, object] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise InputError("config", f"{word}: write it as field=value.")
        if name not in wire.CONFIG_FIELDS:
            raise InputError("config", f"{name} is no setting of cameras; there are {', '.join(wire.CONFIG_FIELDS)}.")
        fields[name] = _value(name, text) if text else None
    return fields


def _value(name: str, text: str) -> object:
    kind, allowed, _ = wire.CONFIG_FIELDS[name]
    if kind == "choice":
        return next((each for each in allowed if str(each) == text), text)
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, int | float) else text
