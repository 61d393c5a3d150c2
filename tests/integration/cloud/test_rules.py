"""The rules that we ship, on Google's emulator: nobody comes in but with the service account's key."""

import base64
import json
import urllib.error
import urllib.request

import pytest

from hub.cloud import firebase
from hub.settings import Settings
from tests.firestore_emulator import FirestoreEmulator

PATHS = (
    "sites/main",
    "sites/main/people/ada",
    "sites/main/people/ada/templates/1",
    "sites/main/attendance/0123abcd_ada_2026-01-01",
    "sites/main/events/1",
    "sites/main/devices/door-1",
    "anything/else",
)
DENIED = 403


def _part(value: dict[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


# Somebody who signed in to the project's own Firebase Authentication; the emulator takes such a token unsigned.
SIGNED_IN = f"{_part({'alg': 'none'})}.{_part({'sub': 'somebody', 'user_id': 'somebody', 'email_verified': True})}."


def ask(method: str, address: str, token: str = "", body: object = None) -> int:
    """The status of a request as a browser or an app makes it."""
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    data = None if body is None else json.dumps(body).encode()
    try:
        with urllib.request.urlopen(
            urllib.request.Request(address, data, headers, method=method), timeout=30
        ) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refusal:
        return refusal.code


@pytest.fixture
def documents(cloud: Settings, firestore_emulator: FirestoreEmulator) -> str:
    """The REST address of a site where every path has a document."""
    client = firebase.firestore_client(cloud)
    for path in PATHS:
        client.document(path).set({"name": "Ada"}, timeout=5)
    return firestore_emulator.documents(cloud.firebase_project)


@pytest.mark.parametrize("token", ["", SIGNED_IN], ids=["nobody", "somebody signed in"])
@pytest.mark.parametrize("path", PATHS)
def test_a_client_can_neither_read_nor_write(documents: str, path: str, token: str):
    changed = {"fields": {"name": {"stringValue": "Eve"}}}
    collection = path.rpartition("/")[0]
    assert ask("GET", f"{documents}/{path}", token) == DENIED
    assert ask("GET", f"{documents}/{collection}", token) == DENIED
    assert ask("PATCH", f"{documents}/{path}", token, changed) == DENIED
    assert ask("DELETE", f"{documents}/{path}", token) == DENIED
    assert ask("POST", f"{documents}/{collection}?documentId=new", token, changed) == DENIED


@pytest.mark.parametrize("token", ["", SIGNED_IN], ids=["nobody", "somebody signed in"])
def test_a_client_can_not_ask_over_all_sites(documents: str, token: str):
    everybody = {"structuredQuery": {"from": [{"collectionId": "people", "allDescendants": True}]}}
    assert ask("POST", f"{documents}:runQuery", token, everybody) == DENIED


def test_the_service_account_passes(documents: str, cloud: Settings):
    client = firebase.firestore_client(cloud)
    assert client.document("sites/main/people/ada").get(timeout=5).to_dict() == {"name": "Ada"}
    assert ask("GET", f"{documents}/sites/main/people/ada", "owner") == 200
