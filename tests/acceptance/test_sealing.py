"""Faces at rest with the real commands: nothing to look at in any file, and a key that changes while the hub runs."""

import json
import time
from contextlib import closing
from pathlib import Path

import pytest

from hub import faces
from hub.sealing import MAGIC, VERSION
from hub.store.opening import open_pictures, open_store
from hub.store.pictures import FolderPictures
from tests.acceptance.stack import PATIENCE_S, portrait, run, scene

pytestmark = pytest.mark.engine

JPEG_BEGINS = b"\xff\xd8\xff\xe0\x00\x10JFIF"  # so long that no random bytes are like it


def files_with(folder: Path, *secrets: bytes) -> set[str]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {path.name for path in files if any(secret in path.read_bytes() for secret in secrets)}


def vectors(stack) -> list[bytes]:
    """The beginning of each enrolled face's encoding: too long a number to be anywhere by chance."""
    with closing(open_store(stack.site.settings)) as store:
        engine = faces.engine_id(faces.options(stack.site.settings))
        return [template.vector.tobytes()[:32] for template in store.templates(engine)]


def test_no_file_holds_a_face_after_somebody_was_enrolled_and_seen(stack):
    stack.start_hub()
    ack = stack.door.send(scene(portrait("obama", 3)))
    assert ack["outcome"] == "recognized"
    folder, known = stack.site.settings.data_dir, vectors(stack)
    assert len(known) >= 3
    assert files_with(folder, JPEG_BEGINS, *known) == set()
    key = stack.result_of(ack["frame_id"])["picture"]
    assert (folder / "pictures" / key).is_file()
    assert open_pictures(stack.site.settings).get(key).startswith(JPEG_BEGINS)
    assert stack.stop_hub() == 0
    assert files_with(folder, JPEG_BEGINS, *known) == set()


def test_the_key_is_changed_while_the_hub_recognizes_people(stack):
    stack.start_hub()
    first = stack.door.send(scene(portrait("obama", 3)))
    (before,) = json.loads(run("key", "show", "--json", env=stack.environ).stdout)["keys"]
    rotated = json.loads(run("key", "rotate", "--json", env=stack.environ).stdout)
    assert rotated["dropped"] == [before["key_id"]]
    assert rotated["failed"] == []
    assert stack.door.send(scene(portrait("obama", 2)))["outcome"] == "already_marked"
    assert stack.door.send(scene(portrait("biden")))["outcome"] == "recognized"
    shown = json.loads(run("key", "show", "--json", env=stack.environ).stdout)
    assert [key["key_id"] for key in shown["keys"]] == [rotated["key_id"]]
    assert (shown["plain"], shown["lost"]) == (0, {})
    key = stack.result_of(first["frame_id"])["picture"]
    assert open_pictures(stack.site.settings).get(key).startswith(JPEG_BEGINS)
    assert files_with(stack.site.settings.data_dir, MAGIC + VERSION + bytes.fromhex(before["key_id"])) == set()
    assert stack.stop_hub() == 0


def test_a_running_hub_seals_the_pictures_of_an_older_version(stack):
    folder = FolderPictures(stack.site.settings.pictures_dir)
    folder.put("last/door-9.jpg", scene(portrait("biden")))
    stack.start_hub()
    deadline = time.monotonic() + PATIENCE_S
    while folder.get("last/door-9.jpg").startswith(JPEG_BEGINS) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert files_with(stack.site.settings.data_dir, JPEG_BEGINS) == set()
    assert open_pictures(stack.site.settings).get("last/door-9.jpg").startswith(JPEG_BEGINS)


def test_without_its_key_a_hub_does_not_start_and_says_what_to_do(stack):
    stack.site.settings.site_key.unlink()
    refused = run("hub", env=stack.environ, check=False)
    assert refused.returncode == 1
    assert "Put the file back" in refused.stderr
    assert "presenza key forget" in refused.stderr
    assert "Traceback" not in refused.stderr
    assert not stack.site.settings.site_key.exists()
