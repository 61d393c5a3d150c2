"""From chunks to acks and results, with the store in memory and a face engine that reads what a test wrote."""

import asyncio
from binascii import crc32

import pytest

from hub import wire
from hub.model import Analysis, Box, Device, Face, FacePlace, Negative, Skip
from hub.pipeline import now_ms
from tests.unit.pipeline_hub import FINE, Hub, jpeg, look, vector


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.mark.parametrize(
    ("text", "outcome"),
    [
        ("ada", "recognized"),
        ("stranger", "unknown"),
        ("", "no_face"),
        ("garbage", "invalid"),
        ("killer", "error"),
        ("surprise", "error"),
        ("stranger,ada", "recognized"),
    ],
)
async def test_every_frame_gets_exactly_one_ack_and_one_result(hub, text, outcome):
    hub.send(text, 1)
    await hub.answer_all()
    assert hub.acks() == [(1, outcome)]
    assert [result["outcome"] for result in hub.results()] == [outcome]


async def test_the_second_frame_of_a_day_is_already_marked(hub):
    for number in (1, 2):
        hub.send(f"ada+{number}", number)
        await hub.answer_all()
    assert hub.acks() == [(1, "recognized"), (2, "already_marked")]
    assert hub.attendance() == ["ada"]


async def test_the_attendance_is_stored_before_the_ack_is_sent():
    order: list[str] = []
    hub = Hub(order.append)
    hub.send("ada", 1)
    await hub.answer_all()
    assert order == ["assembled", "recognized", "pictured", "stored", "acked", "published"]


async def test_a_frame_that_comes_again_gets_the_same_ack_and_counts_once(hub):
    hub.send("ada", 1)
    await hub.answer_all()
    hub.send("ada", 1, flags=wire.RESENT)
    await hub.answer_all()
    assert hub.acks() == [(1, "recognized"), (1, "recognized")]
    assert len(hub.results()) == 1


async def test_a_hub_that_was_restarted_answers_a_stored_frame_with_the_same_ack(hub):
    hub.send("ada", 1)
    await hub.answer_all()
    restarted = Hub()
    restarted.store = restarted.pipeline._store = hub.store
    restarted.send("ada", 1, flags=wire.RESENT)
    await restarted.answer_all()
    assert restarted.acks() == [(1, "recognized")]
    assert restarted.results() == []


async def test_a_frame_that_was_told_busy_is_looked_at_when_it_comes_again(hub):
    for number in (1, 2, 3):
        hub.send(f"ada+{number}", number)
    await hub.answer_all()
    assert sorted(hub.acks()) == [(1, "busy"), (2, "recognized"), (3, "already_marked")]
    hub.send("ada+1", 1, flags=wire.RESENT)
    await hub.answer_all()
    assert hub.acks()[-1] == (1, "already_marked")


async def test_busy_says_when_to_come_again(hub):
    for number in (1, 2, 3):
        hub.send(f"ada+{number}", number)
    await hub.answer_all()
    ack = next(payload for _, payload in hub.sent if payload.get("outcome") == "busy" and "retry_after_ms" in payload)
    assert 200 <= ack["retry_after_ms"] <= 10_000


async def test_a_whole_frame_that_is_no_jpeg_is_answered_invalid(hub):
    text = b"GIF89a, honestly"
    header = wire.Header(0, 77, 5, 1, 0, 1, 8192, len(text), crc32(text), 0)
    hub.pipeline.receive("door-1", wire.pack_header(header) + text)
    await hub.answer_all()
    assert hub.acks() == [(5, "invalid")]


async def test_garbage_instead_of_a_chunk_is_counted_and_stops_nothing(hub):
    hub.pipeline.receive("door-1", b"\0" * 50)
    hub.send("ada", 1)
    await hub.answer_all()
    assert hub.metrics.counted("chunks_refused", "magic") == 1
    assert hub.acks() == [(1, "recognized")]


async def test_only_frames_with_faces_leave_a_picture_and_an_event(hub):
    hub.send("ada", 1)
    hub.send("", 2)
    await hub.answer_all()
    (event,) = hub.store.events()
    assert hub.pictures.get(event.picture) == jpeg("ada")
    assert len(hub.pictures.keys("results/")) == 1


async def test_the_last_frame_of_each_camera_is_kept(hub):
    hub.send("ada", 1)
    hub.send("", 2)
    await hub.answer_all()
    assert hub.pictures.get("last/door-1.jpg") == jpeg("")


async def test_a_full_disk_costs_the_picture_but_not_the_attendance(hub, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(hub.pictures, "put", full)
    hub.send("ada", 1)
    await hub.answer_all()
    assert (hub.acks(), hub.attendance()) == ([(1, "recognized")], ["ada"])
    assert hub.results()[0]["picture"] is None


async def test_a_store_that_fails_means_an_error_ack_and_no_claim(hub, monkeypatch):
    def fail(*_):
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(hub.store, "record", fail)
    hub.send("ada", 1)
    await hub.answer_all()
    assert hub.acks() == [(1, "error")]


async def test_people_who_change_are_known_from_the_next_look_at_the_store(hub):
    hub.enrol("cleo", 9)
    assert await hub.roster.refresh()
    hub.send("stranger", 1)
    await hub.answer_all()
    assert hub.results()[0]["faces"][0]["name"] == "Cleo"


async def test_the_time_from_chunk_to_ack_is_in_the_ack(hub):
    hub.send("ada", 1)
    await hub.answer_all()
    ack = hub.sent[0][1]
    assert 0 <= ack["hub_ms"] < now_ms()


@pytest.mark.parametrize("text", ["ada", "garbage", "killer", ""])
async def test_a_capture_time_that_no_json_can_carry_is_no_time(hub, text):
    hub.send(text, 1, flags=wire.CLOCK_SET, captured_ms=(1 << 64) - 1)
    await hub.answer_all()
    assert len(hub.acks()) == 1
    assert hub.results()[0]["captured_ms"] == 0


async def test_a_frame_that_can_not_even_be_refused_does_not_stop_the_worker(hub, monkeypatch):
    async def fail(*_):
        raise RuntimeError("no way to answer")

    working = asyncio.create_task(hub.pipeline.work())
    with monkeypatch.context() as broken:
        broken.setattr(hub.pipeline, "_refuse", fail)
        hub.send("killer", 1)
        while not hub.metrics.counted("frames_unanswered"):
            await asyncio.sleep(0)
    hub.send("ada", 2)
    while not hub.acks():
        await asyncio.sleep(0)
    working.cancel()
    assert hub.acks() == [(2, "recognized")]


async def test_no_frame_is_taken_before_a_worker_is_free_for_it(hub, monkeypatch):
    """Else the frame that came first waits ahead of one whose turn is due."""
    free, looks = asyncio.Event(), []

    async def slow(picture: bytes, skip: Skip) -> Analysis:
        looks.append(picture)
        await free.wait()
        return await look(picture)

    monkeypatch.setattr(hub, "look", slow)
    working = [asyncio.create_task(hub.pipeline.work()) for _ in range(2)]
    hub.send("ada+1", 1, device="loud")
    hub.send("ada+2", 2, device="loud")
    while not looks:
        await asyncio.sleep(0)
    hub.send("bob", 1, device="quiet")
    await asyncio.sleep(0)
    assert len(hub.turns) == 2
    free.set()
    while len(hub.results()) < 3:
        await asyncio.sleep(0.001)
    assert [picture[2:-2] for picture in looks] == [b"ada+1", b"bob", b"ada+2"]
    for task in working:
        task.cancel()


async def test_the_engine_is_told_who_is_settled_in_the_motion(hub):
    for number in (1, 2):
        hub.send(f"ada+{number}", number)
        await hub.answer_all()
    assert [len(skip.settled) for skip in hub.skips] == [0, 1]
    assert hub.skips[1].settled[0].vector == pytest.approx(vector(0))


async def test_a_face_that_one_look_can_not_tell_is_recognized_by_the_looks_of_a_burst(hub, monkeypatch):
    """Each look is off in its own way; their mean is not."""
    limit = hub.roster.known.gallery.law.limit(0.003 / 2)

    async def unlucky(picture: bytes, skip: Skip) -> Analysis:
        made = vector(0)
        made[20 + int(picture[2:-2])] = limit + 0.005
        return Analysis(640, 480, (Face(Box(0, 100, 100, 0), FINE, None, made),))

    monkeypatch.setattr(hub, "look", unlucky)
    for number in range(1, 5):
        hub.send(str(number), number)
        await hub.answer_all()
    assert hub.acks()[0] == (1, "uncertain")
    assert hub.acks()[-1][1] in ("recognized", "already_marked")


async def test_looks_without_a_motion_are_not_put_together(hub):
    for number in (1, 2):
        hub.send(f"ada+{number}", number, motion=0)
        await hub.answer_all()
    assert [len(skip.settled) for skip in hub.skips] == [0, 0]


async def test_people_of_other_groups_must_be_surer_where_a_camera_serves_some(hub, monkeypatch):
    limit = hub.roster.known.gallery.law.limit(0.001)

    async def near(picture: bytes, skip: Skip) -> Analysis:
        made = vector(0)
        made[20] = limit
        return Analysis(640, 480, (Face(Box(0, 100, 100, 0), FINE, None, made),))

    hub.store.add_device(Device("door-1", 1, groups=("7b",)))
    await hub.roster.refresh()
    monkeypatch.setattr(hub, "look", near)
    for number, device in enumerate(("door-1", "door-2"), 1):
        hub.send(str(number), number, device=device, motion=0)
        await hub.answer_all()
    assert (hub.acks("door-1"), hub.acks("door-2")) == ([(1, "uncertain")], [(2, "recognized")])


async def test_a_correction_holds_from_the_next_look_at_the_store(hub):
    hub.send("ada", 1, motion=0)
    await hub.answer_all()
    (event,) = hub.store.events()
    hub.store.deny(Negative(event.event_id, 0, "ada", "engine", vector(0), "office", 1))
    await hub.roster.refresh()
    hub.send("ada+2", 2, motion=0)
    await hub.answer_all()
    assert hub.acks()[-1] == (2, "uncertain")
    hub.store.undo_denial(FacePlace(event.event_id, 0))
    await hub.roster.refresh()
    hub.send("ada+3", 3, motion=0)
    await hub.answer_all()
    assert hub.acks()[-1] == (3, "already_marked")


async def test_a_frame_whose_busy_ack_was_dropped_in_a_flood_may_come_again(hub, monkeypatch):
    monkeypatch.setattr("hub.pipeline.MAX_OUTGOING", 0)
    for number in (1, 2, 3):
        hub.send(f"ada+{number}", number)
    assert hub.metrics.counted("answers_dropped") == 1
    await hub.answer_all()
    hub.send("ada+1", 1, flags=wire.RESENT)
    await hub.answer_all()
    assert hub.acks() == [(2, "recognized"), (3, "already_marked"), (1, "already_marked")]
