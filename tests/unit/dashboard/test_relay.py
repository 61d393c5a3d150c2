"""What the relay takes from the broker, what it drops, and how it asks the hub."""

import asyncio
import json

import pytest

from dashboard.live.hall import hall
from dashboard.live.relay import READ_EVENTS, Relay
from hub.errors import Unavailable
from hub.mqtt import Incoming, Login
from tests.unit.dashboard.records import result, see

RESULTS = "presenza/v1/main/hub/results"
STATUS = "presenza/v1/main/door-1/up/status"


@pytest.fixture
async def relay(site) -> Relay:
    return Relay(site, hall, Login("127.0.0.1", 9, "dashboard", "secret", "dashboard-1"))


def refused(relay: Relay) -> dict[str, int]:
    return relay.metrics.snapshot()["counts"].get("messages_refused", {})


async def test_a_result_goes_to_the_feed(relay):
    relay._receive(Incoming(RESULTS, result(1, "p-ada", "recognized").encode()))
    assert [row.person_id for row in hall.feed.moment(0).rows] == ["p-ada"]


@pytest.mark.parametrize(
    ("topic", "payload", "reason"),
    [
        (RESULTS, b"{", "json"),
        (RESULTS, b"[]", "fields"),
        (RESULTS, b'{"v":1}', "fields"),
        (RESULTS, b"\xff\xfe", "json"),
        (RESULTS, b"[" * 50_000, "json"),
        (RESULTS, b" " * 70_000, "too_long"),
        (STATUS, b'{"v":1,"state":"dancing","boot_id":1}', "fields"),
        ("presenza/v1/main/door-1", b"{}", "topic"),
        ("presenza/v1/main/hub/reply/dashboard-1", b"{}", "correlation"),
    ],
)
async def test_what_is_not_valid_is_counted_and_dropped(relay, topic, payload, reason):
    relay._receive(Incoming(topic, payload))
    assert refused(relay) == {reason: 1}
    relay._receive(Incoming(RESULTS, result(1).encode()))
    assert len(hall.feed.moment(0).rows) == 1


async def test_states_of_cameras_and_hub_are_kept(relay):
    relay._receive(Incoming(STATUS, b'{"v":1,"state":"online","boot_id":1}', retained=True))
    relay._receive(Incoming("presenza/v1/main/hub/status", b'{"v":1,"state":"online","hub_id":"h"}', retained=True))
    assert (hall.feed.cameras["door-1"].status.state, hall.feed.hub.state) == ("online", "online")


async def test_a_state_that_is_taken_back_takes_the_camera_away(relay):
    relay._receive(Incoming(STATUS, b'{"v":1,"state":"online","boot_id":1}'))
    relay._receive(Incoming(STATUS, b"", retained=True))
    assert hall.feed.cameras == {}


async def test_after_a_connection_the_store_fills_what_was_missed(relay, site):
    see(site, 1, "p-ada")
    await relay._catch_up()
    assert [row.person_id for row in hall.feed.moment(0).rows] == ["p-ada"]


async def test_who_is_erased_elsewhere_leaves_the_open_pages(relay, site):
    see(site, 1, "p-ada")
    await relay._catch_up()
    for number in range(2, READ_EVENTS + 2):  # so many that the store isn't asked for the first any more
        see(site, number, "p-bob")
    site.store.remove_person("p-ada")
    await relay._read()
    assert {row.person_id for row in hall.feed.moment(0).rows} == {"p-bob"}


async def test_a_request_is_answered_by_its_number(relay):
    sent = []

    async def publish(message) -> bool:
        sent.append(message)
        reply = json.dumps({"v": 1, "answer": 42}).encode()
        relay._receive(Incoming(message.response_topic, b"for somebody else", correlation=b"other"))
        relay._receive(Incoming(message.response_topic, reply, correlation=message.correlation))
        return True

    relay._session.publish = publish
    answer = await asyncio.to_thread(relay.request, "stats", b"{}")
    assert json.loads(answer) == {"v": 1, "answer": 42}
    assert sent[0].topic == "presenza/v1/main/hub/rpc/stats"
    assert refused(relay) == {"correlation": 1}


async def test_without_a_broker_or_an_answer_a_view_is_told(relay):
    with pytest.raises(Unavailable):
        await asyncio.to_thread(relay.request, "stats", b"{}")
    with pytest.raises(Unavailable):
        await asyncio.to_thread(relay.publish, "presenza/v1/main/door-1/down/cmd", b"{}")

    async def publish(message) -> bool:
        return True

    relay._session.publish = publish
    with pytest.raises(Unavailable, match="doesn't answer"):
        await asyncio.to_thread(relay.request, "stats", b"{}", 0.05)
    assert relay._replies == {}
