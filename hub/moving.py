"""From this machine alone to Firestore, and back. Each step can be repeated, and goes on where it was interrupted."""

import re
import secrets
import tomllib
from collections.abc import Callable
from pathlib import Path
from threading import Thread

from hub.cloud.drain import Line
from hub.cloud.starting import look
from hub.cloud.sync import is_running
from hub.errors import Busy, NotFound, SettingsError, Unavailable
from hub.mirroring import open_sync
from hub.settings import TOML_NAME, Settings
from hub.store.documents import PICTURES, Kind
from hub.store.lines import EXPORTED
from hub.store.outbox import now_ms
from hub.store.pictures import PictureStore
from hub.store.sqlite import SqliteStore

LOOK_S = 0.5
Show = Callable[[int, int], None]  # done, in all
_STORE_LINE = re.compile(r"^store\s*=.*$", re.MULTILINE)


def contents(store: SqliteStore) -> dict[str, int]:
    """How many documents of each kind, and how many pictures, there are to move."""
    return {kind.value: store.documents.count(kind) for kind in Kind} | {PICTURES: len(named_pictures(store))}


def named_pictures(store: SqliteStore) -> list[str]:
    return sorted(key for key in store.pictures_in_use("") if key.startswith(EXPORTED))


def check_cloud(settings: Settings) -> None:
    """Raises SettingsError, or Unavailable, for everything that would keep documents or pictures back."""
    troubles = look(settings, now_ms)
    if troubles:
        said = "\n".join(f"{trouble.message} {trouble.todo}" for trouble in troubles)
        raise Unavailable(said) if any(trouble.away for trouble in troubles) else SettingsError(said)


def to_firestore(settings: Settings, store: SqliteStore, pictures: PictureStore, show: Show) -> None:
    """Send everything, once the store was opened with these settings, which put all of it in the outbox.

    Raises Unavailable when the line goes down: what is left waits, and a hub sends it.
    """
    _synchronize(settings, store, pictures, show)


def to_sqlite(settings: Settings, store: SqliteStore, pictures: PictureStore, show: Show) -> int:
    """Fetch everything; `settings` still say Firestore. How many pictures are nowhere any more.

    Raises Busy while a hub or dashboard runs, Unavailable when the cloud can't be reached.
    """
    if is_running(settings.data_dir):
        raise Busy("A hub or a dashboard runs on this data folder. Stop it first.")
    _synchronize(settings, store, pictures, show)
    keys = named_pictures(store)
    gone = 0
    for number, key in enumerate(keys, 1):
        try:
            pictures.get(key)  # which keeps it here
        except NotFound:
            gone += 1
        show(number, len(keys))
    return gone


def write_choice(settings: Settings, choice: str) -> None:
    """Put `store = …` into presenza.toml, whose other lines stay. Raises SettingsError for a file that is no TOML."""
    path = settings.data_dir / TOML_NAME
    line = f'store = "{choice}"'
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        values = tomllib.loads(before)
        after = _STORE_LINE.sub(line, before) if "store" in values else f"{line}\n{before}"
        if tomllib.loads(after) != {**values, "store": choice}:
            raise SettingsError(f"{path} can't be changed safely: write {line} into it yourself.")
        _replace(path, after)
    except (OSError, ValueError) as error:
        raise SettingsError(f"{path} can't be changed: {error}. Write {line} into it yourself.") from None


def _replace(path: Path, text: str) -> None:
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    unfinished.write_text(text, encoding="utf-8")
    if path.exists():
        unfinished.chmod(path.stat().st_mode & 0o777)
    unfinished.replace(path)


def _synchronize(settings: Settings, store: SqliteStore, pictures: PictureStore, show: Show) -> None:
    """Send and pull everything, in a thread, so that somebody can watch what waits become less."""
    sync = open_sync(settings, store, pictures)
    assert sync is not None  # the settings say Firestore
    ended: list[Line | Exception] = []

    def work() -> None:
        try:
            ended.append(sync.once())
        except Exception as error:  # noqa: BLE001 - raised below, in the caller's thread
            ended.append(error)

    total = _waiting(store)
    thread = Thread(target=work, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LOOK_S)
        waiting = _waiting(store)
        total = max(total, waiting)
        show(total - waiting, total)
    if isinstance(ended[0], Exception):
        raise ended[0]
    if ended[0] is not Line.UP:
        figures = store.outbox.figures()
        raise Unavailable(figures.paused or figures.trouble or "The cloud can't be reached.")


def _waiting(store: SqliteStore) -> int:
    figures = store.outbox.figures()
    return figures.waiting + figures.pictures
