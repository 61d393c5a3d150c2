"""Checks of the way to Google Firestore and Firebase Storage, where the settings want it."""

from collections.abc import Iterator
from contextlib import closing

from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.cloud import firebase, starting
from hub.errors import SettingsError
from hub.pipeline import now_ms
from hub.settings import Settings
from hub.store.opening import open_store


def cloud(settings: Settings) -> Iterator[Finding]:
    if settings.store != "firestore":
        return
    try:
        firebase.credential(settings)
    except SettingsError as error:
        yield fail("Firestore", str(error), "See docs/firestore.md.")
        return
    troubles = starting.look(settings, now_ms)
    for trouble in troubles:
        say = warn if trouble.away else fail
        yield say("Firestore", trouble.message, trouble.todo)
    if not settings.storage_bucket:
        yield warn("Firestore", "No bucket is set; pictures stay on this machine.", "Set PRESENZA_STORAGE_BUCKET.")
    if not troubles:
        yield ok("Firestore", f"answers for the project {settings.firebase_project}, people of {settings.space}")


def mirror(settings: Settings) -> Iterator[Finding]:
    """A folder that mirrors Firestore, where the settings say that all is kept on this machine."""
    if settings.store == "firestore" or not settings.database.exists():
        return
    with closing(open_store(settings)) as store:
        figures = store.outbox.figures()
    if figures.mirrored:
        waiting = figures.waiting + figures.pictures + figures.dead
        yield warn(
            "Firestore",
            "This folder is a mirror of it, but PRESENZA_STORE is sqlite: nothing is sent, and what waits grows"
            f" ({waiting} now).",
            "Set PRESENZA_STORE=firestore; or keep all on this machine from now on: presenza sync off (--force where"
            " changes wait).",
        )


CHECKS: tuple[Check, ...] = (cloud, mirror)
