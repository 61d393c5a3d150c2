"""Every string can be translated, and the second language is complete."""

import ast
import gettext
import re
from pathlib import Path

import dashboard

ROOT = Path(dashboard.__file__).parent
GERMAN = ROOT / "locale" / "de" / "LC_MESSAGES"
CALLS = {"_", "gettext", "gettext_lazy", "gettext_noop", "ngettext"}
TAG = re.compile(r"""{%\s*translate\s+(?:"([^"]+)"|'([^']+)')""")
BARE = re.compile(r">\s*([A-Za-zäöü][^<>{}]*[a-z]{3}[^<>{}]*)\s*<")
NAMES = {"Presenza", "English", "Deutsch", "CSV", "XLSX", "node.json", "/metrics"}


def catalog() -> dict:
    with (GERMAN / "django.mo").open("rb") as file:
        return {key: text for key, text in gettext.GNUTranslations(file)._catalog.items() if key}


def known() -> set[str]:
    return {key[0] if isinstance(key, tuple) else key for key in catalog()}


def in_python() -> set[str]:
    found = set()
    for path in ROOT.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS and node.args:
                text = node.args[0]
                if isinstance(text, ast.Constant) and isinstance(text.value, str):
                    found.add(text.value)
    return found


def test_every_string_of_the_code_is_in_the_german_catalog():
    assert len(in_python()) > 150
    assert in_python() - known() == set()


def test_every_string_of_the_templates_is_in_the_german_catalog():
    found = {a or b for path in ROOT.rglob("*.html") for a, b in TAG.findall(path.read_text(encoding="utf-8"))}
    assert len(found) > 150
    assert found - known() == set()


def test_no_template_has_bare_words():
    for path in ROOT.rglob("*.html"):
        text = re.sub(
            r"{%-? *blocktranslate.*?endblocktranslate *%}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL
        )
        bare = {words.strip() for words in BARE.findall(text)} - NAMES
        assert bare == set() or path.name == "failed.html", path  # which is shown when nothing else works


def test_the_compiled_catalog_is_made_of_the_one_that_is_read():
    source = (GERMAN / "django.po").read_text(encoding="utf-8")
    assert "fuzzy" not in source
    texts = [
        "".join(re.findall(r'"(.*)"', block)) for block in re.findall(r'msgstr(?:\[\d\])? ((?:".*"\n)+)', source + "\n")
    ]
    compiled = [text.replace("\n", "\\n").replace('"', '\\"') for text in catalog().values()]
    assert sorted(texts[1:]) == sorted(compiled)
    assert all(texts)
