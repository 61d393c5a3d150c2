"""A camera's configuration: the wanted one is applied as a whole or not at all. Pure."""

from collections.abc import Collection, Mapping
from typing import Any

from hub import wire
from hub.errors import PayloadRefused
from hub.payloads import ConfigInForce, FieldError, WantedConfig, decode


class Configuration:
    """What is in force now. It outlives a reboot."""

    def __init__(
        self, factory: Mapping[str, Any] | None = None, *, abilities: Mapping[str, Collection[Any]] | None = None
    ) -> None:
        """`factory` gives the camera other defaults than the contract's. Raises ValueError for a bad one.

        `abilities` gives fields of which it can do less than the contract allows: the values that it takes.
        """
        self._abilities = dict(abilities or {})
        self._factory, errors = wire.check_config(dict(factory or {}))
        if errors:
            raise ValueError(f"{errors[0]['field']} {errors[0]['message']}")
        self.values: dict[str, Any] = dict(self._factory)
        self.version = 0

    def receive(self, payload: bytes) -> ConfigInForce:
        """Take a wanted configuration; return what to report. An empty payload means the defaults."""
        if not payload:
            self.values, self.version = dict(self._factory), 0
            return self.report()
        try:
            wanted = decode(WantedConfig, payload)
        except PayloadRefused as refusal:
            return self._rejection(self.version, [{"field": "config", "message": str(refusal)[:200]}])
        values, errors = wire.check_config(wanted.config)
        errors += self._beyond(values)
        if errors:
            return self._rejection(wanted.version, errors)
        self.values, self.version = values, wanted.version
        return self.report()

    def report(self) -> ConfigInForce:
        return ConfigInForce(version=self.version, state="applied", config=self.values)

    def _beyond(self, values: Mapping[str, Any]) -> list[dict[str, str]]:
        return [
            {"field": name, "message": f"this camera can do {', '.join(map(str, taken))} only"}
            for name, taken in self._abilities.items()
            if values[name] not in taken
        ]

    def _rejection(self, version: int, errors: list[dict[str, str]]) -> ConfigInForce:
        fields = [FieldError(**error) for error in errors]
        return ConfigInForce(version=version, state="rejected", errors=fields, config=self.values)
