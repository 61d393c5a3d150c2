"""A connection to the SQLite file: settings, schema versions, transactions, and errors as sentences."""

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from hub.errors import Busy, Conflict, InputError, PresenzaError, StoreCorrupt, Unavailable

SCHEMA = Path(__file__).parent / "schema"
APPLICATION_ID = 0x50525A41  # "PRZA": tells our files from other SQLite files
BUSY_S = 15.0  # longer than a VACUUM of a large file by another process
OLDEST_SQLITE = (3, 37, 0)  # STRICT tables

# WAL: readers don't wait for the writer. FULL: a commit is on the disk when it returns.
# secure_delete: what is deleted is overwritten with zeros.
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA secure_delete = ON",
    "PRAGMA foreign_keys = ON",
    "PRAGMA trusted_schema = OFF",
    "PRAGMA cell_size_check = ON",
)


def newest_version() -> int:
    """The schema version that this code writes: the number of the last schema file."""
    return max(int(path.stem) for path in SCHEMA.glob("[0-9]*.sql"))


class Connection:
    """One SQLite connection that threads share behind a lock. A file that is missing is made."""

    def __init__(self, path: Path, *, busy_s: float = BUSY_S) -> None:
        """Raises StoreCorrupt, Unavailable or Busy with a sentence that says what to do."""
        self._path = path
        self._busy_s = busy_s
        self._lock = threading.RLock()
        if sqlite3.sqlite_version_info < OLDEST_SQLITE:
            raise Unavailable(f"SQLite {sqlite3.sqlite_version} is too old: 3.37 or newer is needed.")
        with self._clear_errors():
            self._make_private()
            self._db = sqlite3.connect(path, timeout=busy_s, isolation_level=None, check_same_thread=False)
            try:
                self._prepare()
            except BaseException:
                self._db.close()
                raise

    @property
    def path(self) -> Path:
        return self._path

    def close(self) -> None:
        """Close for good; the second call does nothing."""
        with self._lock:
            self._db.close()

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """One consistent view for all reads in the block. Rows that make no sense raise StoreCorrupt."""
        with self._transaction("BEGIN"):
            try:
                yield self._db
            except UnicodeEncodeError:  # of a parameter, which is the caller's
                raise
            except ValueError as error:
                raise StoreCorrupt(f"{self._path} holds a row that can't be understood: {error}.") from error

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction that is durable when the block ends, and undone when it raises.

        IMMEDIATE takes the write lock at once: what is read inside can't change before it is written.
        """
        with self._transaction("BEGIN IMMEDIATE"):
            yield self._db

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        with self._lock, self._clear_errors():
            self._db.execute(begin)
            try:
                yield
                self._db.execute("COMMIT")
            except BaseException:
                if self._db.in_transaction:
                    self._db.execute("ROLLBACK")
                raise

    def scrub(self) -> None:
        """Rewrite the file from its live rows and empty the write-ahead log, so that nothing deleted is left.

        secure_delete alone isn't enough: pages that SQLite rebalanced hold old copies of rows in their
        free space, and the log holds earlier pages until it is overwritten. Raises Busy when another
        process reads all the time, Unavailable when the disk has no room for a second copy.
        """
        with self._lock, self._clear_errors():
            self._db.execute("VACUUM")
            self._truncate_log()
            # Only now, in a transaction that holds nothing of what was deleted.
            self._db.execute("DELETE FROM scrub_due")

    def scrub_is_due(self) -> bool:
        """Whether a removal was interrupted before its scrub was done."""
        with self.read() as db:
            return db.execute("SELECT 1 FROM scrub_due").fetchone() is not None

    def _truncate_log(self) -> None:
        give_up = time.monotonic() + self._busy_s
        while self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()["busy"]:
            if time.monotonic() > give_up:
                raise Busy(
                    f"Another process reads {self._path.name} all the time; what was erased is still in its "
                    "write-ahead log. It goes at the next start, or within the hour while a hub runs."
                )

    def problems(self) -> list[str]:
        """What SQLite's own full check finds wrong; empty when all is well. Reads the whole file."""
        try:
            with self._lock, self._clear_errors():
                found = [row[0] for row in self._db.execute("PRAGMA integrity_check")]
                found += [
                    f"row of {row[0]} points to a missing {row[2]}"
                    for row in self._db.execute("PRAGMA foreign_key_check")
                ]
        except StoreCorrupt as error:
            return [str(error)]
        return [line for line in found if line != "ok"]

    # -- opening ------------------------------------------------------------
    def _make_private(self) -> None:
        # SQLite gives its -wal and -shm files the mode of the database file.
        self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._path.touch(mode=0o600)

    def _prepare(self) -> None:
        self._db.row_factory = sqlite3.Row
        give_up = time.monotonic() + self._busy_s
        while True:
            try:
                self._refuse_foreign()
                for pragma in PRAGMAS:
                    self._db.execute(pragma)
                break
            except sqlite3.OperationalError as error:
                # SQLite doesn't wait by itself for the lock that changes the journal mode.
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > give_up:
                    raise
                time.sleep(0.01)
        if self._version() < newest_version():
            self._migrate()

    def _refuse_foreign(self) -> None:
        application = self._db.execute("PRAGMA application_id").fetchone()[0]
        tables = self._db.execute("SELECT count(*) FROM sqlite_schema").fetchone()[0]
        if application not in (0, APPLICATION_ID) or (application == 0 and tables):
            raise StoreCorrupt(
                f"{self._path} is an SQLite database, but not one of Presenza. "
                "Move it away or choose another PRESENZA_DATA_DIR."
            )
        if self._version() > newest_version():
            raise StoreCorrupt(
                f"{self._path} was written by a newer version of Presenza (schema {self._version()}, this one "
                f"knows {newest_version()}). Update Presenza, or restore the copy from before the update."
            )

    def _version(self) -> int:
        return int(self._db.execute("PRAGMA user_version").fetchone()[0])

    def _migrate(self) -> None:
        """Apply the schema files that this database hasn't seen, all or none; one process does it."""
        with self.write() as db:
            for path in sorted(SCHEMA.glob("[0-9]*.sql")):
                if int(path.stem) > self._version():
                    for statement in _statements(path.read_text(encoding="utf-8")):
                        db.execute(statement)
                    db.execute(f"PRAGMA user_version = {int(path.stem)}")
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")

    # -- errors -------------------------------------------------------------
    @contextmanager
    def _clear_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._sentence(error) from error
        except UnicodeEncodeError as error:
            raise InputError("encoding", "Text with lone surrogates can't be stored.") from error
        except OverflowError as error:
            raise InputError("number", "A number is too large to be stored.") from error

    def _sentence(self, error: sqlite3.Error) -> PresenzaError:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        name = getattr(error, "sqlite_errorname", type(error).__name__)
        if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or "decode to UTF-8" in str(error):
            return StoreCorrupt(
                f"{self._path} is damaged ({name}). Stop Presenza, keep a copy of the file, and restore a backup; or "
                f'try `sqlite3 {self._path.name} ".recover"` to save what can be read.'
            )
        if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
            return Busy(f"Another process keeps {self._path} locked for more than {self._busy_s:g} s.")
        if code == sqlite3.SQLITE_FULL:
            return Unavailable(f"The disk of {self._path} is full.")
        if code == sqlite3.SQLITE_CONSTRAINT:
            return Conflict(f"The store refuses this ({name}): {error}.")
        return Unavailable(f"{self._path} can't be used ({name}): {error}.")


def _statements(script: str) -> Iterator[str]:
    """The statements of a schema file. `executescript` would commit before it starts."""
    pending = ""
    for line in script.splitlines(keepends=True):
        pending += line
        if sqlite3.complete_statement(pending):
            yield pending
            pending = ""
    if pending.strip():
        raise ValueError("a schema file ends inside a statement")


def saved_version(path: Path) -> int:
    """The schema version of a database file, without changing it."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as db:
        return int(db.execute("PRAGMA user_version").fetchone()[0])
