"""A camera without an identity gets one for a one-time code, and can do nothing else."""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

import broker
from broker import Admin, claims, policy
from broker.desk import Budget
from hub import wire
from hub.errors import Conflict, InputError
from hub.settings import Settings
from tests.broker.clients import Client, Refused, camera, claimant, spy
from tests.integration.brokers import Site

REQUEST = wire.claim("main", "request")


@dataclass
class Clock:
    """The desk's: it stands still, else wrong codes would be forgiven as fast as a busy machine asks."""

    now_s: float


@pytest.fixture
def clock() -> Clock:
    return Clock(time.time() + 1)


@pytest.fixture
def registered(broker_site: Site, clock: Clock) -> Iterator[list[str]]:
    """The devices that the claim desk registered; it runs as long as the test."""
    devices: list[str] = []
    desk = broker.Desk(broker_site.settings, devices.append, clock=lambda: clock.now_s)
    desk.start()
    yield devices
    desk.stop()


def invite(site: Site, device: str) -> str:
    with Admin(site.settings) as admin:
        return admin.invite(device)


def ask(client: Client, code: str, nonce: str | None = None) -> dict[str, Any]:
    """Redeem a code as a camera does."""
    nonce = nonce or secrets.token_hex(16)
    assert client.subscribe(wire.claim("main", f"reply/{nonce}"))
    client.publish(REQUEST, json.dumps({"v": 1, "code": code, "reply": nonce}).encode())
    answer: dict[str, Any] = json.loads(client.messages.get(timeout=10)[1])
    return answer


def test_a_code_gives_a_camera_what_it_needs_to_connect(broker_site, registered):
    code = invite(broker_site, "door-1")
    with claimant(broker_site.settings) as newcomer:
        answer = ask(newcomer, code)
    assert (answer["ok"], answer["error"]) == (True, None)
    camera(answer["credentials"]).close()
    assert registered == ["door-1"]


def test_a_code_works_as_it_is_read_out(broker_site, registered):
    code = invite(broker_site, "door-1").lower().replace("-", " ").replace("0", "o").replace("1", "l")
    with claimant(broker_site.settings) as newcomer:
        assert ask(newcomer, code)["ok"]


def test_a_code_works_once(broker_site, registered):
    code = invite(broker_site, "door-1")
    invite(broker_site, "door-2")
    with claimant(broker_site.settings) as newcomer:
        assert ask(newcomer, code)["ok"]
        assert ask(newcomer, code) == {"v": 1, "ok": False, "error": "unknown_code", "credentials": None}
    assert registered == ["door-1"]


def test_a_camera_that_was_flashed_anew_gets_a_new_password_and_the_old_one_is_dead(broker_site, registered):
    old = broker_site.add_camera("door-1")
    code = invite(broker_site, "door-1")
    with claimant(broker_site.settings) as newcomer:
        answer = ask(newcomer, code)
    camera(answer["credentials"]).close()
    with pytest.raises(Refused):
        camera(old)


def test_while_no_code_is_open_the_door_is_closed(broker_site):
    with pytest.raises(Refused):
        claimant(broker_site.settings)


def test_who_got_no_answer_may_ask_again_and_gets_the_same(broker_site, registered):
    code, nonce = invite(broker_site, "door-1"), secrets.token_hex(16)
    with claimant(broker_site.settings) as newcomer:
        first = ask(newcomer, code, nonce)
    with claimant(broker_site.settings) as newcomer:
        assert ask(newcomer, code, nonce) == first
    camera(first["credentials"]).close()


def test_the_door_closes_soon_after_the_last_code_is_used(broker_site, registered, clock):
    code = invite(broker_site, "door-1")
    with claimant(broker_site.settings) as newcomer:
        assert ask(newcomer, code)["ok"]
        clock.now_s += claims.AGAIN_S
        newcomer.wait_until_gone(20)
    with pytest.raises(Refused):
        claimant(broker_site.settings)


def test_an_open_code_outlives_a_restart_of_the_broker(broker_site):
    code = invite(broker_site, "door-1")
    broker_site.restart()
    registered: list[str] = []
    desk = broker.Desk(broker_site.settings, registered.append)
    desk.start()
    for _ in range(500):  # the desk opens the door in its own time
        try:
            newcomer = claimant(broker_site.settings)
        except Refused:
            threading.Event().wait(0.02)
        else:
            break
    with newcomer:
        assert ask(newcomer, code)["ok"]
    desk.stop()


def test_a_newcomer_can_do_nothing_else(broker_site):
    invite(broker_site, "door-1")
    forbidden = [
        "#",
        wire.claim("main", "#"),
        wire.claim("main", "+"),
        wire.claim("main", "reply/+"),
        wire.claim("main", "reply/#"),
        wire.claim("main", "+/+"),
        f"$share/x/{wire.claim('main', 'reply/+')}",
        REQUEST,
        wire.hub("main", "status"),
        wire.up("main", "cam-a", "status"),
        wire.down("main", "cam-a", "ack"),
        policy.CONTROL_RESPONSE,
    ]
    topics = [
        wire.claim("main", "reply/00"),
        wire.up("main", "claim", "status"),
        wire.up("main", "cam-a", "status"),
        wire.hub("main", "status"),
        wire.down("main", "cam-a", "cmd"),
    ]
    with claimant(broker_site.settings) as newcomer, spy(broker_site.settings) as reader:
        assert [each for each in forbidden if newcomer.subscribe(each)] == []
        assert reader.subscribe("#")
        for topic in topics:
            newcomer.publish(topic, b"forged")
        newcomer.publish(REQUEST, b"end")
        assert reader.received_until(REQUEST, b"end") == []


def test_a_newcomer_cannot_take_anybodys_client_id(broker_site):
    invite(broker_site, "door-1")
    for taken in ("cam-a", "hub", "", "claim2"):
        with pytest.raises(Refused):
            claimant(broker_site.settings, client_id=taken)


def test_a_newcomer_does_not_get_the_answer_to_anothers_question(broker_site, registered):
    code = invite(broker_site, "door-1")
    nonce = secrets.token_hex(16)
    with claimant(broker_site.settings) as honest:
        assert honest.subscribe(wire.claim("main", f"reply/{nonce}"))
        with claimant(broker_site.settings, clean_session=False) as thief:  # takes the connection over
            thief.publish(REQUEST, json.dumps({"v": 1, "code": code, "reply": nonce}).encode())
            own = ask(thief, "0000-0000")
    assert own["error"] == "unknown_code"  # the first thing that arrived is the answer to its own


@pytest.mark.parametrize(
    "raw", [b"", b"{", b"[]", b'{"v":1}', b'{"v":1,"code":"ABCDEFGH","reply":"+"}', b'{"v":1,"code":1,"reply":"00"}']
)
def test_nonsense_is_not_answered_and_stops_nothing(broker_site, registered, raw):
    code = invite(broker_site, "door-1")
    with claimant(broker_site.settings) as newcomer:
        newcomer.publish(REQUEST, raw)
        assert ask(newcomer, code)["ok"]


def test_after_many_wrong_codes_nobody_is_heard(broker_site, registered):
    code = invite(broker_site, "door-1")
    with claimant(broker_site.settings) as newcomer:
        answers = [ask(newcomer, f"{number:08}")["error"] for number in range(70)]
        assert answers[0] == "unknown_code"
        assert answers[-1] == "too_many"
        assert ask(newcomer, code)["error"] == "too_many"
    assert registered == []


def test_the_budget_comes_back_with_time():
    budget = Budget(60)
    for _ in range(60):
        assert not budget.is_spent(1000.0)
        budget.spend(1000.0)
    assert budget.is_spent(1000.0)
    assert budget.is_spent(900.0)  # a clock that is set back gives nothing
    assert not budget.is_spent(902.0)


def codes_of(settings: Settings) -> str:
    return (settings.secrets_dir / "claims.json").read_text()


def test_codes_are_kept_as_hashes_and_end_after_ten_minutes(broker_site):
    settings = broker_site.settings
    code = claims.invite(settings, "door-1", 1000.0)
    assert code not in codes_of(settings)
    assert claims.any_open(settings, 1599.0)
    assert not claims.any_open(settings, 1600.0)
    assert claims.redeem(settings, code, 1600.0, "a") is None


def test_a_new_code_for_the_same_camera_makes_the_old_one_void(broker_site):
    settings = broker_site.settings
    old, new = claims.invite(settings, "door-1", 0.0), claims.invite(settings, "door-1", 0.0)
    assert claims.redeem(settings, old, 1.0, "a") is None
    assert claims.redeem(settings, new, 1.0, "a") == "door-1"


def test_a_note_stays_with_the_code_until_it_is_used(broker_site):
    settings = broker_site.settings
    code = claims.invite(settings, "door-1", 0.0, "at the door")
    claims.invite(settings, "door-2", 0.0)
    assert claims.redeem(settings, code, 1.0, "a") == "door-1"
    assert [claims.note_of(settings, device) for device in ("door-1", "door-2", "door-3")] == ["at the door", "", ""]
    claims.invite(settings, "door-1", 2.0)
    assert claims.note_of(settings, "door-1") == ""


def test_codes_that_an_older_version_wrote_are_understood(broker_site):
    settings = broker_site.settings
    code = claims.invite(settings, "door-1", 0.0)
    ((key, (*kept, _note)),) = json.loads(codes_of(settings)).items()
    (settings.secrets_dir / "claims.json").write_text(json.dumps({key: kept}))
    assert claims.redeem(settings, code, 1.0, "a") == "door-1"


def test_a_code_that_many_redeem_at_once_is_given_to_one(broker_site):
    code = claims.invite(broker_site.settings, "door-1", 0.0)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda n: claims.redeem(broker_site.settings, code, 1.0, str(n)), range(32)))
    assert sorted(found, key=str) == [None] * 31 + ["door-1"]


def test_who_took_a_code_may_ask_again_for_two_minutes_and_nobody_else(broker_site):
    settings = broker_site.settings
    code = claims.invite(settings, "door-1", 0.0)
    assert claims.redeem(settings, code, 500.0, "first") == "door-1"
    assert claims.redeem(settings, code, 501.0, "second") is None
    assert claims.redeem(settings, code, 619.0, "first") == "door-1"
    assert claims.redeem(settings, code, 620.0, "first") is None


def test_there_are_not_more_codes_than_anybody_needs(broker_site):
    for number in range(claims.MAX_OPEN):
        claims.invite(broker_site.settings, f"door-{number}", 0.0)
    with pytest.raises(Conflict, match="open already"):
        claims.invite(broker_site.settings, "one-more", 0.0)
    assert claims.invite(broker_site.settings, "one-more", 601.0)


def test_a_damaged_file_of_codes_opens_nothing_and_stops_nothing(broker_site):
    (broker_site.settings.secrets_dir / "claims.json").write_text("[1]")
    assert not claims.any_open(broker_site.settings, 0.0)
    assert claims.invite(broker_site.settings, "door-1", 0.0)


def test_nobody_is_invited_under_a_name_of_ours(broker_site):
    with Admin(broker_site.settings) as admin:
        for name in ("claim", "hub", "Door"):
            with pytest.raises(InputError):
                admin.invite(name)
