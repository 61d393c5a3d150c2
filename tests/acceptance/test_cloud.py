"""Nothing is lost when the cloud is away: hubs as processes, Google's emulator behind lines that fail.

What is real: the hubs (`presenza hub`), their brokers, workers and face engine, every frame and its ack; Firestore's
emulator and a Storage emulator, each behind a TCP proxy. What is arranged: three faces are lent to three pupils after
the other (tests/acceptance/clouds.py), who are seen on seven days each, as a camera that was away for a week tells it.

A small number by default; PZ_CLOUD=2000 makes so many attendances, with more of everything (some minutes).
"""

import math
import os
import random
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.attendance import MINUTE_MS
from hub.cloud import firebase
from hub.pipeline import now_ms
from hub.settings import Settings
from hub.store.documents import Kind
from tests.acceptance.clouds import FACES, CloudHub, Key, Lines, School, Sightings, cloud_hub, days_before, lines
from tests.acceptance.stack import until
from tests.firestore_emulator import FirestoreEmulator
from tests.storage_emulator import StorageEmulator

pytestmark = [pytest.mark.engine, pytest.mark.timeout(1800)]

WANTED = int(os.environ.get("PZ_CLOUD", "126"))
A_ROUND = len(FACES) * 7
ROUNDS = math.ceil(WANTED / A_ROUND)
SEED = 6
LOSS = 0.1  # of all replies
CLASHES = 4  # days on which the other hub saw the last three, too


@dataclass
class Scenery:
    """Two hubs of one school, and the way around the lines."""

    here: CloudHub
    there: CloudHub
    school: School
    straight: Any
    cloud: Settings
    chance: random.Random


@pytest.fixture
def scenery(
    tmp_path: Path,
    cloud: Settings,
    firestore_emulator: FirestoreEmulator,
    storage_emulator: StorageEmulator,
    faces: Any,
) -> Iterator[Scenery]:
    with ExitStack() as stack:
        ports = firestore_emulator.port, storage_emulator.port
        ours, theirs = (stack.enter_context(lines(*ports, seed)) for seed in (SEED, SEED + 10))
        here = stack.enter_context(cloud_hub(tmp_path / "here", cloud, ours))
        there = stack.enter_context(cloud_hub(tmp_path / "there", cloud, theirs, "door-2", here.site.settings.site_key))
        straight = firebase.firestore_client(cloud)
        yield Scenery(here, there, School(here.store, faces), straight, cloud, random.Random(SEED))


def test_every_acknowledged_attendance_is_in_firestore_exactly_once(scenery: Scenery):
    scenery.here.start_hub()
    began = time.monotonic()
    for round_ in range(ROUNDS - 1):
        _trouble(scenery.here.line, round_)
        _a_week(scenery, kill=round_ % 3 == 1)
    print(f"{ROUNDS - 1} rounds in {time.monotonic() - began:.0f} s, the line cut for half of them")
    provoked = _two_hubs_that_cannot_talk(scenery)
    for hub in (scenery.here, scenery.there):
        hub.line.mend()
        hub.line.lose_replies(LOSS)
    for hub in (scenery.here, scenery.there):
        hub.wait_until_sent()
        hub.line.mend()
    _assert_exact(scenery, provoked)
    _assert_the_hubs_agree(scenery)


def _trouble(line: Lines, round_: int) -> None:
    """Lost replies, then no line for half of the time, lost replies, and a black hole for a quarter."""
    share = round_ / max(1, ROUNDS - 1)
    if share < 1 / 8 or 5 / 8 <= share < 6 / 8:
        line.mend()
        line.lose_replies(LOSS)
    elif share < 5 / 8:
        line.cut()
    else:
        line.swallow()


def _a_week(scenery: Scenery, *, kill: bool) -> None:
    """Three new pupils, each seen on seven days; the hub may be killed on the way of one of the frames."""
    pupils, at_ms = scenery.school.next_three(), now_ms()
    scenery.here.wait_for_pupils(at_ms, pupils)
    fatal = scenery.chance.randrange(6) if kill else None
    for number, day_ms in enumerate(days_before(at_ms)[:-1]):
        more = {"meanwhile": scenery.here.kill_soon(scenery.chance)} if number == fatal else {}
        scenery.here.show_pupils(day_ms, pupils, **more)


def _two_hubs_that_cannot_talk(scenery: Scenery) -> set[Key]:
    """Both see the same three on the same days, one earlier on some, the other on others; the days that clash."""
    here, there, at_ms = scenery.here, scenery.there, now_ms()
    here.line.mend()
    pupils = scenery.school.next_three()
    here.wait_for_pupils(at_ms, pupils)
    here.wait_until_sent()
    there.start_hub()
    until(lambda: _people(there) == _people(here) and _days(there) == _days(here), "the other hub never knew all")
    assert there.stop_hub() == 0
    for hub in (here, there):
        hub.line.cut()
    there.start_hub()  # knows everybody without the cloud
    week = days_before(at_ms)[:-1]
    for day_ms in week:
        here.show_pupils(day_ms, pupils)
    before = set(there.seen.first_ms)
    for number, day_ms in enumerate(week[:CLASHES]):
        there.show_pupils(day_ms + (5 * MINUTE_MS if number % 2 else -5 * MINUTE_MS), pupils)
    here.kill_soon(scenery.chance)()
    return set(there.seen.first_ms) - before


def _people(hub: CloudHub) -> set[tuple[str, int]]:
    return {(each.person_id, len(hub.store.photos(each.person_id))) for each in hub.store.people()}


def _days(hub: CloudHub) -> set[tuple[str, str, str]]:
    return {(each.person_id, each.day, each.event_id) for each in hub.store.attendance("2000-01-01", "2100-01-01")}


# -- what must be true ------------------------------------------------------------------------------
def _assert_exact(scenery: Scenery, provoked: set[Key]) -> None:
    here, there = scenery.here.seen, scenery.there.seen
    site = scenery.straight.document("sites/school")
    found = [each.to_dict() for each in site.collection(Kind.ATTENDANCE).stream(timeout=60)]
    first_ms = _earliest(here, there)
    assert len(found) == len(first_ms) >= WANTED
    assert {(each["person_id"], each["day"]): each["first_seen_ms"] for each in found} == first_ms
    wrong = [each for each in found if each["event_id"] not in _events(here, there, (each["person_id"], each["day"]))]
    assert wrong == []
    conflicts = [each.to_dict() for each in site.collection(Kind.CONFLICTS).stream(timeout=60)]
    assert sorted((each["person_id"], each["day"]) for each in conflicts) == sorted(provoked)
    assert len(provoked) == CLASHES * len(FACES)
    _assert_events_and_pictures(scenery, site)
    lost, kills = scenery.here.line.lost + scenery.there.line.lost, scenery.here.kills
    assert lost > 0
    print(f"attendances {len(found)}, conflicts {len(conflicts)}, replies lost {lost}, kill -9 {kills}")


def _earliest(*seen: Sightings) -> dict[Key, int]:
    keys = {key for each in seen for key in each.first_ms}
    return {key: min(each.first_ms[key] for each in seen if key in each.first_ms) for key in keys}


def _events(here: Sightings, there: Sightings, key: Key) -> set[str]:
    return here.events.get(key, set()) | there.events.get(key, set())


def _assert_events_and_pictures(scenery: Scenery, site: Any) -> None:
    found = {each.id.partition("_")[2]: each.to_dict() for each in site.collection(Kind.EVENTS).stream(timeout=60)}
    acknowledged = {
        event for hub in (scenery.here, scenery.there) for events in hub.seen.events.values() for event in events
    }
    assert acknowledged <= set(found)
    kept = {blob.name for blob in firebase.bucket(scenery.cloud).list_blobs(timeout=60)}
    assert {f"school/{found[event]['picture']}" for event in acknowledged} <= kept


def _assert_the_hubs_agree(scenery: Scenery) -> None:
    here, there = scenery.here, scenery.there
    until(lambda: _days(there) == _days(here), "the hubs never agreed")
    assert len(_days(here)) == len(_earliest(here.seen, there.seen))
    for hub in (here, there):
        until(lambda hub=hub: hub.store.outbox.figures().conflicts == CLASHES * len(FACES), "a hub misses conflicts")
        figures = hub.store.outbox.figures()
        assert (figures.dead, figures.skipped) == (0, 0)
