"""Everything the pages and letters say is said in every language, whole, and as compiled as it is written."""

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages import Catalog, Message
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

from patronage.foundation.web.languages import LANGUAGES, LOCALE, OURS
from tests.house.source import ROOT

MAKEFILE = ROOT / "Makefile"
TRANSLATED = sorted(set(LANGUAGES) - {OURS})
PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|\{\w+\}|%%")
TODO = "Run `make messages`, translate what is new in {file}, and run it again. What is not said there: {what}"


def _file(language: str, ending: str) -> Path:
    return LOCALE / language / "LC_MESSAGES" / f"messages.{ending}"


def _read(file: Path, language: str | None = None) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale=language)


def _messages(catalog: Catalog) -> dict[tuple[str, ...], Message]:
    """The messages of `catalog`, by their English: one sentence, or singular and plural."""
    return {_words(message.id): message for message in catalog if message.id}


def _words(said: object) -> tuple[str, ...]:
    return tuple(said) if isinstance(said, list | tuple) else (str(said),)


@pytest.fixture(scope="module")
def extracted(tmp_path_factory: pytest.TempPathFactory) -> set[tuple[str, ...]]:
    """What the code and the templates say now, read from them by the very command of the Makefile."""
    told = re.search(r"^\t\$\(BIN\)/pybabel (.*extract .*)-o \S+ \.$", MAKEFILE.read_text("utf-8"), re.MULTILINE)
    assert told, "the Makefile has no recipe that extracts"
    target = tmp_path_factory.mktemp("messages") / "messages.pot"
    words = [word.strip("'") for word in re.findall(r"'[^']*'|\S+", told[1])]
    command = [sys.executable, "-m", "babel.messages.frontend", *words, "-o", str(target), "."]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return set(_messages(_read(target)))


def test_every_language_but_english_has_its_folder() -> None:
    assert sorted(path.name for path in LOCALE.iterdir() if path.is_dir()) == TRANSLATED


@pytest.mark.parametrize("language", TRANSLATED)
def test_all_that_is_said_is_translated(language: str, extracted: set[tuple[str, ...]]) -> None:
    known = _messages(_read(_file(language, "po"), language))
    whole = {words for words, message in known.items() if all(_words(message.string)) and not message.fuzzy}
    missing = sorted(words[0] for words in extracted - whole)
    assert not missing, TODO.format(file=_file(language, "po").relative_to(ROOT), what=missing)


@pytest.mark.parametrize("language", TRANSLATED)
def test_nothing_is_translated_that_nobody_says(language: str, extracted: set[tuple[str, ...]]) -> None:
    stale = sorted(words[0] for words in set(_messages(_read(_file(language, "po"), language))) - extracted)
    assert not stale, f"Run `make messages`; nothing says any more: {stale}"


@pytest.mark.parametrize("language", TRANSLATED)
def test_every_form_holds_what_is_filled_in(language: str) -> None:
    wrong = []
    for words, message in _messages(_read(_file(language, "po"), language)).items():
        wanted = sorted(PLACEHOLDER.findall(words[-1]))
        wrong += [form for form in _words(message.string) if form and sorted(PLACEHOLDER.findall(form)) != wanted]
    assert wrong == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_plural_has_as_many_forms_as_the_language(language: str) -> None:
    catalog = _read(_file(language, "po"), language)
    plurals = [message for words, message in _messages(catalog).items() if len(words) > 1]
    assert plurals
    assert [message.id for message in plurals if len(_words(message.string)) != catalog.num_plurals] == []


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_runs_is_compiled_from_what_is_written(language: str) -> None:
    compiled = BytesIO()
    write_mo(compiled, _read(_file(language, "po"), language))
    same = compiled.getvalue() == _file(language, "mo").read_bytes()
    assert same, "The compiled translation is another than the written one. Run `make messages`."
