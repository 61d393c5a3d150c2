"""Pictures of the real hub in the cloud: sealed, seen from another machine, and gone when a person is erased."""

import json
import os
import shutil
import time
from collections.abc import Callable

import pytest

from hub.cloud import firebase
from hub.settings import Settings
from hub.store.opening import open_pictures
from tests.acceptance.stack import PATIENCE_S, Stack, portrait, run, scene
from tests.acceptance.test_sealing import JPEG_BEGINS

pytestmark = pytest.mark.engine


def in_bucket(cloud: Settings) -> dict[str, bytes]:
    return {blob.name: blob.download_as_bytes() for blob in firebase.bucket(cloud).list_blobs()}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def environ(stack: Stack, cloud: Settings) -> dict[str, str]:
    """What tells the hub of the cloud."""
    return {
        "PRESENZA_STORE": "firestore",
        "PRESENZA_FIREBASE_PROJECT": cloud.firebase_project,
        "PRESENZA_STORAGE_BUCKET": cloud.storage_bucket,
        "PRESENZA_CLOUD_TEST": "true",
        **{name: value for name, value in os.environ.items() if name.endswith("_EMULATOR_HOST")},
    }


def test_pictures_go_to_the_bucket_sealed_and_leave_it_with_their_person(stack, cloud, environ, tmp_path):
    stack.start_hub(**environ)
    ack = stack.door.send(scene(portrait("obama", 3)))
    assert ack["outcome"] == "recognized"
    seen = stack.result_of(ack["frame_id"])["picture"]
    until(lambda: len(in_bucket(cloud)) == 5)  # three photos of two people, the frame, and the camera's last
    objects = in_bucket(cloud)
    assert {f"main/{seen}", "main/last/door-1.jpg"} <= set(objects)
    assert not any(JPEG_BEGINS in data for data in objects.values())

    elsewhere = cloud.model_copy(update={"data_dir": tmp_path / "elsewhere", "site_key_file": tmp_path / "key.json"})
    shutil.copy(stack.site.settings.site_key, elsewhere.site_key)
    assert open_pictures(elsewhere).get(seen).startswith(JPEG_BEGINS)

    people = json.loads(run("people", "list", "--json", env=stack.environ | environ).stdout)
    obama = next(person["person_id"] for person in people if person["name"] == "Obama")
    run("people", "remove", "--yes", obama, env=stack.environ | environ)
    until(lambda: len(in_bucket(cloud)) == 1)
    assert not any(obama in name for name in in_bucket(cloud))
    assert stack.stop_hub() == 0
