"""Save a database of the current schema version as SQL, for the tests of later versions to open.

Run it once when a schema file is added, before the next one: `python -m tests.integration.store.databases.save`.
"""

import sqlite3
import tempfile
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from hub.model import Device, DeviceState, Outcome, Status
from hub.store.connection import APPLICATION_ID, newest_version
from hub.store.sqlite import SqliteStore
from tests.integration.store.records import (
    a_correction,
    a_face,
    a_frame,
    a_person,
    a_photo,
    a_template,
    a_vector,
    see,
)

FOLDER = Path(__file__).parent


def fill(store: SqliteStore) -> None:
    """A little of everything that version 1 knew."""
    store.add_person(a_person("p-1", name="Ada Ödegård", number="0007", group="1A"))
    store.add_person(a_person("p-2", name="Bob", group="1B"))
    store.add_photo(a_photo("f-1", "p-1"), [a_template("f-1", "p-1", seed=1), a_template("f-1", "p-1", seed=2)])
    see(store, a_frame(1), a_face("p-1"), a_face(None, Outcome.UNKNOWN), picture="results/2026-11-23/1.jpg")
    see(store, replace(a_frame(2), received_ms=a_frame().received_ms + 1), a_face("p-1"))
    store.correct(a_correction("c-1", Status.LATE))
    store.correct(a_correction("c-2", person_id="p-2"))
    store.add_device(Device("door-1", 1_000, "main entrance"))
    store.put_device_state(DeviceState("door-1", 2_000, "online", {"boot_id": 7}, {"rssi_dbm": -61}, {}))


def save(target: Path) -> None:
    """Write the SQL that makes such a database."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "presenza.db"
        store = SqliteStore(path)
        fill(store)
        store.close()
        with closing(sqlite3.connect(path)) as db:
            # Face vectors lie open, as in versions that didn't seal them: the key of this store isn't kept.
            for place, seed in enumerate((1, 2)):
                db.execute("UPDATE template SET vector = ? WHERE place = ?", (a_vector(seed).tobytes(), place))
            script = "\n".join(db.iterdump())
    pragmas = f"PRAGMA application_id = {APPLICATION_ID};\nPRAGMA user_version = {newest_version()};\n"
    target.write_text(pragmas + script + "\n", encoding="utf-8")


if __name__ == "__main__":
    save(FOLDER / f"{newest_version():04}.sql")
