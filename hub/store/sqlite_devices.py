"""Cameras and what is known of them in SQLite."""

import sqlite3
from collections.abc import Collection

from hub.errors import Conflict, NotFound
from hub.model import Device, DeviceState
from hub.store import rows
from hub.store.connection import Connection


class DeviceTables:
    _db: Connection

    def add_device(self, device: Device) -> None:
        with self._db.write() as db:
            try:
                db.execute("INSERT INTO device VALUES (:device, :created_ms, :note)", rows.device_values(device))
            except sqlite3.IntegrityError:
                raise Conflict("This device exists already.") from None
            _put_groups(db, device.device, device.groups)

    def devices(self) -> list[Device]:
        with self._db.read() as db:
            served: dict[str, list[str]] = {}
            for name, group in db.execute("SELECT device, group_name FROM device_group ORDER BY device, group_name"):
                served.setdefault(name, []).append(group)
            found = db.execute("SELECT * FROM device ORDER BY device")
            return [rows.device(row, tuple(served.get(row["device"], ()))) for row in found]

    def set_groups(self, device: str, groups: Collection[str]) -> None:
        with self._db.write() as db:
            if db.execute("SELECT 1 FROM device WHERE device = ?", (device,)).fetchone() is None:
                raise NotFound("There is no such device.")
            _put_groups(db, device, groups)

    def remove_device(self, device: str) -> None:
        with self._db.write() as db:
            db.execute("DELETE FROM device_state WHERE device = ?", (device,))
            db.execute("DELETE FROM device_history WHERE device = ?", (device,))
            db.execute("DELETE FROM wanted_config WHERE device = ?", (device,))
            db.execute("DELETE FROM device_group WHERE device = ?", (device,))
            db.execute("DELETE FROM config_follower WHERE device = ?", (device,))
            if not db.execute("DELETE FROM device WHERE device = ?", (device,)).rowcount:
                raise NotFound("There is no such device.")

    def put_device_state(self, state: DeviceState) -> None:
        with self._db.write() as db:
            db.execute(
                """INSERT OR REPLACE INTO device_state
                VALUES (:device, :seen_ms, :state, :status, :telemetry, :config)""",
                rows.device_state_values(state),
            )

    def device_states(self) -> list[DeviceState]:
        with self._db.read() as db:
            return [rows.device_state(row) for row in db.execute("SELECT * FROM device_state ORDER BY device")]


def _put_groups(db: sqlite3.Connection, device: str, groups: Collection[str]) -> None:
    db.execute("DELETE FROM device_group WHERE device = ?", (device,))
    db.executemany("INSERT INTO device_group VALUES (?, ?)", [(device, group) for group in sorted(set(groups))])
