"""What is said of settings and key files that can't lead to Firebase. Nothing here talks to anybody."""

import sys
from pathlib import Path
from typing import Any

import pytest

from hub import settings
from hub.cloud import firebase
from hub.errors import SettingsError
from hub.settings import Settings
from tests.firestore_peer import key_file

AMBIENT = ("GOOGLE_APPLICATION_CREDENTIALS", "FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "GOOGLE_CLOUD_PROJECT")


@pytest.fixture(autouse=True)
def _nothing_around(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in AMBIENT:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")  # nor shall Google's own machines be asked for whether this is one
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))  # else a developer's own login would be found


def load(**values: Any) -> Settings:
    return settings.load({}, store="firestore", firebase_project="a-school", **values)


def test_firestore_needs_a_project():
    with pytest.raises(SettingsError, match="needs PRESENZA_FIREBASE_PROJECT"):
        settings.load({}, store="firestore")


@pytest.mark.parametrize("project", ["A-School", "a school", "abc", "../etc", "a-school-"])
def test_what_can_be_no_project_is_refused(project: str):
    with pytest.raises(SettingsError, match="PRESENZA_FIREBASE_PROJECT"):
        settings.load({}, firebase_project=project)


def test_hubs_share_a_space_when_they_are_told_one_and_have_their_own_else():
    assert load(site="east").space == "east"
    assert load(site="east", firebase_space="school").space == "school"


@pytest.mark.parametrize("space", ["a/b", "..", "A", "people of mine"])
def test_a_space_that_could_leave_its_place_is_refused(space: str):
    with pytest.raises(SettingsError, match="PRESENZA_FIREBASE_SPACE"):
        load(firebase_space=space)


@pytest.mark.parametrize("variable", ["FIRESTORE_EMULATOR_HOST", "STORAGE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST"])
def test_an_emulator_is_refused_unless_the_settings_say_test(monkeypatch: pytest.MonkeyPatch, variable: str):
    monkeypatch.setenv(variable, "127.0.0.1:8681")
    with pytest.raises(SettingsError, match=f"{variable} would send people and attendance to an emulator"):
        firebase.firestore_client(load())
    firebase.refuse_emulators(load(cloud_test=True))


def test_an_emulator_needs_no_key(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:8681")
    client = firebase.firestore_client(load(cloud_test=True))
    assert client.project == "a-school"


def test_each_client_is_one_of_its_own(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:8681")
    assert firebase.firestore_client(load(cloud_test=True)) is not firebase.firestore_client(load(cloud_test=True))


def test_a_key_file_opens_a_client(tmp_path: Path):
    client = firebase.firestore_client(load(firebase_credentials=key_file(tmp_path / "key.json")))
    assert client.project == "a-school"


def test_without_any_key_the_sentence_names_the_settings():
    with pytest.raises(SettingsError, match="PRESENZA_FIREBASE_CREDENTIALS or GOOGLE_APPLICATION_CREDENTIALS"):
        firebase.firestore_client(load())


def test_a_default_key_that_is_gone_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "gone.json"))
    with pytest.raises(SettingsError, match="was not found"):
        firebase.firestore_client(load())


def test_a_key_file_that_is_gone_is_said(tmp_path: Path):
    with pytest.raises(SettingsError, match="which can't be read"):
        firebase.firestore_client(load(firebase_credentials=tmp_path / "gone.json"))


@pytest.mark.parametrize(
    "text", ["", "no JSON", "[]", "{}", '{"type": "authorized_user"}', '{"type": "service_account"}']
)
def test_a_file_that_is_no_key_is_said(tmp_path: Path, text: str):
    (tmp_path / "key.json").write_text(text)
    with pytest.raises(SettingsError, match="is no key file of a service account"):
        firebase.firestore_client(load(firebase_credentials=tmp_path / "key.json"))


def test_a_broken_key_is_said_without_the_key(tmp_path: Path):
    path = key_file(
        tmp_path / "key.json", private_key="-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----\n"
    )
    with pytest.raises(SettingsError, match="is no key file") as caught:
        firebase.firestore_client(load(firebase_credentials=path))
    assert "c2VjcmV0" not in str(caught.value)


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "firebase_admin", None)
    with pytest.raises(SettingsError, match=r"presenza\[firestore\]"):
        firebase.firestore_client(load())


def test_pictures_need_a_bucket():
    with pytest.raises(SettingsError, match="PRESENZA_STORAGE_BUCKET"):
        firebase.bucket(load())


def test_the_bucket_is_the_one_of_the_settings(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", "http://127.0.0.1:9023")
    assert firebase.bucket(load(cloud_test=True, storage_bucket="pictures-of-a-school")).name == "pictures-of-a-school"
