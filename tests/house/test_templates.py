"""Templates parse, escape everything, and draw no form field by hand."""

import re
from pathlib import Path

import pytest
from jinja2 import Environment, FileSystemLoader, StrictUndefined, nodes

from tests.house.source import ROOT, templates

OURS = ROOT / "templates"
FIELD = re.compile(r"<(input|select|textarea)\b", re.IGNORECASE)
UNSAFE = re.compile(r"\|\s*safe\b|\bautoescape\s+false\b|\bMarkup\(", re.IGNORECASE)
EXTENSIONS = ["jinja2.ext.i18n", "jinja2.ext.do", "jinja2.ext.loopcontrols"]


def _strict(folder: Path) -> Environment:
    return Environment(
        loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=True, extensions=EXTENSIONS
    )


def _name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("file", templates(), ids=_name)
def test_a_template_parses(file: Path) -> None:
    source = file.read_text(encoding="utf-8")
    tree = _strict(file.parent).parse(source, filename=str(file))
    assert isinstance(tree, nodes.Template)


@pytest.mark.parametrize("file", templates(), ids=_name)
def test_a_template_escapes_everything(file: Path) -> None:
    assert UNSAFE.findall(file.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("file", [file for file in templates() if file.is_relative_to(OURS)], ids=_name)
def test_a_page_draws_no_field_by_hand(file: Path) -> None:
    if file.is_relative_to(OURS / "_house"):
        return  # this is where fields are drawn
    assert FIELD.findall(file.read_text(encoding="utf-8")) == []


def test_what_a_page_extends_or_includes_is_there() -> None:
    missing = []
    for file in (file for file in templates() if file.is_relative_to(OURS)):
        tree = _strict(OURS).parse(file.read_text(encoding="utf-8"))
        for node in tree.find_all((nodes.Extends, nodes.Include, nodes.Import, nodes.FromImport)):
            target = getattr(node, "template", None)
            if isinstance(target, nodes.Const) and not (OURS / str(target.value)).exists():
                missing.append(f"{_name(file)}: {target.value}")
    assert missing == []


def test_an_unsafe_filter_would_be_seen() -> None:
    assert UNSAFE.search("{{ story | safe }}")
    assert FIELD.search('<Input name="amount">')
