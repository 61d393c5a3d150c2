"""Checks of the way to Google Firestore and Firebase Storage, where the settings want it."""

from collections.abc import Iterator

from hub.cli.finding import Check, Finding, fail, ok, warn
from hub.cloud import firebase, starting
from hub.errors import SettingsError
from hub.pipeline import now_ms
from hub.settings import Settings


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


CHECKS: tuple[Check, ...] = (cloud,)
