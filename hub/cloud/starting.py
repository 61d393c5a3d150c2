"""What only Google can tell at a start: whether the key, the project, the bucket and the clock are right.

`look` asks and returns what is wrong. None of it stops a hub, which does its work without the cloud; what
can only be wrong in the configuration does (`hub.cloud.firebase` raises it as SettingsError).
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

import structlog

from hub.cloud import firebase
from hub.errors import SettingsError
from hub.settings import Settings, emulator_hosts

TIMEOUT_S = 5.0
MAX_CLOCK_ERROR_MS = 5 * 60_000  # Google refuses keys' signatures that are much farther off
AGAIN_S = 300.0  # while nobody is reached: a wrong clock and a missing bucket are to be said all the same
CONSOLE = "Make a new one in the Firebase console, under Project settings, Service accounts, and put it in its place."

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Something that keeps the hub from the cloud: a fixed word for it, a sentence, and what to do.

    `away` says that it may pass by itself: nobody was reached, or not just now.
    """

    reason: str
    message: str
    todo: str
    away: bool = False


def look(settings: Settings, now_ms: Callable[[], int]) -> list[Trouble]:
    """Ask Google for the token, the database and the bucket. Takes some seconds when nobody answers."""
    try:
        return list(_look(settings, now_ms))
    except SettingsError as error:
        return [Trouble("settings", str(error), "See docs/firestore.md.")]
    except Exception as error:  # a look must not cost the hub its life
        log.exception("the look at the cloud")
        return [Trouble("mistake", f"A mistake of this program ({type(error).__name__}); see its log.", "Report it.")]


async def report(settings: Settings, now_ms: Callable[[], int]) -> None:
    """Log what is wrong, and look again until Google was reached once."""
    said = None
    while True:
        found = await asyncio.to_thread(look, settings, now_ms)
        for trouble in found if found != said else []:
            say = log.warning if trouble.away else log.error
            say("cloud", reason=trouble.reason, message=trouble.message, todo=trouble.todo)
        if not any(trouble.away for trouble in found):
            break
        said = found
        await asyncio.sleep(AGAIN_S)
    if not found:
        log.info("cloud reached", project=settings.firebase_project, space=settings.space)


def _look(settings: Settings, now_ms: Callable[[], int]) -> Iterator[Trouble]:
    from google.api_core.exceptions import GoogleAPIError
    from google.auth.exceptions import GoogleAuthError

    try:
        _get_token(settings)
        off_ms = _time_of_firestore(settings) - now_ms()
    except (GoogleAPIError, GoogleAuthError) as error:
        yield explain(error, settings)
        return
    if abs(off_ms) > MAX_CLOCK_ERROR_MS:
        yield _clock(off_ms)
    if settings.storage_bucket:
        try:
            _list_bucket(settings)
        except (GoogleAPIError, GoogleAuthError, OSError) as error:  # OSError: requests, which carries it
            yield explain(error, settings, bucket=True)


def _get_token(settings: Settings) -> None:
    """Let the key prove itself, unless an emulator stands in, which asks for none."""
    shown = firebase.credential(settings).get_credential()
    if settings.firebase_credentials is None and firebase.FIRESTORE_EMULATOR in emulator_hosts():
        return
    from google.auth.transport.requests import Request

    shown.refresh(partial(Request(), timeout=TIMEOUT_S))


def _time_of_firestore(settings: Settings) -> int:
    client = firebase.firestore_client(settings)
    try:
        snapshot = client.document(f"sites/{settings.space}").get(timeout=TIMEOUT_S, retry=None)
        return int(snapshot.read_time.timestamp() * 1000)
    finally:
        client.close()


def _list_bucket(settings: Settings) -> None:
    # Not `exists`, which asks for a right that nothing else here needs.
    found = firebase.bucket(settings).list_blobs(max_results=1, timeout=TIMEOUT_S, retry=None)
    next(iter(found), None)


# -- from an error to a sentence --------------------------------------------------------------------


def explain(error: Exception, settings: Settings, *, bucket: bool = False) -> Trouble:
    """What an error of Google's libraries means for whoever has to mend it."""
    from google.api_core import exceptions as api
    from google.auth.exceptions import RefreshError, TransportError

    text = str(error)
    if isinstance(error, TransportError) or (isinstance(error, RefreshError) and error.retryable):
        return _away(text)
    if isinstance(error, RefreshError) or "invalid_grant" in text or isinstance(error, api.Unauthenticated):
        return _refused_key(text, settings)
    if isinstance(error, api.Forbidden):
        return _forbidden(text, settings, bucket=bucket)
    if isinstance(error, api.TooManyRequests):
        return _used_up(settings)
    if isinstance(error, api.NotFound | api.BadRequest):
        return _no_bucket(settings) if bucket else _no_database(text, settings)
    return _away(text, "The bucket" if bucket else "Firestore")


def _refused_key(text: str, settings: Settings) -> Trouble:
    if "iat and exp" in text or "reasonable timeframe" in text:
        return Trouble(
            "clock", "Google refuses the key's signature because this machine's clock is off.", "Set the clock right."
        )
    named = f" {settings.firebase_credentials}" if settings.firebase_credentials else ""
    return Trouble("key_revoked", f"Google does not accept the key{named}: it was revoked or deleted.", CONSOLE)


def _no_database(text: str, settings: Settings) -> Trouble:
    if "Datastore Mode" in text:
        return Trouble(
            "datastore_mode",
            f"The database of the project {settings.firebase_project} is in Datastore mode, which this can't use.",
            "Make a project whose database (default) is in native mode.",
        )
    return Trouble(
        "no_database",
        f"The project {settings.firebase_project} has no Firestore database, or there is no such project.",
        "See to PRESENZA_FIREBASE_PROJECT, or make the database (default) in the Firebase console.",
    )


def _used_up(settings: Settings) -> Trouble:
    return Trouble(
        "quota",
        f"The project {settings.firebase_project} has used up its quota; what waits is sent when there is some again.",
        "See to the project's plan in the Firebase console, if it stays so.",
        away=True,
    )


def _no_bucket(settings: Settings) -> Trouble:
    return Trouble(
        "no_bucket",
        f"There is no bucket {settings.storage_bucket}; pictures wait on this machine.",
        "See to PRESENZA_STORAGE_BUCKET, or make the bucket in the Firebase console under Storage.",
    )


def _forbidden(text: str, settings: Settings, *, bucket: bool) -> Trouble:
    if "has not been used" in text or "SERVICE_DISABLED" in text or "is disabled" in text:
        return Trouble(
            "api_disabled",
            f"Firestore is switched off in the project {settings.firebase_project}.",
            "Make the database in the Firebase console under Firestore Database.",
        )
    what = f"the bucket {settings.storage_bucket}" if bucket else f"Firestore of {settings.firebase_project}"
    return Trouble(
        "forbidden",
        f"The key may not use {what}: it is one of another project, or lacks a role.",
        "Take a key of that project's Firebase Admin SDK account, or see to the project's name.",
    )


def _clock(off_ms: int) -> Trouble:
    off = f"{round(abs(off_ms) / 60_000)} minutes {'behind' if off_ms > 0 else 'ahead of'}"
    return Trouble(
        "clock",
        f"This machine's clock is {off} Google's: attendance gets wrong times.",
        "Switch time synchronization on: timedatectl set-ntp true",
    )


def _away(text: str, what: str = "Firestore") -> Trouble:
    first = (text.splitlines() or [""])[0][:200]
    return Trouble(
        "away",
        f"{what} can't be reached ({first}); the hub goes on by itself, and sends what waits when it can.",
        "See to this machine's way to the internet, if it stays so.",
        away=True,
    )
