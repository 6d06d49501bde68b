"""Functions and files stay small, and no drawer for odds and ends opens."""

import ast

from tests.house.source import Module, functions, modules

LONGEST_FUNCTION = 45
LONGEST_FILE = 400
DRAWERS = {"util", "helper", "service", "manager", "common", "misc"}


def _code() -> list[Module]:
    """The code itself; a migration is a list of what happens, however long."""
    return [module for module in modules() if not module.path.startswith("migrations/")]


def _drawers(path: str) -> set[str]:
    return DRAWERS & {part.removesuffix(".py").removesuffix("s") for part in path.split("/")}


def test_functions_stay_short() -> None:
    every = [function for module in _code() for function in functions(module)]
    tail = sorted(every, key=lambda function: function.lines, reverse=True)
    print("\nThe longest functions:", *(f"{each.lines:4} {each.where}" for each in tail[:10]), sep="\n")
    assert [each for each in tail if each.lines > LONGEST_FUNCTION] == []


def test_files_stay_short() -> None:
    sizes = sorted(((module.text.count("\n"), module.path) for module in _code()), reverse=True)
    print("\nThe longest files:", *(f"{lines:4} {path}" for lines, path in sizes[:10]), sep="\n")
    assert [path for lines, path in sizes if lines > LONGEST_FILE] == []


def test_no_drawer_opens() -> None:
    assert [module.path for module in modules() if _drawers(module.path)] == []


def test_a_drawer_would_be_seen() -> None:
    assert _drawers("patronage/giving/utils.py")
    assert _drawers("patronage/services/mail.py")


def test_every_module_says_what_it_is() -> None:
    silent = [module for module in modules() if module.text.strip() and not ast.get_docstring(module.tree)]
    assert [module.path for module in silent] == []
