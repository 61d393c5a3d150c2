"""Checks of who is enrolled, and whether they can be recognized."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing

from hub import faces
from hub.cli.calibrate import share, site_figures
from hub.cli.finding import Check, Finding, ok, warn
from hub.enrol import ADVISED_PHOTOS
from hub.figures import Figures
from hub.reencode import engine_in_force
from hub.settings import Settings
from hub.store import Store
from hub.store.opening import open_store

SUBJECT = "People"
ADD_PHOTOS = "Add photos: presenza people add --to ID PHOTO…"
SHOWN = 5


def enrolled(settings: Settings) -> Iterator[Finding]:
    if not settings.database.exists():
        return
    options = faces.options(settings)
    with closing(open_store(settings)) as store:
        photos = _photos(store, faces.engine_id(engine_in_force(store, options)))
        waiting = len(store.photos_without(faces.engine_id(options)))
    if not photos:
        yield warn(SUBJECT, "Nobody is enrolled.", "Enrol somebody: presenza people add --help")
        return
    problems = list(_problems(photos))
    if waiting:
        problems.append(
            warn(
                SUBJECT,
                f"{waiting} photos aren't encoded by {settings.encoder} yet; a running hub does that by itself.",
                "presenza people encode",
            )
        )
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
    few = [person_id for person_id, count in photos.items() if 0 < count < ADVISED_PHOTOS]
    if without:
        yield warn(SUBJECT, f"{len(without)} have no photo and will never be recognized: {_some(without)}.", ADD_PHOTOS)
    if few:
        yield warn(
            SUBJECT,
            f"{len(few)} have fewer than {ADVISED_PHOTOS} photos and will be missed more often: {_some(few)}.",
            ADD_PHOTOS,
        )


def limits(settings: Settings) -> Iterator[Finding]:
    if settings.max_distance is not None:
        yield warn(
            "Limits",
            f"max_distance is fixed at {settings.max_distance}: the more people are enrolled, the more strangers get"
            " a name.",
            "Unset PRESENZA_MAX_DISTANCE: the limit then follows from PRESENZA_FPIR and from who is enrolled.",
        )
    if not settings.database.exists() or (figures := site_figures(settings)) is None:
        return
    found = figures.calibration
    yield ok(
        "Limits",
        f"a face is recognized up to a distance of {found.max_distance:.3f}; strangers who are named:"
        f" {share(found.fpir)}, sightings of enrolled people that are missed: {share(found.fnir)}",
    )
    yield from _doubts(figures)


def _doubts(figures: Figures) -> Iterator[Finding]:
    if figures.too_large:
        yield warn(
            "Limits",
            f"{figures.people} people are many for so few photos of each ({figures.photos:g}): over one in a hundred"
            " sightings will be missed. A second photo of each helps most.",
            ADD_PHOTOS,
        )
    if figures.alike:
        pairs = [f"{pair.first} and {pair.second}" for pair in figures.alike]
        yield warn(
            "Limits",
            f"{len(pairs)} pairs look alike; between them the answer is often `uncertain`: {_some(pairs)}.",
            "See presenza people alike, and whether somebody is enrolled twice.",
        )


def _some(person_ids: Sequence[str]) -> str:
    more = len(person_ids) - SHOWN
    return ", ".join(person_ids[:SHOWN]) + (f" and {more} more" if more > 0 else "")


CHECKS: tuple[Check, ...] = (enrolled, limits)
