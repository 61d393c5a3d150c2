"""The docs say what the code does."""

import re
import runpy
from pathlib import Path

import click
import pytest

from hub import errors
from hub.cli import COMMANDS, EXIT_CODES, cli
from hub.settings import SECRETS, Settings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted(DOCS.glob("*.md"))]
MAKE = "run: .venv/bin/python docs/generate.py"
GENERATED: dict[Path, str] = runpy.run_path(str(DOCS / "generate.py"))["documents"]()

_LINK = re.compile(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)")
_COMMAND = re.compile(r"(?:^\s*|`)(?:\./|\.venv/bin/)?presenza ([a-z]+)(?: ([a-z]+))?", re.MULTILINE)


@pytest.mark.parametrize("path", GENERATED, ids=lambda path: str(path.relative_to(ROOT)))
def test_what_is_made_of_the_code_is_up_to_date(path: Path):
    assert path.read_text(encoding="utf-8") == GENERATED[path], MAKE


def test_there_are_no_other_schemas():
    assert set((DOCS / "schemas").iterdir()) <= set(GENERATED), "a payload is gone: delete its schema"


def test_every_setting_is_in_the_table_and_no_other():
    named = re.findall(r"^\| `PRESENZA_(\w+)`", (DOCS / "settings.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name.lower() for name in named] == list(Settings.model_fields)


def test_every_setting_has_a_description():
    assert all(field.description for field in Settings.model_fields.values())


def test_every_secret_may_come_from_a_file():
    page = (DOCS / "settings.md").read_text(encoding="utf-8")
    assert all(f"PRESENZA_{name.upper()}_FILE" in page for name in SECRETS)


def test_every_command_and_option_is_in_the_docs():
    page = (DOCS / "cli.md").read_text(encoding="utf-8")
    context = click.Context(cli, info_name="presenza")
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        section = page[page.index(f"`presenza {name}") :]
        for option in [each for each in command.params if isinstance(each, click.Option)]:
            assert f"`{option.opts[0]}`" in section


def test_every_exit_code_of_an_error_is_explained():
    classes = [each for each in vars(errors).values() if isinstance(each, type)]
    codes = {each.exit_code for each in classes if issubclass(each, errors.PresenzaError)}
    assert codes <= set(EXIT_CODES)


def test_the_readmes_two_commands_exist():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"./presenza {command}" in readme
        assert command in COMMANDS
    assert (ROOT / "presenza").stat().st_mode & 0o111


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_that_a_page_names_exists(page: Path):
    context = click.Context(cli, info_name="presenza")
    for name, second in _COMMAND.findall(page.read_text(encoding="utf-8")):
        assert name in COMMANDS or name == "setup", f"presenza {name}"
        command = cli.get_command(context, name)
        if isinstance(command, click.Group) and second:
            assert second in command.list_commands(context), f"presenza {name} {second}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_leads_to_a_file(page: Path):
    for target in _LINK.findall(page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


def test_every_page_that_the_code_names_exists():
    sources = [path for folder in ("hub", "broker") for path in (ROOT / folder).rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"docs/(\w+\.md)", path.read_text(encoding="utf-8"))}
    assert {name for name in named if not (DOCS / name).exists()} == set()


def test_the_list_of_docs_is_complete():
    listed = set(_LINK.findall((DOCS / "README.md").read_text(encoding="utf-8")))
    assert {page.name for page in DOCS.glob("*.md")} - {"README.md"} <= listed
