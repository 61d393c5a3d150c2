import json
from pathlib import Path

import pytest

from hub.errors import InputError
from hub.simulator.credentials import Credentials, read_credentials

GOOD = {
    "device": "door-1",
    "site": "main",
    "username": "door-1",
    "password": "a secret",
    "host": "127.0.0.1",
    "port": 8883,
    "tls": False,
    "ca": None,
}


def written(folder: Path, text: str) -> Path:
    path = folder / "login.json"
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(GOOD) + "\n" + json.dumps({**GOOD, "device": "door-2"}) + "\n",
        json.dumps([GOOD, {**GOOD, "device": "door-2"}]),
    ],
)
def test_several_cameras_come_as_lines_or_as_a_list(tmp_path: Path, text: str) -> None:
    assert [each.device for each in read_credentials(written(tmp_path, text))] == ["door-1", "door-2"]


def test_one_camera_may_be_spread_over_lines(tmp_path: Path) -> None:
    (login,) = read_credentials(written(tmp_path, json.dumps(GOOD, indent=2)))
    assert (login.port, login.topic("frame")) == (8883, "presenza/v1/main/door-1/up/frame")


@pytest.mark.parametrize("text", ["", "no json", "[]", "1", '["door-1"]', '{"device":"door-1"}'])
def test_what_holds_no_credentials_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(InputError) as caught:
        read_credentials(written(tmp_path, text))
    assert caught.value.reason == "credentials"


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="can't be read"):
        read_credentials(tmp_path / "none.json")


@pytest.mark.parametrize("bad", [{"port": 0}, {"device": "Door"}, {"site": "a/b"}, {"tls": "maybe"}])
def test_the_first_bad_field_is_named_and_no_secret_is(bad: dict[str, object]) -> None:
    with pytest.raises(InputError) as caught:
        Credentials.of({**GOOD, **bad})
    assert next(iter(bad)) in str(caught.value)
    assert "a secret" not in str(caught.value)


def test_a_certificate_with_its_key_takes_the_place_of_a_password() -> None:
    login = Credentials.of({**GOOD, "password": None, "certificate": "its certificate", "key": "its key"})
    assert login.password is None
    assert "its key" not in repr(login)


@pytest.mark.parametrize("half", [{}, {"certificate": "its certificate"}, {"key": "its key"}])
def test_without_any_secret_nobody_can_connect(half: dict[str, object]) -> None:
    with pytest.raises(InputError, match="neither a password nor a certificate"):
        Credentials.of({**GOOD, "password": None, **half})


def test_a_password_is_never_printed() -> None:
    assert "a secret" not in repr(Credentials.of(GOOD))
