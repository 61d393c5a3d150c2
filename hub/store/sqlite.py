"""The embedded store: one SQLite file in WAL mode, used by several threads and processes at once."""

from contextlib import suppress
from pathlib import Path

from hub.errors import Busy, Unavailable
from hub.store.connection import BUSY_S, Connection
from hub.store.sqlite_attendance import AttendanceTables
from hub.store.sqlite_configs import ConfigTables
from hub.store.sqlite_devices import DeviceTables
from hub.store.sqlite_events import EventTables
from hub.store.sqlite_people import PeopleTables
from hub.store.sqlite_review import ReviewTables
from hub.store.sqlite_templates import TemplateTables


class SqliteStore(
    PeopleTables, AttendanceTables, EventTables, DeviceTables, ConfigTables, ReviewTables, TemplateTables
):
    """Implements `hub.store.Store`."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        """Open the file, make it if it is missing, bring an older one up to date.

        Raises StoreCorrupt, Unavailable or Busy with a sentence that says what to do.
        """
        self._db = Connection(path, busy_s=busy_s)
        with suppress(Busy, Unavailable):  # then the next one to open it, or `tidy`, comes to it
            self.tidy()

    def close(self) -> None:
        self._db.close()

    def tidy(self) -> None:
        if self._db.scrub_is_due():
            self._db.scrub()

    def problems(self) -> list[str]:
        return self._db.problems()
