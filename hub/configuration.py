"""Wanting a configuration of a camera: its next version is written down first, then published, retained."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from hub import shadow, wire
from hub.errors import Conflict, PresenzaError
from hub.payloads import WantedConfig as WantedPayload
from hub.shadow import Reported, State, WantedConfig
from hub.store import Store

TRIES = 5  # others may take the same version at the same moment

Publish = Callable[[str, bytes], None]  # topic and payload; retained. Raises Unavailable.


def want(
    store: Store,
    publish: Publish,
    site: str,
    device: str,
    config: Mapping[str, object],
    *,
    by: str,
    now_ms: int,
    origin: str = "",
) -> WantedConfig:
    """Make `config` the camera's next version. Raises Conflict, and what `publish` raises: then nothing is kept."""
    wanted = _written(store, device, config, by=by, now_ms=now_ms, origin=origin)
    try:
        _publish(publish, site, wanted)
    except PresenzaError:
        store.withdraw_config(device, wanted.version)
        raise
    # Who took the next version meanwhile may have been faster to the broker: the newest one must be the last word.
    newest = store.wanted_configs(device, limit=1)
    if newest and newest[0].version != wanted.version:
        _publish(publish, site, newest[0])
    return wanted


def _written(
    store: Store, device: str, config: Mapping[str, object], *, by: str, now_ms: int, origin: str
) -> WantedConfig:
    for attempt in range(TRIES):
        version = shadow.next_version(newest_of(store, device), reported_of(store, device))
        wanted = WantedConfig(device, version, config, by, now_ms, origin)
        try:
            store.want_config(wanted)
        except Conflict:
            if attempt == TRIES - 1:
                raise
        else:
            return wanted
    raise AssertionError("unreachable")


def _publish(publish: Publish, site: str, wanted: WantedConfig) -> None:
    payload = WantedPayload(version=wanted.version, config=dict(wanted.config))
    publish(wire.down(site, wanted.device, wire.CONFIG), payload.encode())


def newest_of(store: Store, device: str) -> WantedConfig | None:
    """What a camera was to be set to last."""
    return next(iter(store.wanted_configs(device, limit=1)), None)


def reported_of(store: Store, device: str) -> Reported:
    """What a camera said of its configuration last."""
    state = next((each for each in store.device_states() if each.device == device), None)
    return Reported.of(state.config if state else {})


@dataclass(frozen=True, slots=True)
class Plan:
    """What a change of some fields means for cameras: each one's whole configuration, and who has it already."""

    wanted: Mapping[str, Mapping[str, object]]
    settled: tuple[str, ...]


def plan(store: Store, devices: Sequence[str], some: Mapping[str, object]) -> Plan:
    """What to want of each camera, in the order given. Raises InputError where the contract forbids it."""
    whole = {device: shadow.checked(shadow.merged(newest_of(store, device), some)) for device in devices}
    settled = tuple(device for device in devices if _is_set(store, device, whole[device]))
    return Plan({device: config for device, config in whole.items() if device not in settled}, settled)


def _is_set(store: Store, device: str, wanted: Mapping[str, object]) -> bool:
    newest, reported = newest_of(store, device), reported_of(store, device)
    state = shadow.state_of(newest, reported)
    return state is State.APPLIED and newest is not None and not shadow.changes(newest.config, wanted)
