"""The configuration: the last good one from flash, a wanted one from the broker, applied whole or not at all."""

import json
import os

import wire
from log import log

_FILE = "config.json"


class Config:
    def __init__(self):
        self.version = 0
        self.values = wire.default_config()
        self._restore()

    def __getitem__(self, field):
        return self.values[field]

    def apply(self, payload):
        """Take a wanted configuration (docs/wire.md) and return the report of what is in force now."""
        version, wanted, errors = _read(payload)
        if not errors:
            values, errors = wire.check_config(wanted)
            errors += _beyond_hardware(values)
        if errors:
            log("config", "refused:", ", ".join([e["field"] + " " + e["message"] for e in errors]))
            return self.report(version, errors)
        if (version, values) != (self.version, self.values):
            self.version, self.values = version, values
            self._save()
            log("config", "version", version, "in force")
        return self.report(version)

    def report(self, version=None, errors=()):
        return {
            "v": 1,
            "version": self.version if version is None else version,
            "state": "rejected" if errors else "applied",
            "errors": list(errors)[:50],
            "config": self.values,
        }

    def _restore(self):
        try:
            with open(_FILE) as file:
                saved = json.load(file)
            values, errors = wire.check_config(saved["config"])
        except (OSError, ValueError, KeyError, TypeError):
            return
        if not errors:
            self.version, self.values = saved["version"], values

    def _save(self):
        with open(_FILE + ".new", "w") as file:
            json.dump({"version": self.version, "config": self.values}, file)
        os.rename(_FILE + ".new", _FILE)


def _read(payload):
    """(version, wanted fields, errors); nothing at all means the defaults."""
    if not payload:
        return 0, {}, []
    try:
        wanted = json.loads(payload)
        version = wanted["version"]
        if isinstance(version, bool) or not isinstance(version, int) or version < 0:
            raise ValueError
        return version, wanted["config"], []
    except (ValueError, KeyError, TypeError):
        return 0, {}, [{"field": "config", "message": "must be JSON with version and config"}]


def _beyond_hardware(values):
    """The contract allows more than this sensor can do."""
    if values["rotate"] in (90, 270):
        return [{"field": "rotate", "message": "this camera turns its picture by 0 or 180 only"}]
    return []
