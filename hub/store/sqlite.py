"""The embedded store: one SQLite file in WAL mode, used by several threads and processes at once."""

from pathlib import Path

from hub.store.connection import BUSY_S, Connection
from hub.store.sqlite_attendance import AttendanceTables
from hub.store.sqlite_devices import DeviceTables
from hub.store.sqlite_events import EventTables
from hub.store.sqlite_people import PeopleTables


class SqliteStore(PeopleTables, AttendanceTables, EventTables, DeviceTables):
    """Implements `hub.store.Store`."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        """Open the file, make it if it is missing, bring an older one up to date.

        Raises StoreCorrupt, Unavailable or Busy with a sentence that says what to do.
        """
        self._db = Connection(path, busy_s=busy_s)

    def close(self) -> None:
        self._db.close()

    def problems(self) -> list[str]:
        return self._db.problems()
