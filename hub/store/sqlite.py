"""The embedded store: one SQLite file in WAL mode, used by several threads and processes at once."""

from contextlib import suppress
from pathlib import Path

from hub.errors import Busy, Unavailable
from hub.sealing import Keyring
from hub.settings import SITE_KEY
from hub.store.connection import BUSY_S, Connection
from hub.store.mirror import Mirror
from hub.store.outbox import Outbox
from hub.store.sqlite_attendance import AttendanceTables
from hub.store.sqlite_configs import ConfigTables
from hub.store.sqlite_devices import DeviceTables
from hub.store.sqlite_documents import Documents
from hub.store.sqlite_events import EventTables
from hub.store.sqlite_people import PeopleTables
from hub.store.sqlite_readings import ReadingTables
from hub.store.sqlite_review import ReviewTables
from hub.store.sqlite_seals import SealTables
from hub.store.sqlite_templates import TemplateTables


class SqliteStore(
    PeopleTables,
    AttendanceTables,
    EventTables,
    DeviceTables,
    ReadingTables,
    ConfigTables,
    ReviewTables,
    TemplateTables,
    SealTables,
):
    """Implements `hub.store.Store`."""

    def __init__(self, path: Path, keys: Keyring | None = None, *, busy_s: float = BUSY_S) -> None:
        """Open the file, make it if it is missing, bring an older one up to date, seal the vectors in it.

        `keys` are by default those of the data folder. Raises StoreCorrupt, KeyMissing, Unavailable or Busy
        with a sentence that says what to do.
        """
        self._keys = Keyring(path.parent / SITE_KEY) if keys is None else keys
        self._db = Connection(path, busy_s=busy_s)
        self.documents = Documents(self._db, self._keys)
        self.outbox = Outbox(self._db)
        self.mirror = Mirror(self._db, self._keys)
        try:
            self._open_seals()
            with suppress(Busy, Unavailable):  # then the next one to open it, or `tidy`, comes to it
                self.tidy()
        except BaseException:
            self._db.close()
            raise

    def close(self) -> None:
        self._db.close()

    def tidy(self) -> None:
        if self._db.scrub_is_due():
            self._db.scrub()

    def problems(self) -> list[str]:
        return self._db.problems()
