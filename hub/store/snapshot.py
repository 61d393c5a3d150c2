"""Whole copies of SQLite files, also while others write to them."""

import sqlite3
from contextlib import closing
from pathlib import Path

MAGIC = b"SQLite format 3\0"


def is_database(path: Path) -> bool:
    """Whether a file is SQLite's; one that is gone is none."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except FileNotFoundError:
        return False


def copy(source: Path, target: Path) -> None:
    """Write the database as it is at one moment, its log included, to a new file."""
    with (
        closing(sqlite3.connect(f"{source.absolute().as_uri()}?mode=rw", uri=True)) as reading,
        closing(sqlite3.connect(target)) as writing,
    ):
        reading.backup(writing)


def is_sound(path: Path) -> bool:
    """Whether SQLite finds nothing wrong with a file."""
    try:
        with closing(sqlite3.connect(path)) as database:
            return bool(database.execute("PRAGMA quick_check").fetchone()[0] == "ok")
    except sqlite3.DatabaseError:
        return False
