"""What may be done in one place only is done there: committing, and reading the clock."""

import ast
import re

from tests.house.source import Module, modules

DATABASE = "patronage/foundation/database.py"
CLOCK = "patronage/foundation/clock.py"
ENDS_TRANSACTION = re.compile(r"\.(commit|rollback)$")
READS_CLOCK = re.compile(r"(^|\.)(datetime\.(now|utcnow|today)|date\.today|time\.(time|time_ns|localtime|gmtime))$")


def _found(pattern: re.Pattern[str], module: Module) -> list[str]:
    return [f"{module.path}:{line} {name}" for name, line in module.calls() if pattern.search(name)]


def test_only_the_database_ends_a_transaction() -> None:
    product = [module for module in modules() if module.is_product and module.path != DATABASE]
    assert [place for module in product for place in _found(ENDS_TRANSACTION, module)] == []


def test_only_the_clock_reads_the_clock() -> None:
    product = [module for module in modules() if module.is_product and module.path != CLOCK]
    assert [place for module in product for place in _found(READS_CLOCK, module)] == []


def test_a_commit_and_a_look_at_the_clock_would_be_seen() -> None:
    text = "session.commit()\ndatetime.now(UTC)\ndatetime.datetime.utcnow()\ntime.time()\n"
    module = Module("patronage/giving/x.py", text)
    assert len(_found(ENDS_TRANSACTION, module)) == 1
    assert len(_found(READS_CLOCK, module)) == 3


def test_the_command_starts_the_sandbox_lazily() -> None:
    top = next(module.tree.body for module in modules() if module.path == "patronage/cli.py")
    names = {ast.unparse(node) for node in top if isinstance(node, ast.Import | ast.ImportFrom)}
    assert [name for name in names if "sandbox" in name] == []
