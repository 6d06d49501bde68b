"""Whatever the audit trail says was done, the desk has words for in every language."""

import ast

from patronage.newsroom.deeds import DEEDS
from tests.house.source import Module, modules

RECORDS = {"audit.record": 2, "_record": 2}  # where the deed stands among the arguments


def _deeds(module: Module) -> set[str]:
    calls = [node for node in ast.walk(module.tree) if isinstance(node, ast.Call)]
    named = [(call, RECORDS[ast.unparse(call.func)]) for call in calls if ast.unparse(call.func) in RECORDS]
    return {call.args[at].value for call, at in named if isinstance(call.args[at], ast.Constant)}  # type: ignore[attr-defined]  # a constant has a value


def test_every_deed_that_is_written_down_has_words() -> None:
    written = set().union(*(_deeds(module) for module in modules() if module.is_product))
    assert len(written) > 5
    assert written == set(DEEDS)
