"""Versions, decisions and the licence agree with one another."""

import hashlib
import re
import tomllib

import patronage
from tests.house.source import ROOT

DECISIONS = ROOT / "docs" / "decisions"
HEADINGS = ["## Status", "## Context", "## Decision", "## Consequences"]


def test_the_package_the_project_and_the_changelog_name_one_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)
    assert patronage.__version__ == project == released[0]
    assert changelog.index("## [Unreleased]") < changelog.index(f"## [{project}]")


def test_decisions_are_numbered_without_gaps_and_have_their_four_parts() -> None:
    pages = sorted(DECISIONS.glob("*.md"))
    assert [page.name[:4] for page in pages] == [f"{number:04d}" for number in range(1, len(pages) + 1)]
    for page in pages:
        text = page.read_text(encoding="utf-8")
        assert text.startswith(f"# {int(page.name[:4])}. "), page.name
        assert [line for line in text.splitlines() if line.startswith("## ")] == HEADINGS, page.name


def test_the_licence_is_the_whole_agpl_to_the_letter() -> None:
    digest = hashlib.sha256((ROOT / "LICENSE").read_bytes()).hexdigest()
    assert digest == "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


def test_make_help_names_every_target() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    phony = re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)
    assert phony
    told = set(re.findall(r"^([a-z-]+):.*## ", makefile, re.MULTILINE))
    assert set(phony[1].split()) - {"prepared"} == told
