import itertools

from hypothesis import given
from hypothesis import strategies as st

from hub.simulator.visits import FAR_PX, NEAR_PX, VISIT_MS, Visit, Visits, Walker, place_of

MINUTE = 60_000


def timeline(visits: Visits, minutes: int = 5) -> list[Visit]:
    moments = (visits.at(at_ms) for at_ms in range(0, minutes * MINUTE, 200))
    return list(dict.fromkeys(visit for visit in moments if visit is not None))


def test_a_face_grows_while_its_owner_walks_up() -> None:
    sizes = [place.face_px for ms in range(0, 4001, 100) if (place := place_of(Walker(0, 0.5), ms))]
    assert sizes == sorted(sizes)
    assert (round(sizes[0]), round(sizes[-1])) == (FAR_PX, NEAR_PX)


def test_a_face_shrinks_and_leaves_to_the_side() -> None:
    stay, gone = place_of(Walker(0, 0.5), 5900), place_of(Walker(0, 0.5), VISIT_MS - 1)
    assert stay is not None
    assert gone is not None
    assert gone.face_px < stay.face_px
    assert gone.x > stay.x


def test_nobody_is_there_before_or_after_the_visit() -> None:
    assert place_of(Walker(0, 0.5), -1) is None
    assert place_of(Walker(0, 0.5), VISIT_MS) is None


def test_everybody_comes_once_before_anybody_comes_again() -> None:
    people = [visit.walkers[0].person for visit in timeline(Visits(4, seed=1))]
    for start in range(0, len(people) - 4, 4):
        assert sorted(people[start : start + 4]) == [0, 1, 2, 3]


def test_the_same_seed_gives_the_same_visits() -> None:
    assert timeline(Visits(3, seed=7, pairs=0.5)) == timeline(Visits(3, seed=7, pairs=0.5))
    assert timeline(Visits(3, seed=7)) != timeline(Visits(3, seed=8))


def test_without_people_something_moves_all_the_same() -> None:
    visits = timeline(Visits(0, seed=1))
    assert len(visits) > 10
    assert all(visit.walkers == () for visit in visits)


def test_somebody_may_come_alone_for_ever() -> None:
    assert {visit.walkers[0].person for visit in timeline(Visits(1, seed=1, pairs=1.0))} == {0}


@given(st.integers(0, 1000), st.integers(2, 5))
def test_two_at_once_are_two_people_and_keep_apart(seed: int, people: int) -> None:
    for visit in timeline(Visits(people, seed=seed, pairs=1.0), minutes=1):
        one, other = visit.walkers
        assert one.person != other.person
        for at_ms in range(int(visit.start_ms), int(visit.end_ms), 250):
            places = [place for _, place in visit.places(at_ms)]
            if len(places) == 2:
                distance_px = abs(places[0].x - places[1].x) * 640
                assert distance_px > (places[0].face_px + places[1].face_px) / 2


@given(st.integers(0, 1000))
def test_visits_do_not_overlap(seed: int) -> None:
    visits = timeline(Visits(3, seed=seed, pairs=0.5), minutes=2)
    assert all(before.end_ms < after.start_ms for before, after in itertools.pairwise(visits))


def test_time_may_go_back() -> None:
    visits = Visits(3, seed=1)
    later = visits.at(100_000)
    before = visits.at(2_000)
    assert visits.at(100_000) == later
    assert visits.at(2_000) == before
