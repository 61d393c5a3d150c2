"""The container's files, as far as they can be held without a container: their form, and that they fit the settings."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub import settings
from hub.cli import COMMANDS
from hub.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "broker" / "container"
INSTRUCTIONS = {"FROM", "RUN", "COPY", "WORKDIR", "USER", "ENV", "VOLUME", "EXPOSE", "ENTRYPOINT", "CMD"}
SERVICE = {
    "build",
    "cap_drop",
    "environment",
    "init",
    "ports",
    "read_only",
    "restart",
    "security_opt",
    "stop_grace_period",
    "tmpfs",
    "volumes",
}


def instructions() -> list[tuple[str, str]]:
    text = (FOLDER / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, " ".join(rest.split())) for word, _, rest in (line.partition(" ") for line in lines)]


def value(instruction: str) -> str:
    return next(rest for word, rest in instructions() if word == instruction)


@pytest.fixture
def compose() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text(encoding="utf-8"))
    return loaded


def test_the_recipe_is_made_of_instructions_and_begins_with_an_image():
    words = [word for word, _ in instructions()]
    assert words[0] == "FROM"
    assert set(words) <= INSTRUCTIONS


def test_the_program_runs_as_a_user_of_its_own_and_its_command_exists():
    assert value("USER") == "presenza"
    assert json.loads(value("CMD"))[0] in COMMANDS
    (program,) = json.loads(value("ENTRYPOINT"))
    assert program == f"{value('WORKDIR')}/.venv/bin/presenza"


def test_ports_are_those_of_the_settings(compose):
    defaults = {str(Settings.model_fields[name].default) for name in ("mqtt_port", "http_port")}
    assert set(value("EXPOSE").split()) == defaults
    assert {port.rpartition(":")[2] for port in compose["services"]["presenza"]["ports"]} == defaults


def test_every_variable_is_a_setting(compose):
    named = re.findall(r"(\w+)=", value("ENV")) + list(compose["services"]["presenza"]["environment"])
    assert {name.removeprefix(PREFIX).lower() for name in named} <= set(Settings.model_fields)


def test_the_data_folder_is_a_volume(compose):
    folder = re.search(r"PRESENZA_DATA_DIR=(\S+)", value("ENV"))
    assert folder is not None
    assert value("VOLUME") == folder[1]
    mounted, _ = compose["services"]["presenza"]["volumes"]
    name, _, path = mounted.partition(":")
    assert (name in compose["volumes"], path) == (True, folder[1])


def filled_in(compose: dict[str, Any], **shell: str) -> dict[str, str]:
    """The container's environment as `docker compose` makes it of the shell's: `${A:-b}`, `${A:+b}`, `${A:?why}`."""

    def expand(found: re.Match[str]) -> str:
        name, sign, word = found.groups()
        given = shell.get(name, "")
        return (word if given else "") if sign == "+" else given or (word if sign == "-" else "")

    environment = compose["services"]["presenza"]["environment"]
    return {name: re.sub(r"\$\{(\w+):([-+?])([^}]*)\}", expand, value) for name, value in environment.items()}


def test_what_is_not_set_outside_is_the_default_inside(compose):
    inside = settings.load(filled_in(compose, PRESENZA_MQTT_NAMES="hub.example"))
    given = settings.load({"PRESENZA_MQTT_NAMES": "hub.example", "PRESENZA_TIME_ZONE": "UTC"})
    assert inside == given


def test_firestores_settings_reach_the_hub(compose):
    outside = {"PRESENZA_STORE": "firestore", "PRESENZA_FIREBASE_PROJECT": "a-school", "PRESENZA_FIREBASE_KEY": "./k"}
    inside = settings.load(filled_in(compose, PRESENZA_MQTT_NAMES="hub.example", **outside))
    assert (inside.store, inside.firebase_project) == ("firestore", "a-school")
    _, mounted = compose["services"]["presenza"]["volumes"]
    assert str(inside.firebase_credentials) == mounted.removesuffix(":ro").rpartition(":")[2]


def test_every_setting_of_firestore_may_be_given(compose):
    wanted = {
        name for name in Settings.model_fields if name.startswith("firebase_") or name in ("store", "storage_bucket")
    }
    named = {name.removeprefix(PREFIX).lower() for name in compose["services"]["presenza"]["environment"]}
    assert wanted <= named


def test_the_service_names_what_exists_and_nothing_that_the_format_does_not_know(compose):
    service = compose["services"]["presenza"]
    assert set(compose) == {"services", "volumes"}
    assert set(service) == SERVICE
    context = (FOLDER / service["build"]["context"]).resolve()
    assert context == ROOT
    assert (context / service["build"]["dockerfile"]).is_file()


def test_secrets_and_data_stay_out_of_the_image():
    left_out = (FOLDER / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    assert {".git", ".venv", "presenza-data", "presenza-demo"} <= set(left_out)
