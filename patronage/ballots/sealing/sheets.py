"""A result as an XLSX workbook: the counts, both slates, and how to check them; texts as texts, never as formulas."""

import io
from fractions import Fraction
from typing import Any

from patronage.ballots.frozen import Frozen, Slate

SAFE = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
COUNTS = ("place", "topic_id", "topic", "votes", "share_of_ballots", "weighted_votes", "reporter_days", "chosen")
SLATES = ("places", "by", "topics", "voters_with_nothing", "largest_group_left_out", "promise_holds")

Cell = str | int | Fraction | None


def written(result: Frozen) -> bytes:
    """Return `result` as an XLSX file."""
    import xlsxwriter

    made = io.BytesIO()
    book = xlsxwriter.Workbook(made, {"in_memory": True, **SAFE})
    percent = book.add_format({"num_format": "0.0 %"})
    for name, rows in (("Result", _counts(result)), ("Slates", _slates(result)), ("To check", _facts(result))):
        _fill(book.add_worksheet(name), rows, percent)
    book.close()
    return made.getvalue()


def _fill(sheet: Any, rows: list[tuple[Cell, ...]], percent: Any) -> None:
    for number, row in enumerate(rows):
        for column, cell in enumerate(row):
            if isinstance(cell, str):
                sheet.write_string(number, column, cell)
            elif isinstance(cell, Fraction):
                sheet.write_number(number, column, float(round(cell, 6)), percent)
            elif cell is not None:
                sheet.write_number(number, column, cell)


def _counts(result: Frozen) -> list[tuple[Cell, ...]]:
    lines = [
        (
            line.place, line.topic_id, line.title, line.votes, line.share, line.weighted, line.days,
            "yes" if line.chosen else "no",
        )
        for line in result.lines
    ]  # fmt: skip
    return [COUNTS, *lines]


def _slates(result: Frozen) -> list[tuple[Cell, ...]]:
    rows: list[tuple[Cell, ...]] = [SLATES]
    first = "greatest weight" if result.is_weighted else "most ticks"
    for view in result.what_if:
        slates = ((first, view.approval), ("fair slate", view.fair))
        rows += [_slate(result, view.places, by, slate) for by, slate in slates]
    if result.shares:
        rows.append(_slate(result, None, f"equal shares of {result.shares.budget} days", result.shares.slate))
    return rows


def _slate(result: Frozen, places: int | None, by: str, slate: Slate) -> tuple[Cell, ...]:
    titles = " · ".join(result.titles[position] for position in slate.positions)
    return places, by, titles, slate.nothing, slate.left_out, "yes" if slate.holds else "no"


def _facts(result: Frozen) -> list[tuple[Cell, ...]]:
    return [
        ("ballots", result.cast), ("of them without a tick", result.blank), ("could vote", result.electorate),
        ("places", result.places), ("sha256 of the canonical JSON", result.sha256), ("version", result.version),
        ("tie seed", result.seed), ("root of the leaves", result.chain.root if result.chain else ""),
    ]  # fmt: skip
