"""`presenza device image`, `flash` and `update`: from the command to a camera that works."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from esp32_mock_bootloader import mock_bootloader
from littlefs import LittleFS

from hub.provision import signing
from hub.provision.build import build
from tests.firmware.board import Board
from tests.firmware.conftest import MakeBoard
from tests.firmware.hubside import HubSide
from tests.integration.brokers import Site, free_port, make_site

PASSPHRASE = "correct horse battery"


def presenza(site: Site, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "hub", *arguments],
        env=site.environ, input=PASSPHRASE + "\n", capture_output=True, text=True, check=check, timeout=100,
    )  # fmt: skip


def make_image(site: Site, path: Path) -> dict[str, object]:
    done = presenza(
        site, "device", "image", "door-1", "-o", str(path), "--ssid", "net", "--wifi-password-file", "-", "--json"
    )
    return dict(json.loads(done.stdout))


def unpack(path: Path, folder: Path) -> None:
    """The image's files, as the board would see them."""
    system = LittleFS(block_size=4096, block_count=512)
    system.context.buffer = bytearray(path.read_bytes())
    system.mount()
    for where, _, names in system.walk("/"):
        for name in names:
            target = folder / where.strip("/") / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(system.open(f"{where}/{name}", "rb").read())


async def test_an_image_holds_a_camera_that_connects(
    broker_site: Site, hub: HubSide, make_board: MakeBoard, source, tmp_path: Path
) -> None:
    made = await asyncio.to_thread(make_image, broker_site, tmp_path / "image.bin")
    assert made["offset"] == "0x200000"
    unpack(tmp_path / "image.bin", tmp_path / "files")
    node = json.loads((tmp_path / "files" / "node.json").read_text())
    assert (node["wifi_ssid"], node["wifi_password"]) == ("net", PASSPHRASE)
    board: Board = await make_board(source, on=False, add_camera=False)
    board.set_node(**{**node, "host": "127.0.0.1", "wifi_ssid": "test"})
    (board.flash / "ca.der").write_bytes((tmp_path / "files" / "ca.der").read_bytes())
    async with board:
        await board.log("the hub is there")


def test_an_image_is_for_nobody_else_to_read(broker_site: Site, tmp_path: Path) -> None:
    make_image(broker_site, tmp_path / "image.bin")
    assert (tmp_path / "image.bin").stat().st_mode & 0o077 == 0


def test_a_second_image_gives_a_new_password(broker_site: Site, tmp_path: Path) -> None:
    passwords = set()
    for name in ("one", "two"):
        make_image(broker_site, tmp_path / name)
        unpack(tmp_path / name, tmp_path / f"{name}-files")
        passwords.add(json.loads((tmp_path / f"{name}-files" / "node.json").read_text())["password"])
    assert len(passwords) == 2


def test_a_bad_wifi_gives_nobody_an_identity(broker_site: Site, tmp_path: Path) -> None:
    out = str(tmp_path / "image.bin")
    done = presenza(broker_site, "device", "image", "door-1", "-o", out, "--ssid", "x" * 40, check=False)
    assert done.returncode == 2
    assert not (tmp_path / "image.bin").exists()
    assert json.loads(presenza(broker_site, "device", "list", "--json").stdout) == []


def unpacked_node(site: Site, folder: Path, *options: str) -> dict[str, object]:
    presenza(
        site, "device", "image", *options, "-o", str(folder / "image.bin"), "--ssid", "net",
        "--wifi-password-file", "-",
    )  # fmt: skip
    unpack(folder / "image.bin", folder / "files")
    return dict(json.loads((folder / "files" / "node.json").read_text()))


def test_an_image_without_a_name_holds_no_identity_but_the_way_to_the_broker(broker_site: Site, tmp_path: Path) -> None:
    node = unpacked_node(broker_site, tmp_path, "--claim", "7F3K-M2QX")
    assert not {"device", "username", "password"} & set(node)
    assert (node["site"], node["port"], node["claim"]) == ("main", broker_site.settings.mqtt_port, "7F3K-M2QX")
    assert (tmp_path / "files" / "ca.der").exists()
    assert json.loads(presenza(broker_site, "device", "list", "--json").stdout) == []


def test_an_image_may_hold_a_certificate_instead_of_a_password(tmp_path: Path) -> None:
    with make_site(tmp_path / "data", mqtt_certificate_port=free_port()) as site:
        for _ in range(2):  # the second time the first certificate ends
            node = unpacked_node(site, tmp_path, "door-1", "--certificate")
        port = site.settings.mqtt_certificate_port
    assert not {"username", "password"} & set(node)
    assert (node["device"], node["port"]) == ("door-1", port)
    assert {"certificate_file", "key_file", "certificate_ends_s"} <= set(node)


@pytest.mark.parametrize("options", [("door-1", "--claim", "7F3K-M2QX"), ("--certificate",)])
def test_a_name_and_a_code_contradict_each_other(broker_site: Site, tmp_path: Path, options: tuple[str, ...]) -> None:
    out = ("-o", str(tmp_path / "image.bin"), "--ssid", "net", "--wifi-password-file", "-")
    assert presenza(broker_site, "device", "image", *options, *out, check=False).returncode == 2
    assert json.loads(presenza(broker_site, "device", "list", "--json").stdout) == []


def test_flash_writes_micropython_and_the_file_system(broker_site: Site, tmp_path: Path) -> None:
    (tmp_path / "micropython.bin").write_bytes(b"\xe9" + bytes(50_000))
    with mock_bootloader("esp32") as chip:
        done = presenza(
            broker_site, "device", "flash", "door-1", "--port", chip.url(), "--ssid", "net",
            "--wifi-password-file", "-", "--micropython", str(tmp_path / "micropython.bin"),
        )  # fmt: skip
    assert "door-1 is written and verified" in done.stderr


@pytest.mark.parametrize("works", [True, False], ids=["good", "hub says nothing"])
async def test_update_tells_how_the_trial_ended(
    broker_site: Site, hub: HubSide, make_board: MakeBoard, source, *, works: bool
) -> None:
    board: Board = await make_board(source, on=False, trial_ms=1500)
    key = signing.load_key(broker_site.settings)
    (board.flash / "update.key").write_text(signing.public_modulus(key))
    async with board:
        await board.log("the hub is there")
        if not works:
            hub.answer = lambda frame: None
        done = await asyncio.to_thread(run_update, broker_site)
        answer = json.loads(done.stdout)
        assert answer["confirmed"] is works
        assert done.returncode == (0 if works else 1)
        await board.log("confirmed" if works else "folder a, normal mode")


def run_update(site: Site) -> subprocess.CompletedProcess[str]:
    """The command with a build that the unix port can run: what goes to a board is xtensawin bytecode."""
    command = (
        "import sys; from hub.provision import build as b; real = b.build\n"
        "b.build = lambda target: real('host')\n"
        "import hub.__main__; sys.argv = ['presenza', 'device', 'update', 'door-1', '--json']\n"
        "sys.exit(hub.__main__.main())"
    )
    return subprocess.run(
        [sys.executable, "-c", command], env=site.environ, capture_output=True, text=True, check=False, timeout=100
    )


def test_update_says_so_when_the_camera_does_not_answer(broker_site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    from hub.errors import Unavailable
    from hub.provision import updating

    monkeypatch.setattr(updating, "ANSWER_S", 0.5)
    made = build("board", serial=1)
    with (
        updating.Updater(broker_site.settings, "door-9") as updater,
        pytest.raises(Unavailable, match="door-9 doesn't answer"),
    ):
        updater.install(made, "00", lambda name, left: None)
