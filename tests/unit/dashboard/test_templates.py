"""The templates can be read: none is one long line."""

from pathlib import Path

import dashboard

TEMPLATES = sorted((Path(dashboard.__file__).parent / "templates").rglob("*.html"))
LONGEST = 140  # an attribute with an address in it can't be broken


def test_no_line_of_a_template_is_too_long_to_be_read():
    assert len(TEMPLATES) > 60
    for path in TEMPLATES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            assert len(line) <= LONGEST, f"{path.name}:{number}"


def test_templates_are_indented_by_twos_without_tabs_or_trailing_spaces():
    for path in TEMPLATES:
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            indent = len(line) - len(line.lstrip())
            assert indent % 2 == 0, f"{path.name}:{number}"
            assert line == line.rstrip(), f"{path.name}:{number}"
            assert "\t" not in line, f"{path.name}:{number}"
