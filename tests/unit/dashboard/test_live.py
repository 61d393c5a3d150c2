"""The WebSocket: snapshot, numbered updates, who gets what, and browsers that don't read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from channels.routing import URLRouter
from channels.testing import WebsocketCommunicator
from django.urls import re_path

from dashboard.accounts.models import User
from dashboard.live import consumers, rooms
from dashboard.live.audience import Audience, Page
from dashboard.live.consumers import REFUSED, WINDOW, LiveConsumer
from dashboard.live.hall import EVERY_S, hall
from dashboard.rights import Role
from hub.model import Event, FaceResult, FrameKey, Outcome
from hub.payloads import DeviceStatus
from tests.unit.dashboard.records import BOX, EIGHT_MS, result

EVERYBODY = Audience(Page.TODAY, "en", None)
APPLICATION = URLRouter([re_path(r"^live/(?P<page>today|devices)/$", LiveConsumer.as_asgi())])


@asynccontextmanager
async def browser(role: str = "viewer", page: str = "today", groups: list[str] | None = None, lang: str = "en"):
    """A connected browser."""
    socket = WebsocketCommunicator(APPLICATION, f"/live/{page}/?lang={lang}")
    socket.scope["user"] = User(username="somebody", role=Role(role).value, groups=groups or [])
    assert (await socket.connect())[0]
    yield socket
    await socket.disconnect()


async def hear(socket) -> dict:
    return json.loads(await socket.receive_from(timeout=5))


@pytest.fixture
async def serving(site) -> AsyncIterator[None]:
    task = asyncio.create_task(hall.serve())
    yield
    task.cancel()


def show(*results) -> None:
    for each in results:
        hall.feed.result(each)
    hall.changed()


async def test_a_browser_gets_a_snapshot_and_then_numbered_updates(serving):
    show(result(1, "p-ada", "recognized"))
    async with browser() as socket:
        first = await hear(socket)
        assert first["snapshot"] is True
        assert "Ada Example" in first["rows"][0]["html"]
        show(result(2, "p-bob", "recognized"))
        update = await hear(socket)
        assert update["n"] == first["n"] + 1
        assert [("Bob Sample" in row["html"]) for row in update["rows"]] == [True]


async def test_the_figures_follow_the_store(site, serving):
    from tests.unit.dashboard.records import attended, see

    async with browser() as socket:
        assert (await hear(socket))["tiles"]["absent"] == 3
        day = site.today().isoformat()
        see(site, 1, "p-ada", marks=(attended("p-ada", day),))
        hall.recount()
        while (await hear(socket)).get("tiles", {}).get("present") != 1:
            pass


async def test_a_burst_becomes_one_message_of_what_a_page_shows(serving):
    async with browser() as socket:
        await hear(socket)
        show(*(result(number) for number in range(200)))
        update = await hear(socket)
        assert [row["id"] for row in update["rows"]] == [f"door-1-7-m{number}-unknown-0" for number in range(160, 200)]


async def test_updates_come_ten_times_a_second_at_most_and_every_row_comes(serving):
    async with browser() as socket:
        number = (await hear(socket))["n"]
        started, rows, messages = asyncio.get_running_loop().time(), [], 0
        for each in range(30):
            show(result(each))
            await asyncio.sleep(0.02)
        while len(rows) < 30:
            update = await hear(socket)
            assert update["n"] == number + 1
            number, messages = update["n"], messages + 1
            rows += [row["id"] for row in update.get("rows", [])]
        assert messages <= 2 + (asyncio.get_running_loop().time() - started) / EVERY_S
        assert len(set(rows)) == 30


async def test_who_has_left_is_no_longer_told(serving):
    async with browser() as socket:
        await hear(socket)
        assert len(hall.rooms) == 1
    assert len(hall.rooms) == 0


async def test_a_missed_number_is_answered_with_a_snapshot(serving):
    async with browser() as socket:
        await hear(socket)
        await socket.send_to(json.dumps({"got": 1, "resync": True}))
        assert (await hear(socket))["snapshot"] is True


async def test_a_browser_that_does_not_read_gets_no_more_than_the_window_and_a_snapshot_when_it_is_back(serving):
    async with browser() as slow:
        sent = 1
        for number in range(WINDOW + 10):
            show(result(number))
            await asyncio.sleep(0.11)
        heard = []
        while not await slow.receive_nothing(timeout=0.2):
            heard.append(await hear(slow))
        sent = len(heard)
        assert sent == WINDOW
        await slow.send_to(json.dumps({"got": sent}))
        assert (await hear(slow))["snapshot"] is True


async def test_a_teacher_hears_of_their_groups_only(serving):
    async with browser("teacher", groups=["6b"]) as socket:
        await hear(socket)
        show(result(1, "p-ada", "recognized"), result(2, "p-cem", "recognized"))
        text = json.dumps(await hear(socket))
        assert "Cem Other" in text
        assert "Ada" not in text


async def test_a_technician_gets_no_faces_but_cameras(serving):
    async with browser("technician") as socket:
        assert await socket.receive_output(timeout=5) == {"type": "websocket.close", "code": REFUSED}
        show(result(1, "p-ada", "recognized"))
        assert await socket.receive_nothing(timeout=0.3)
    async with browser("technician", "devices") as socket:
        await hear(socket)
        hall.feed.status("door-9", DeviceStatus(state="online", boot_id=1), 1)
        show(result(1, "p-ada", "recognized"))
        text = json.dumps(await hear(socket))
        assert "door-9" in text
        assert "Ada" not in text


async def test_each_listener_is_told_in_their_language(serving):
    async with browser(lang="de") as german, browser() as english:
        await asyncio.gather(hear(german), hear(english))
        show(result(1))
        assert "Unbekannt" in (await hear(german))["rows"][0]["html"]
        assert "Unknown" in (await hear(english))["rows"][0]["html"]


async def test_a_name_with_markup_is_text(site, serving):
    from dataclasses import replace

    site.store.update_person(replace(site.store.person("p-ada"), name="<script>alert(1)</script>"))
    async with browser() as socket:
        await hear(socket)
        show(result(1, "p-ada", "recognized"))
        html = (await hear(socket))["rows"][0]["html"]
        assert "<script>" not in html
        assert "&lt;script&gt;" in html


async def test_everybody_is_told_when_the_line_goes_down_and_comes_back(serving):
    hall.line(down=False)
    async with browser() as socket:
        assert (await hear(socket))["down"] is False
        for down in (True, False):
            hall.line(down=down)
            assert (await hear(socket))["down"] is down


async def test_an_erased_person_goes_from_open_pages(serving):
    show(result(1, "p-ada", "recognized"))
    async with browser() as socket:
        assert "Ada" in json.dumps(await hear(socket))
        hall.erased("p-ada")
        message = await hear(socket)
        while not message.get("snapshot"):
            message = await hear(socket)
        assert "Ada" not in json.dumps(message)


async def test_a_name_that_was_denied_goes_from_open_pages(serving):
    shown = result(1, "p-ada", "recognized")
    show(shown)
    async with browser() as socket:
        assert "Ada" in json.dumps(await hear(socket))
        face = FaceResult(BOX, Outcome.RECOGNIZED)
        key = FrameKey(shown.device, shown.boot_id, shown.frame_id)
        hall.renamed(Event(shown.result_id, key, 1, EIGHT_MS, EIGHT_MS, Outcome.RECOGNIZED, None, (face,)))
        message = await hear(socket)
        while not message.get("rows"):
            message = await hear(socket)
        assert "Ada" not in json.dumps(message)
        assert "Unknown" in message["rows"][0]["html"]


async def test_an_account_that_was_closed_is_let_go(serving, monkeypatch):
    monkeypatch.setattr(consumers, "RECHECK_S", 0.01)
    monkeypatch.setattr(consumers, "_allowed", lambda scope, audience: False)
    async with browser() as socket:
        closed = await socket.receive_output(timeout=5)
        while closed["type"] == "websocket.send":
            closed = await socket.receive_output(timeout=5)
        assert (closed["type"], closed["code"]) == ("websocket.close", REFUSED)


@pytest.mark.parametrize("said", ["{", "[]", '{"got": "x"}', "null", "1"])
async def test_a_browser_that_talks_nonsense_is_let_go(serving, said):
    async with browser() as socket:
        await hear(socket)
        await socket.send_to(said)
        assert (await socket.receive_output(timeout=5))["type"] == "websocket.close"


class Layer:
    """A channel layer that fails when it is told to."""

    def __init__(self) -> None:
        self.added = 0
        self.failing = False
        self.queue: asyncio.Queue = asyncio.Queue()

    async def new_channel(self, prefix: str) -> str:
        return prefix

    async def group_add(self, group: str, channel: str) -> None:
        if self.failing:
            raise ConnectionError
        self.added += 1

    async def group_discard(self, group: str, channel: str) -> None: ...

    async def receive(self, channel: str) -> dict[str, str]:
        message = await self.queue.get()
        if message is None:
            raise ConnectionError
        return message


class Ear:
    def __init__(self) -> None:
        self.heard: asyncio.Queue = asyncio.Queue()

    async def update(self, text: str) -> None:
        self.heard.put_nowait(text)

    async def missed(self) -> None:
        self.heard.put_nowait("missed")


@pytest.fixture
def layer(monkeypatch) -> Layer:
    made = Layer()
    monkeypatch.setattr(rooms, "get_channel_layer", lambda: made)
    monkeypatch.setattr(rooms, "AGAIN_S", 0.01)
    return made


async def test_a_room_joins_its_group_again_before_the_layer_forgets_it(layer, monkeypatch):
    monkeypatch.setattr(rooms, "RENEW_S", 0.01)
    opened, ear = rooms.Rooms(), Ear()
    await opened.join(EVERYBODY, ear)
    async with asyncio.timeout(5):
        while layer.added < 3:
            await asyncio.sleep(0.01)
    layer.queue.put_nowait({"text": "still here"})
    assert await asyncio.wait_for(ear.heard.get(), 5) == "still here"
    opened.leave(EVERYBODY, ear)


async def test_when_the_layer_is_back_each_listener_learns_that_it_missed_something(layer):
    opened, ear = rooms.Rooms(), Ear()
    await opened.join(EVERYBODY, ear)
    layer.queue.put_nowait(None)  # it breaks off
    assert await asyncio.wait_for(ear.heard.get(), 5) == "missed"
    layer.queue.put_nowait({"text": "next"})
    assert await asyncio.wait_for(ear.heard.get(), 5) == "next"
    opened.leave(EVERYBODY, ear)


async def test_who_comes_while_the_layer_is_away_does_not_wait_for_ever(layer, monkeypatch):
    monkeypatch.setattr(rooms, "OPEN_S", 0.05)
    layer.failing = True
    opened, ear = rooms.Rooms(), Ear()
    with pytest.raises(TimeoutError):
        await opened.join(EVERYBODY, ear)
    opened.leave(EVERYBODY, ear)


async def test_a_message_that_the_layer_does_not_take_costs_a_snapshot_and_nothing_else(site, monkeypatch):
    class Broken:
        async def group_send(self, group: str, message: dict) -> None:
            raise ConnectionError

    monkeypatch.setattr("dashboard.live.hall.get_channel_layer", Broken)
    await hall._send(EVERYBODY, "{}")
    assert (hall.failed, hall._renew) == (1, True)
