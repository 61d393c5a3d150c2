"""From the settings to Google's clients, or to one sentence on why there are none.

Opening a client talks to nobody: what only Google can say (a key that was revoked, a project or a
bucket that isn't there) is found by `hub.cloud.starting`.
"""

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hub.errors import SettingsError
from hub.settings import Settings, emulator_hosts

if TYPE_CHECKING:
    from firebase_admin import App
    from firebase_admin.credentials import Base
    from google.cloud.firestore import Client
    from google.cloud.storage import Bucket

FIRESTORE_EMULATOR = "FIRESTORE_EMULATOR_HOST"
STORAGE_EMULATOR = "STORAGE_EMULATOR_HOST"
EXTRA = "Google's libraries aren't installed: run ./presenza setup, or pip install 'presenza[firestore]'."

_numbers = itertools.count(1)


def firestore_client(settings: Settings) -> "Client":
    """A new client of the project's database. Thread-safe; whoever opens it closes it. Raises SettingsError."""
    app = _app(settings, FIRESTORE_EMULATOR)
    from firebase_admin import firestore

    return firestore.client(app)


def bucket(settings: Settings) -> "Bucket":
    """The bucket of the pictures. Raises SettingsError."""
    if not settings.storage_bucket:
        raise SettingsError("PRESENZA_STORAGE_BUCKET is not set: the bucket that the pictures are kept in.")
    app = _app(settings, STORAGE_EMULATOR)
    from firebase_admin import storage

    return storage.bucket(app=app)


def refuse_emulators(settings: Settings) -> None:
    """A hub whose attendance goes to an emulator loses it. Raises SettingsError unless the settings say test."""
    found = emulator_hosts()
    if found and not settings.cloud_test:
        raise SettingsError(
            f"{', '.join(sorted(found))} would send people and attendance to an emulator, which forgets them:"
            " unset it, or set PRESENZA_CLOUD_TEST for a test."
        )


def credential(settings: Settings, emulator: str = FIRESTORE_EMULATOR) -> "Base":
    """What proves to Google who we are. Raises SettingsError for a key file that can't be one.

    An emulator (the variable `emulator` names it) asks for none, but checks a key file that the settings name.
    """
    refuse_emulators(settings)
    try:
        from firebase_admin import credentials
    except ImportError:
        raise SettingsError(EXTRA) from None
    if settings.firebase_credentials is not None:
        return _from_file(settings.firebase_credentials)
    if emulator in emulator_hosts():
        return _anonymous()
    from google.auth.exceptions import DefaultCredentialsError

    found = credentials.ApplicationDefault()
    try:
        found.get_credential()
    except (DefaultCredentialsError, OSError, ValueError) as error:
        raise SettingsError(
            "There is no key for Firebase: set PRESENZA_FIREBASE_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS"
            f" to the key file of the service account ({_first_line(error)})."
        ) from None
    return found


def _from_file(path: Path) -> "Base":
    from firebase_admin import credentials

    try:
        return credentials.Certificate(path)
    except OSError as error:
        raise SettingsError(
            f"PRESENZA_FIREBASE_CREDENTIALS names {path}, which can't be read ({error.strerror}):"
            " put the key file of the service account there."
        ) from None
    except (ValueError, AttributeError, TypeError, KeyError) as error:  # no JSON, no object, no key
        raise SettingsError(
            f"{path} is no key file of a service account ({_first_line(error)}): make a new one in the Firebase"
            " console, under Project settings, Service accounts."
        ) from None


def _anonymous() -> "Base":
    from firebase_admin import credentials
    from google.auth.credentials import AnonymousCredentials

    class Anonymous(credentials.Base):  # type: ignore[misc]  # the library has no types
        """What an emulator is shown."""

        def get_credential(self) -> Any:
            return AnonymousCredentials()

    return Anonymous()


def _app(settings: Settings, emulator: str) -> "App":
    # A name of its own: the library keeps one client an app, and one that was closed can't be used again.
    shown = credential(settings, emulator)
    import firebase_admin

    options = {"projectId": settings.firebase_project, "storageBucket": settings.storage_bucket or None}
    return firebase_admin.initialize_app(shown, options, name=f"presenza-{next(_numbers)}")


def _first_line(error: BaseException) -> str:
    # Short, and never the key itself: the library's messages name fields, not their values.
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")[:200]
