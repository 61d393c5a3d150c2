"""The emulators that the tests of the cloud stand on, through the clients that the product uses."""

from google.cloud.firestore import Client

from hub.cloud import firebase
from hub.settings import Settings
from tests.firestore_emulator import FirestoreEmulator


def test_what_is_written_to_firestore_can_be_read(cloud: Settings):
    client: Client = firebase.firestore_client(cloud)
    client.document("sites/main/people/ada").create({"name": "Ada"}, timeout=5, retry=None)
    assert client.document("sites/main/people/ada").get(timeout=5).to_dict() == {"name": "Ada"}


def test_each_test_has_a_project_of_its_own(cloud: Settings, firestore_emulator: FirestoreEmulator):
    client: Client = firebase.firestore_client(cloud)
    assert not client.document("sites/main/people/ada").get(timeout=5).exists
    client.document("sites/main/people/ada").create({}, timeout=5, retry=None)
    firestore_emulator.clear(cloud.firebase_project)
    assert not client.document("sites/main/people/ada").get(timeout=5).exists


def test_what_is_put_into_the_bucket_can_be_read(cloud: Settings):
    blob = firebase.bucket(cloud).blob("results/2026-01-01/1.jpg")
    assert not blob.exists()
    blob.upload_from_string(b"jpeg", content_type="image/jpeg")
    assert firebase.bucket(cloud).blob("results/2026-01-01/1.jpg").download_as_bytes() == b"jpeg"
