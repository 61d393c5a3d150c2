"""What cameras reported lately, in SQLite."""

from collections.abc import Collection
from dataclasses import astuple

from hub.model import Reading
from hub.store import PURGE_LIMIT
from hub.store.connection import Connection

# SQLite takes what isn't aggregated from the row that has the maximum.
READINGS = """
    SELECT device, max(minute), boot_id, CAST(round(avg(rssi_dbm)) AS INTEGER), CAST(round(avg(heap_free)) AS INTEGER),
        avg(temperature_c), frames_sent, frames_acked, frames_lost
    FROM device_history WHERE device = ? AND minute >= ? GROUP BY minute / ? ORDER BY minute"""


class ReadingTables:
    _db: Connection

    def keep_readings(self, readings: Collection[Reading]) -> None:
        with self._db.write() as db:
            db.executemany(
                "INSERT OR IGNORE INTO device_history VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                [astuple(each) for each in readings],
            )

    def readings(self, device: str, from_minute: int, *, step: int = 1) -> list[Reading]:
        with self._db.read() as db:
            return [Reading(*row) for row in db.execute(READINGS, (device, from_minute, step))]

    def purge_readings(self, before_minute: int, *, limit: int = PURGE_LIMIT) -> int:
        with self._db.write() as db:
            done = db.execute(
                """DELETE FROM device_history WHERE (device, minute) IN
                (SELECT device, minute FROM device_history WHERE minute < ? ORDER BY minute LIMIT ?)""",
                (before_minute, limit),
            )
            return done.rowcount
