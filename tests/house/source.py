"""Walks our own source for the tests about the house."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = ("patronage", "migrations", "tests", "bench")


@dataclass(frozen=True)
class Module:
    """A Python file of ours: its path from the root, its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree, read when somebody first asks for it."""
        return ast.parse(self.text, filename=self.path)

    @property
    def is_product(self) -> bool:
        """Tells whether it belongs to the service itself: not the sandbox, the tests, or the migrations."""
        return self.path.startswith("patronage/") and not self.path.startswith("patronage/sandbox/")

    def calls(self) -> Iterator[tuple[str, int]]:
        """Every call as (dotted name, line)."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Call):
                yield _dotted(node.func), node.lineno


def _dotted(node: ast.expr) -> str:
    """`a.b.c` as written; what is neither name nor attribute is an ellipsis, as `ast.unparse` takes its time."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else "…"


@dataclass(frozen=True)
class Function:
    """A function of ours, and how many lines it takes, its signature and docstring included."""

    where: str
    lines: int


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of ours."""
    files = sorted(file for folder in CODE for file in (ROOT / folder).rglob("*.py"))
    return tuple(_read(file) for file in files)


def _read(file: Path) -> Module:
    return Module(file.relative_to(ROOT).as_posix(), file.read_text(encoding="utf-8"))


def functions(module: Module) -> Iterator[Function]:
    """Every function in `module`, those inside classes and functions too."""
    for node in ast.walk(module.tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Function(f"{module.path}:{node.lineno} {node.name}", (node.end_lineno or 0) - node.lineno + 1)


def templates() -> list[Path]:
    """Every template of the product and of the sandbox."""
    folders = (ROOT / "templates", ROOT / "patronage" / "sandbox")
    return sorted(
        file for folder in folders for file in folder.rglob("*") if file.suffix in {".html", ".txt", ".svg", ".xml"}
    )
