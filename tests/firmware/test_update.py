"""Updates over the air: only what the site signed, only whole, only for good once it works."""

import base64
import json
from collections.abc import Mapping
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.provision.build import Build, build, describe
from hub.provision.signing import public_modulus, sign
from tests.firmware.board import Board
from tests.firmware.hubside import AdminSide, HubSide, ack

KEY = rsa.generate_private_key(65537, 3072)


class Updater:
    """The sender's side, step by step, so that a test can leave one out or do it wrong."""

    def __init__(self, hub: HubSide, admin: AdminSide) -> None:
        self.hub = hub
        self.admin = admin
        self.steps = 0

    async def step(self, **args: Any) -> dict[str, Any]:
        self.steps += 1
        ident = f"u-{self.steps}"
        await self.admin.command("update", ident, args=args)
        return await self.hub.message("cmd", id=ident)

    async def begin(self, manifest: str, key: rsa.RSAPrivateKey = KEY) -> dict[str, Any]:
        return await self.step(step="begin", manifest=manifest, signature=sign(key, manifest))

    async def send(self, files: Mapping[str, bytes], names: list[str]) -> dict[str, Any]:
        for name in names:
            answer = await self.step(step="file", name=name, data=base64.b64encode(files[name]).decode())
            assert answer["ok"], answer
        return answer


@pytest.fixture
async def board(make_board, source: Build, hub: HubSide) -> Board:
    made: Board = await make_board(source, trial_ms=2000, on=False)
    (made.flash / "update.key").write_text(public_modulus(KEY))
    async with made:
        await made.log("the hub is there")
        yield made


@pytest.fixture
def updater(hub: HubSide, admin: AdminSide, board: Board) -> Updater:
    return Updater(hub, admin)


async def install(updater: Updater, new: Build) -> None:
    need = (await updater.begin(new.manifest))["data"]["need"]
    assert sorted(need) == sorted(set(new.files) - {"manifest.json"})
    assert (await updater.send(new.files, need))["data"] == {"need": []}
    assert (await updater.step(step="finish"))["ok"]


async def test_a_good_one_is_tried_confirmed_and_stays(board: Board, updater: Updater, hub: HubSide) -> None:
    await install(updater, build("source", serial=101, version="9.9.9"))
    await board.log("folder b, trial mode")
    await hub.message("status", firmware="9.9.9", mode="trial")
    await board.log("confirmed")
    await board.cut()
    await board.log("folder b, normal mode")


async def test_one_that_crashes_is_rolled_back_by_itself(board: Board, updater: Updater, hub: HubSide) -> None:
    new = broken("app.py", b"raise RuntimeError('broken')\n")
    await install(updater, new)
    await board.log("folder a, normal mode, reset by soft")
    await hub.message("status", firmware=version_of(board), mode="normal", reset_reason="soft")
    assert json.loads((board.flash / "state.json").read_text())["rolled_back"] == 101


async def test_one_that_runs_but_gets_no_answer_is_rolled_back(board: Board, updater: Updater, hub: HubSide) -> None:
    hub.answer = lambda frame: None
    await install(updater, build("source", serial=101, version="9.9.9"))
    await board.log("folder b, trial mode")
    await board.log("not confirmed in time: going back")
    await board.log("folder b, trial mode")
    await board.log("folder a, normal mode")


async def test_none_begins_while_another_is_on_trial(board: Board, updater: Updater, hub: HubSide) -> None:
    hub.answer = lambda frame: None
    await install(updater, build("source", serial=101))
    await board.log("folder b, trial mode")
    await board.log("the hub is there")
    assert "on trial" in (await updater.begin(build("source", serial=102).manifest))["error"]
    hub.answer = ack
    await board.log("confirmed")
    assert (await updater.begin(build("source", serial=102).manifest))["ok"]


async def test_an_interrupted_one_goes_on_where_it_was(board: Board, updater: Updater) -> None:
    new = build("source", serial=101)
    need = (await updater.begin(new.manifest))["data"]["need"]
    await updater.send(new.files, need[:3])
    await board.cut()
    await board.log("the hub is there")
    assert (await updater.step(step="finish"))["error"]
    assert (await updater.begin(new.manifest))["data"]["need"] == need[3:]


async def test_another_key_is_refused(updater: Updater) -> None:
    stranger = rsa.generate_private_key(65537, 3072)
    answer = await updater.begin(build("source", serial=101).manifest, stranger)
    assert "signature" in answer["error"]


async def test_a_changed_manifest_is_refused(updater: Updater) -> None:
    manifest = build("source", serial=101).manifest
    answer = await updater.step(step="begin", manifest=manifest.replace("101", "102"), signature=sign(KEY, manifest))
    assert "signature" in answer["error"]


async def test_what_is_no_signature_is_refused(updater: Updater) -> None:
    for signature in ("", "00", "zz", "0" * 768, "f" * 768, 7, None):
        answer = await updater.step(step="begin", manifest="{}", signature=signature)
        assert not answer["ok"]


async def test_an_older_version_is_refused(updater: Updater) -> None:
    answer = await updater.begin(build("source", serial=99).manifest)
    assert "not newer" in answer["error"]


async def test_a_damaged_file_is_refused(updater: Updater) -> None:
    await updater.begin(build("source", serial=101).manifest)
    answer = await updater.step(step="file", name="app.py", data=base64.b64encode(b"nonsense").decode())
    assert "damaged" in answer["error"]


async def test_a_name_that_leads_out_of_the_folder_is_refused(updater: Updater) -> None:
    for name in ("../main.py", "/main.py", "hal/../../main.py", "state json", ""):
        answer = await updater.begin(describe({name: b"x"}, serial=101, version="1"))
        assert "bad name" in answer["error"]


async def test_steps_out_of_order_are_refused(updater: Updater) -> None:
    for step in ("file", "finish", "dance", None):
        answer = await updater.step(step=step, name="app.py", data="")
        assert not answer["ok"]


def broken(name: str, content: bytes) -> Build:
    good = build("source", serial=101)
    files = {**good.files, name: content}
    del files["manifest.json"]
    manifest = describe(files, serial=101, version="broken")
    return Build({**files, "manifest.json": manifest.encode()}, good.start, manifest, 101)


def version_of(board: Board) -> str:
    return str(json.loads((board.flash / "a" / "manifest.json").read_text())["version"])
