"""Writes the parts of the docs that are made of the code: `python docs/generate.py`.

docs/settings.md and docs/cli.md between their markers, and docs/schemas/*.json whole. A test holds
that what is there is what this writes.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

from hub import cli as command_line
from hub import payloads, settings

DOCS = Path(__file__).parent
# What stands for a default that is found out at the start.
FOUND_OUT = {"time_zone": "the machine's", "workers": "one for each core"}


def documents() -> dict[Path, str]:
    """Each file with the content that it should have."""
    return {
        DOCS / "settings.md": _with_part(DOCS / "settings.md", "settings", settings_table()),
        DOCS / "cli.md": _with_part(DOCS / "cli.md", "commands", commands()),
        **{DOCS / "schemas" / f"{name}.json": schema(name) for name in payloads.CONTRACT},
    }


def _with_part(path: Path, name: str, part: str) -> str:
    """The file's text with what is between its markers replaced."""
    start, end = f"<!-- {name}: by docs/generate.py -->\n", f"<!-- end of {name} -->"
    before, _, rest = path.read_text(encoding="utf-8").partition(start)
    _, _, after = rest.partition(end)
    return f"{before}{start}\n{part}\n{end}{after}"


# -- settings -----------------------------------------------------------------


def settings_table() -> str:
    """One line for each setting."""
    properties = settings.Settings.model_json_schema()["properties"]
    lines = ["| variable | values | default | meaning |", "|---|---|---|---|"]
    for name, field in settings.Settings.model_fields.items():
        values = _values(properties[name])
        variable = f"`{settings.PREFIX}{name.upper()}`"
        if name in settings.SECRETS:
            variable += f" or `{settings.PREFIX}{name.upper()}_FILE`"
        lines.append(f"| {variable} | {values} | {_default(name, field.default)} | {field.description} |")
    return "\n".join(lines) + "\n"


def _values(schema: dict[str, Any]) -> str:
    """What a setting takes, from its JSON Schema."""
    options = [each for each in schema.get("anyOf", [schema]) if each.get("type") != "null"]
    chosen = options[0]
    if "enum" in chosen or "const" in chosen:
        return " ".join(f"`{each}`" for each in chosen.get("enum", [chosen.get("const")]))
    low = chosen.get("minimum", chosen.get("exclusiveMinimum"))
    if low is not None:
        return f"{low}…{chosen.get('maximum', chosen.get('exclusiveMaximum', ''))}"
    kinds = {"path": "path", "time": "HH:MM", "password": "secret"}
    return kinds.get(chosen.get("format", ""), {"array": "list", "boolean": "true, false"}.get(chosen["type"], "text"))


def _default(name: str, value: object) -> str:
    if name in FOUND_OUT:
        return FOUND_OUT[name]
    if value is None or value in ("", ()):
        return "none"
    return f"`{value:%H:%M}`" if hasattr(value, "hour") else f"`{value}`"


# -- commands -----------------------------------------------------------------


def commands() -> str:
    """A section for each command, and the exit codes."""
    context = click.Context(command_line.cli, info_name="presenza")
    sections = [section for name in command_line.COMMANDS for section in _sections(context, name)]
    codes = [f"| {code} | {meaning} |" for code, meaning in command_line.EXIT_CODES.items()]
    return "\n".join([*sections, "## Exit codes", "", "| code | meaning |", "|---|---|", *codes, ""])


def _sections(parent: click.Context, name: str) -> Iterator[str]:
    assert isinstance(parent.command, click.Group)
    command = parent.command.get_command(parent, name)
    assert command is not None
    context = click.Context(command, info_name=name, parent=parent)
    level = "#" * (context.command_path.count(" ") + 1)
    yield f"{level} `{_usage(context)}`\n\n{_prose(command.help or '')}\n"
    options = [_option(each) for each in command.params if isinstance(each, click.Option)]
    if options:
        yield "\n".join(["| option | meaning |", "|---|---|", *options, ""])
    # The benchmarks are the checkout's and have help of their own.
    if isinstance(command, click.Group) and name != "bench":
        for each in command.list_commands(context):
            yield from _sections(context, each)


def _usage(context: click.Context) -> str:
    return " ".join([context.command_path, *context.command.collect_usage_pieces(context)])


def _prose(text: str) -> str:
    """A docstring's paragraphs, each on one line."""
    paragraphs = re.split(r"\n\s*\n", text.strip())
    return "\n\n".join(" ".join(paragraph.split()) for paragraph in paragraphs)


def _option(option: click.Option) -> str:
    names = ", ".join(f"`{each}`" for each in (*option.opts, *option.secondary_opts))
    kind = "" if option.is_flag else f" {option.make_metavar(click.Context(click.Command('')))}"
    meaning = " ".join((option.help or "").replace("|", "\\|").split())
    shown = f" Default: `{option.default}`." if option.show_default and option.default is not None else ""
    return f"| {names}{kind.replace('|', ' ')} | {meaning}{shown} |"


# -- schemas ------------------------------------------------------------------


def schema(name: str) -> str:
    """The JSON Schema of one payload of the wire contract."""
    body = payloads.CONTRACT[name].model_json_schema()
    whole = {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": f"presenza/v1/{name}.json", **body}
    return json.dumps(whole, indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for path, content in documents().items():
        path.parent.mkdir(exist_ok=True)
        path.write_text(content, encoding="utf-8")
