"""Who looks alike and what photos lack, as the hub says, for those who may know."""

import pytest

from hub.errors import Unavailable
from hub.model import Photo, Quality
from hub.payloads import AdviceReply, AlikePair, AlikeReply, RpcError
from tests.unit.dashboard.records import jpeg


def pair(first: str, second: str, *, twice: bool = False) -> AlikePair:
    return AlikePair(first=first, second=second, distance=0.61, score=0.00001 if twice else 0.002, twice=twice)


@pytest.fixture
def alike(site):
    """Ada looks like Bob, who is of her group, and like Cem, who isn't; one photo of Ada is kept."""
    pairs = [pair("p-ada", "p-bob", twice=True), pair("p-ada", "p-cem")]
    site.line.answers["alike"] = AlikeReply(people=3, total=2, pairs=pairs).encode()
    site.line.answers["advice"] = AdviceReply(person_id="p-ada", lacks=["few_photos"], alike=pairs).encode()
    site.store.add_photo(Photo("f-1", "p-ada", "people/p-ada/f-1.jpg", Quality(120, 90.0, 120.0, 0.1, 0.9), 1), [])
    site.pictures.put("people/p-ada/f-1.jpg", jpeg())
    return site


def text(answer) -> str:
    return answer.content.decode().replace("&#x27;", "'")


def test_the_page_comes_at_once_and_asks_for_the_pairs(alike, sign_in):
    client = sign_in("admin")
    assert 'hx-get="/people/alike/pairs/"' in text(client.get("/people/alike/"))
    assert alike.line.requests == []
    page = text(client.get("/people/alike/pairs/"))
    assert "2 pairs among 3 people" in page
    assert "Probably one person, enrolled twice." in page
    assert "As alike as one of 500 strangers is to anybody here." in page
    assert "/people/p-ada/photos/f-1.jpg" in page


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (Unavailable("The hub doesn't answer."), "doesn't answer"),
        (b"{", "can't be read"),
        (RpcError(error="busy", message="too many requests").encode(), "too many requests"),
    ],
)
def test_without_the_hub_the_page_says_why(alike, sign_in, answer, why):
    alike.line.answers["alike"] = answer
    assert why in text(sign_in("admin").get("/people/alike/pairs/"))


def test_who_is_gone_is_in_no_pair(alike, sign_in):
    alike.store.remove_person("p-bob")
    page = text(sign_in("admin").get("/people/alike/pairs/"))
    assert "Cem Other" in page
    assert "enrolled twice" not in page


def test_nobody_alike_is_good_news(alike, sign_in):
    alike.line.answers["alike"] = AlikeReply(people=3, total=0).encode()
    assert "No two people look alike." in text(sign_in("admin").get("/people/alike/pairs/"))


def test_a_persons_page_asks_what_would_help(alike, sign_in):
    client = sign_in("admin")
    assert 'hx-get="/people/p-ada/advice/"' in text(client.get("/people/p-ada/"))
    page = text(client.get("/people/p-ada/advice/"))
    assert "Three photos are advised" in page
    assert "Bob Sample" in page
    assert "Cem Other" in page


def test_a_teacher_is_told_the_names_of_their_own_groups_only(alike, sign_in):
    client = sign_in("teacher", ("5a",))
    page = text(client.get("/people/p-ada/advice/"))
    assert "Bob Sample" in page
    assert "Cem" not in page
    assert "1 person of another group" in page
    assert client.get("/people/p-cem/advice/").status_code == 404


def test_a_person_of_whom_all_is_well_and_a_hub_that_is_away_leave_no_mark(alike, sign_in):
    client = sign_in("admin")
    for answer in (AdviceReply(person_id="p-ada").encode(), Unavailable("The hub doesn't answer.")):
        alike.line.answers["advice"] = answer
        assert "<section" not in text(client.get("/people/p-ada/advice/"))
