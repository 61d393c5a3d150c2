"""Settings: where they come from, which goes before which, and what is said of a bad one."""

import os
import pickle
from datetime import time
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

import pytest
import tomli_w
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from hub import settings
from hub.errors import SettingsError
from hub.settings import Settings

SECRET = "correct horse battery staple"

names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,31}", fullmatch=True)
ports = st.integers(1, 65535)
times = st.times().map(lambda value: value.replace(second=0, microsecond=0))
GOOD: dict[str, st.SearchStrategy[Any]] = {
    "site": names,
    "time_zone": st.sampled_from(sorted(available_timezones())),
    "mqtt_host": names,
    "mqtt_local_port": ports,
    "mqtt_port": ports,
    "http_port": ports,
    "workers": st.integers(1, 256),
    "engine": st.sampled_from(["fast", "reference"]),
    "fpir": st.floats(0.0001, 0.2),
    "max_distance": st.floats(0.01, 2),
    "min_face_px": st.integers(16, 1000),
    "day_start": times,
    "late_after": times,
    "keep_pictures_days": st.integers(0, 3650),
    "keep_events_days": st.integers(1, 3650),
    "log_level": st.sampled_from(["debug", "info", "warning", "error"]),
    "log_format": st.sampled_from(["auto", "console", "json"]),
}
some_settings = st.fixed_dictionaries({}, optional=GOOD)


def in_environment(values: dict[str, Any]) -> dict[str, str]:
    return {f"PRESENZA_{name.upper()}": str(value) for name, value in values.items()}


def load(folder: Path, environ: dict[str, str] | None = None, toml: str | None = None, **overrides: Any) -> Settings:
    if toml is not None:
        (folder / "presenza.toml").write_text(toml, encoding="utf-8")
    return settings.load({"PRESENZA_DATA_DIR": str(folder), **(environ or {})}, **overrides)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@given(toml=some_settings, environ=some_settings, overrides=some_settings)
def test_options_go_before_the_environment_before_the_file_before_defaults(
    folder: Path, toml: dict[str, Any], environ: dict[str, Any], overrides: dict[str, Any]
):
    loaded = load(folder, in_environment(environ), tomli_w.dumps(toml), **overrides)
    for name, value in {**toml, **environ, **overrides}.items():
        assert getattr(loaded, name) == value
    for name in set(GOOD) - {*toml, *environ, *overrides}:
        assert getattr(loaded, name) == Settings.model_fields[name].get_default(call_default_factory=True)


@given(values=some_settings)
def test_an_option_that_was_not_given_hides_nothing(folder: Path, values: dict[str, Any]):
    loaded = load(folder, in_environment(values), "", **dict.fromkeys(GOOD))
    assert all(getattr(loaded, name) == value for name, value in values.items())


@given(name=st.sampled_from(sorted(Settings.model_fields)), text=st.text())
def test_any_text_is_a_setting_or_refused_with_a_sentence(folder: Path, name: str, text: str):
    said = ""
    try:
        settings.load({f"PRESENZA_{name.upper()}": text})
    except SettingsError as error:
        said = str(error)
    assert not said or f"PRESENZA_{name.upper()}" in said or "presenza.toml" in said


@pytest.mark.parametrize("name", ["data_dir", "cache_dir"])
def test_the_folder_of_somebody_who_is_not_there_is_refused(name: str):
    with pytest.raises(SettingsError, match=f"PRESENZA_{name.upper()} = '~nobody-at-all/x'"):
        settings.load({f"PRESENZA_{name.upper()}": "~nobody-at-all/x"})


def test_the_file_cannot_move_the_folder_that_it_lies_in(folder: Path):
    with pytest.raises(SettingsError, match="can't set data_dir"):
        load(folder, toml='data_dir = "/elsewhere"')


def test_a_folder_in_the_file_must_be_text(folder: Path):
    with pytest.raises(SettingsError, match="PRESENZA_CACHE_DIR = 5"):
        load(folder, toml="cache_dir = 5")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("site", "Main"),
        ("site", "-main"),
        ("site", "a" * 33),
        ("site", "a/b"),
        ("time_zone", "Berlin"),
        ("time_zone", "../../etc/passwd"),
        ("mqtt_port", "0"),
        ("mqtt_port", "65536"),
        ("mqtt_port", "mqtt"),
        ("mqtt_bind", "localhost"),
        ("mqtt_names", "good.example, bad_name"),
        ("store", "mysql"),
        ("workers", "0"),
        ("engine", "fastest"),
        ("max_distance", "nan"),
        ("max_distance", "-1"),
        ("max_distance", "inf"),
        ("day_start", "25:00"),
        ("late_after", "soon"),
        ("keep_pictures_days", "-1"),
        ("log_level", "loud"),
    ],
)
def test_a_bad_value_is_named_with_its_setting(folder: Path, name: str, text: str):
    with pytest.raises(SettingsError) as refusal:
        load(folder, {f"PRESENZA_{name.upper()}": text}, "")
    assert f"PRESENZA_{name.upper()} = {text!r}" in str(refusal.value)
    assert refusal.value.exit_code == 2


def test_every_bad_value_is_told_at_once(folder: Path):
    with pytest.raises(SettingsError) as refusal:
        load(folder, {"PRESENZA_SITE": "!", "PRESENZA_WORKERS": "none"}, "")
    assert len(str(refusal.value).splitlines()) == 2


def test_an_unknown_name_in_the_environment_is_refused(folder: Path):
    with pytest.raises(SettingsError, match="PRESENZA_TIMEZONE is no setting"):
        load(folder, {"PRESENZA_TIMEZONE": "UTC"})


def test_an_unknown_name_in_the_file_is_refused(folder: Path):
    with pytest.raises(SettingsError, match="timezone is no setting"):
        load(folder, toml='timezone = "UTC"\n')


def test_other_programs_variables_are_none_of_ours(folder: Path):
    load(folder, {"PRESENZ": "x", "SITE": "!", "HOME": "/"}, "")


@pytest.mark.parametrize("content", [b"site = main\n", b"\xff\xfe", b'site = "a"\nsite = "b"\n'])
def test_a_file_that_is_no_toml_is_refused_with_its_name(tmp_path: Path, content: bytes):
    (tmp_path / "presenza.toml").write_bytes(content)
    with pytest.raises(SettingsError, match=r"presenza\.toml can't be read"):
        load(tmp_path)


def test_the_file_is_read_from_the_folder_that_the_option_names(tmp_path: Path):
    (tmp_path / "presenza.toml").write_text('site = "annex"\n')
    assert settings.load({"PRESENZA_DATA_DIR": "/nowhere"}, data_dir=tmp_path).site == "annex"


def test_folders_become_absolute_and_home_is_known(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    loaded = settings.load({"PRESENZA_DATA_DIR": "here"})
    assert loaded.data_dir == tmp_path / "here"
    assert loaded.cache_dir == Path("/home/ada/.cache/presenza")


def test_a_time_zone_of_the_system_is_the_default(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", ":Europe/Rome")
    assert load(folder, toml="").time_zone == "Europe/Rome"


def test_times_are_times(folder: Path):
    assert load(folder, {"PRESENZA_DAY_START": "03:30"}, "").day_start == time(3, 30)


def test_names_are_separated_by_commas(folder: Path):
    assert load(folder, {"PRESENZA_MQTT_NAMES": "hub.example, 192.168.1.10"}, "").mqtt_names == (
        "hub.example",
        "192.168.1.10",
    )


def test_settings_never_change(folder: Path):
    with pytest.raises(ValidationError, match="frozen"):
        load(folder, toml="").site = "other"  # type: ignore[misc]


def test_a_secret_comes_from_the_environment_or_from_a_file(folder: Path, tmp_path: Path):
    (tmp_path / "password").write_text(f"{SECRET}\n")
    for environ in (
        {"PRESENZA_MQTT_PASSWORD": SECRET},
        {"PRESENZA_MQTT_PASSWORD_FILE": str(tmp_path / "password")},
    ):
        password = load(folder, environ, "").mqtt_password
        assert password is not None
        assert password.get_secret_value() == SECRET


def test_a_secret_given_twice_is_refused(folder: Path, tmp_path: Path):
    (tmp_path / "password").write_text(SECRET)
    twice = {"PRESENZA_MQTT_PASSWORD": SECRET, "PRESENZA_MQTT_PASSWORD_FILE": str(tmp_path / "password")}
    for environ in (twice, dict(reversed(twice.items()))):
        with pytest.raises(SettingsError, match="both") as refusal:
            load(folder, environ, "")
        assert SECRET not in str(refusal.value)


def test_a_secrets_file_that_is_not_there_is_named(folder: Path):
    with pytest.raises(SettingsError, match="PRESENZA_MQTT_PASSWORD_FILE names /nowhere/password"):
        load(folder, {"PRESENZA_MQTT_PASSWORD_FILE": "/nowhere/password"}, "")


def test_only_secrets_come_from_files(folder: Path):
    with pytest.raises(SettingsError, match="PRESENZA_SITE_FILE is no setting"):
        load(folder, {"PRESENZA_SITE_FILE": "/etc/hostname"}, "")


def test_a_secret_is_never_shown(folder: Path):
    loaded = load(folder, {"PRESENZA_MQTT_PASSWORD": SECRET}, "")
    assert SECRET not in f"{loaded!r} {loaded} {loaded.model_dump_json()}"


def test_the_address_of_redis_may_hold_a_password_and_is_a_secret_too(folder: Path, tmp_path: Path):
    address = f"redis://:{SECRET}@10.0.0.5/0"
    (tmp_path / "redis").write_text(f"{address}\n")
    for environ in ({"PRESENZA_REDIS_URL": address}, {"PRESENZA_REDIS_URL_FILE": str(tmp_path / "redis")}):
        loaded = load(folder, environ, "")
        assert loaded.redis_url is not None
        assert loaded.redis_url.get_secret_value() == address
        assert SECRET not in f"{loaded!r} {loaded} {loaded.model_dump_json()}"
    with pytest.raises(SettingsError) as refusal:
        load(folder, {}, f'redis_url = ["{address}"]')
    assert SECRET not in str(refusal.value)


@pytest.mark.parametrize("toml", [f'mqtt_password = ["{SECRET}"]', f'mqtt_password = {{ is = "{SECRET}" }}'])
def test_a_bad_secret_is_refused_without_being_shown(folder: Path, toml: str):
    with pytest.raises(SettingsError, match="MQTT_PASSWORD") as refusal:
        load(folder, toml=toml)
    assert SECRET not in str(refusal.value)


def test_settings_can_go_to_another_process(folder: Path):
    loaded = load(folder, {"PRESENZA_SITE": "annex"}, "")
    assert pickle.loads(pickle.dumps(loaded)) == loaded


def test_the_process_environment_is_what_counts_by_default(folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(os.environ, "PRESENZA_SITE", "annex")
    assert settings.load(data_dir=folder).site == "annex"


def test_an_empty_variable_is_none_where_the_default_is_none(folder: Path):
    loaded = load(folder, {"PRESENZA_FIREBASE_CREDENTIALS": "", "PRESENZA_MQTT_CERTIFICATE_PORT": ""}, "")
    assert (loaded.firebase_credentials, loaded.mqtt_certificate_port) == (None, None)
