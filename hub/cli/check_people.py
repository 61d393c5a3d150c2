"""Checks of who is enrolled, and whether they can be recognized."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from statistics import median

from hub import faces
from hub.cli.finding import Check, Finding, ok, warn
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_store

SUBJECT = "People"
ADD_PHOTOS = "Add photos: presenza people add --to ID PHOTO…"
SHOWN = 5

# Shares of docs/accuracy.md: with one photo each, one sighting in four is missed, with three one in
# twenty; over MANY_PEOPLE it takes GOOD_PHOTOS to stay there.
FEW_PHOTOS = 3
GOOD_PHOTOS = 5
MANY_PEOPLE = 300


def enrolled(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        return
    options = faces.options(settings)
    with closing(open_store(settings)) as store:
        photos = _photos(store, faces.engine_id(options))
    if not photos:
        yield warn(SUBJECT, "Nobody is enrolled.", "Enrol somebody: presenza people add --help")
        return
    problems = list(_problems(photos))
    yield from problems or [ok(SUBJECT, f"{len(photos)} are enrolled, each with {min(photos.values())} photos or more")]


def _photos(store: Store, engine_id: str) -> Counter[str]:
    """Of everybody, how many photos this engine can use."""
    counts = Counter({person.person_id: 0 for person in store.people()})
    counts.update(
        person_id for person_id, _ in {(each.person_id, each.photo_id) for each in store.templates(engine_id)}
    )
    return counts


def _problems(photos: Counter[str]) -> Iterator[Finding]:
    without = [person_id for person_id, count in photos.items() if count == 0]
    few = [person_id for person_id, count in photos.items() if 0 < count < FEW_PHOTOS]
    if without:
        yield warn(SUBJECT, f"{len(without)} have no photo and will never be recognized: {_some(without)}.", ADD_PHOTOS)
    if few:
        yield warn(
            SUBJECT,
            f"{len(few)} have fewer than {FEW_PHOTOS} photos and will often be missed: {_some(few)}.",
            ADD_PHOTOS,
        )
    if len(photos) >= MANY_PEOPLE and median(photos.values()) < GOOD_PHOTOS:
        yield warn(
            SUBJECT, f"{len(photos)} people are many for so few photos of each; {GOOD_PHOTOS} are advised.", ADD_PHOTOS
        )


def limits(settings: Settings) -> Iterator[Finding]:
    if settings.max_distance is not None:
        yield warn(
            "Limits",
            f"max_distance is fixed at {settings.max_distance}: the more people are enrolled, the more strangers get"
            " a name.",
            "Unset PRESENZA_MAX_DISTANCE: the limit then follows from PRESENZA_FPIR and from who is enrolled.",
        )
    else:
        yield ok("Limits", f"set so that {settings.fpir:.2%} of strangers are named")


def _some(person_ids: Sequence[str]) -> str:
    more = len(person_ids) - SHOWN
    return ", ".join(person_ids[:SHOWN]) + (f" and {more} more" if more > 0 else "")


CHECKS: tuple[Check, ...] = (enrolled, limits)
