"""Puts what was measured into words: one page of tables, the same in the terminal and in docs/performance.md."""

import os
import platform
from dataclasses import dataclass

from bench.ballots import Counted
from bench.books import Kept
from bench.counting import PLACES, TOPICS, Rules
from bench.load import CONNECTIONS
from bench.measuring import Effort, Measured, Start
from patronage.foundation.settings import Settings

MIB = 1024 * 1024
MEMORY_GOAL = 160 * MIB
VOTE_TAIL = 0.030
FEWEST_STATEMENTS = 5
CERTIFIED_WITHIN = 30  # seconds, a million ballots
VIEW_CLOSED, VIEW_OPEN = 0.1, 2.0  # of the raw sum
EXPORT_GROWTH = 32 * MIB


@dataclass(frozen=True)
class OnOneDatabase:
    """Everything that was measured on one database; `version` such as "SQLite 3.40.1"."""

    version: str
    measured: Measured
    start: Start
    counted: Counted
    kept: Kept


def page(results: list[OnOneDatabase], rules: Rules, effort: Effort) -> str:
    """Return the whole page as Markdown."""
    parts = [_opening(results, effort)]
    for each in results:
        parts += [
            f"## {each.version}",
            _paths(each.measured),
            _besides(each),
            _ballots(each.counted),
            _books(each.kept),
        ]
    return "\n\n".join([*parts, _closing(), "## Counting", _rules(rules)]) + "\n"


def _opening(results: list[OnOneDatabase], effort: Effort) -> str:
    workers, threads = (Settings.model_fields[name].default for name in ("web_workers", "web_threads"))
    return f"""# How fast it is, and against what that is measured

Written by `make bench`; the figures are those of its last run.

Machines are shared and noisy, so a time by itself says little. Every path is measured beside what Flask itself can do,
in the same run and in turn, {effort.rounds} rounds each, by the same client, on the same server (gunicorn, gthread,
{workers} workers of {threads} threads), {CONNECTIONS} connections at once, the same database and its full durability:
what is answered with 2xx is on the disk. A ratio is the median of the rounds, each beside its own limit.

- *hello* is a route that returns `hello`. Pages that a process keeps as bytes are answered in front of Flask, so they
  may be faster than that.
- *commit1* is a route that inserts one row and commits, through SQLAlchemy Core.
- *raw sum* is one `GROUP BY` over the whole ledger, by kind, accounts and currency.
- *raw count* is one `GROUP BY` over the ballots, its rows fetched by the bare driver and thrown away.

Client and database share the processors with the server. *CPU* is the processor time of our processes alone for one
answer (without PostgreSQL's), and hardly changes when the machine is busy; its ratio stands beside that of the rates.

Machine: {os.cpu_count()} processors ({platform.machine()}), {platform.system()}, Python {platform.python_version()},
{" and ".join(each.version for each in results)}."""


def _paths(measured: Measured) -> str:
    rows = [[f"*{name}*", "", "", "", *_seen(measured, name), ""] for name in ("hello", "commit1")]
    for path in measured.paths:
        ours, limit = measured.figures[path.name], measured.figures[path.limit]
        ratio = ours.ratio(limit)
        verdict = "reached" if ratio >= path.goal else "missed"
        rows.append(
            [path.name, f"≥ {path.goal:.2f} × {path.limit}", f"**{ratio:.2f}**", verdict, *_seen(measured, path.name),
             _processor_ratio(measured, path.name, path.limit)]
        )  # fmt: skip
    head = ["path", "goal", "ratio", "", "answers/s", "p50 ms", "p99 ms", "CPU ms", "CPU ratio"]
    failed = {name: len(figures.failed) for name, figures in measured.figures.items() if figures.failed}
    told = "; ".join(f"{name}: {number}" for name, number in failed.items()) or "none"
    return f"{_table(head, rows)}\n\nAnswers other than expected: {told}."


def _seen(measured: Measured, name: str) -> list[str]:
    figures = measured.figures[name]
    each = figures.processor_each
    return [
        f"{figures.rate:,.0f}", _ms(figures.within(50)), _ms(figures.within(99)), "–" if each is None else _ms(each)
    ]  # fmt: skip


def _processor_ratio(measured: Measured, name: str, limit: str) -> str:
    ours, theirs = measured.figures[name].processor_each, measured.figures[limit].processor_each
    return f"{theirs / ours:.2f}" if ours and theirs else "–"


def _besides(each: OnOneDatabase) -> str:
    memory, start, tail = each.measured.memory, each.start, each.measured.figures["vote cast"].within(99)
    on_postgresql = each.version.startswith("PostgreSQL")
    rows = [
        ["vote cast, SQL statements", f"≤ {FEWEST_STATEMENTS}", str(each.measured.statements),
         _verdict(each.measured.statements <= FEWEST_STATEMENTS)],
        ["vote cast, p99", "≤ 30 ms on PostgreSQL", f"{_ms(tail)} ms", _verdict(tail <= VOTE_TAIL) if on_postgresql
         else ""],
        ["memory after load, master + workers (PSS)", f"≤ {MEMORY_GOAL // MIB} MiB", _mib(memory),
         "" if memory is None else _verdict(memory <= MEMORY_GOAL)],
        ["start to first answer", "≤ 2 × the imports", f"{start.ratio:.2f} ({start.first_answer:.2f} s against "
         f"{start.imports:.2f} s)", _verdict(start.ratio <= 2)],
        ["`patronage --help`", "< 0.3 s", f"{start.help:.2f} s", _verdict(start.help < 0.3)],
    ]  # fmt: skip
    return _table(["besides", "goal", "", ""], rows)


def _ballots(counted: Counted) -> str:
    both = counted.closed + counted.certified
    memory = f"{_mib(counted.memory)} at most, {_mib(counted.memory_before)} before" if counted.memory else "–"
    rows = [
        ["raw count", "", f"{counted.raw:.2f} s", ""],
        ["counted by the rule", "≤ 1.5 × raw count", f"{counted.ratio:.2f} ({counted.counted:.2f} s)",
         _verdict(counted.ratio <= 1.5)],
        ["closed: everything sealed, all views counted, broken down, frozen, committed", "",
         f"{counted.closed:.1f} s", ""],
        ["certified: counted again, all seals checked, the key destroyed", "", f"{counted.certified:.1f} s", ""],
        ["both", f"≤ {CERTIFIED_WITHIN} s", f"{both:.1f} s ({both / counted.raw:.0f} × raw count)",
         _verdict(both <= CERTIFIED_WITHIN)],
        ["memory of the counting process (RSS)", "", memory, ""],
        ["a recount gives the frozen hash", "yes", "yes" if counted.holds else "no", _verdict(counted.holds)],
    ]  # fmt: skip
    said = f"{counted.ballots:,} ballots of five choices in one round, {counted.groups:,} of them different"
    return _table([said, "goal", "", ""], rows)


def _rules(measured: Rules) -> str:
    said = f"{measured.ballots:,} ballots over {TOPICS} topics, {PLACES} places"
    rows = [["one pass over the ballots in plain Python", "", f"{measured.passed:.2f} s", ""]]
    rows += [
        [each.name, "< 1 s", f"{each.ratio:.1f} passes ({each.seconds:.2f} s)", _verdict(each.seconds < 1)]
        for each in measured.rules
    ]
    count = f"{measured.file_ratio:.1f} × reading ({measured.file_counted:.1f} s)"
    rows += [
        [f"reading a file of {measured.file_ballots:,} ballots with `csv`", "", f"{measured.file_read:.2f} s", ""],
        ["`patronage count --rule phragmen` of it", "seconds", count, ""],
    ]
    return _table([said, "goal", "", ""], rows)


def _books(kept: Kept) -> str:
    memory = f"{_mib(kept.memory)} at most, {_mib(kept.memory_before)} before" if kept.memory else "–"
    closed, open_ = kept.closed / kept.raw, kept.open / kept.raw
    rows = [
        ["raw sum", "", f"{kept.raw:.2f} s", ""],
        ["month view, all months but the last one closed", f"≤ {VIEW_CLOSED} × raw sum",
         f"{closed:.3f} ({kept.closed * 1000:.0f} ms)", _verdict(closed <= VIEW_CLOSED)],
        ["month view, no month ever closed", f"≤ {VIEW_OPEN} × raw sum", f"{open_:.2f} ({kept.open:.2f} s)",
         _verdict(open_ <= VIEW_OPEN)],
        ["the balance it shows is what the raw sum comes to", "yes", "yes" if kept.agrees else "no",
         _verdict(kept.agrees)],
        ["the whole journal as CSV", "", f"{kept.exported:.0f} s", ""],
        ["memory of the exporting process (RSS)", f"≤ {EXPORT_GROWTH // MIB} MiB more than before", memory,
         _verdict(kept.memory - kept.memory_before <= EXPORT_GROWTH) if kept.memory else ""],
    ]  # fmt: skip
    said = f"{kept.payments:,} payments of five years in the books, with fees, refunds and payouts"
    return _table([said, "goal", "", ""], rows)


def _closing() -> str:
    return """The ballots are spread evenly over all ways to tick 5 of 40 topics: no spread is harder to group. As many
patrons as ballots stand in the database, each with a paid pledge, so that closing looks through all of them."""


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _verdict(reached: bool) -> str:
    return "reached" if reached else "missed"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f}" if seconds < 0.01 else f"{seconds * 1000:.0f}"


def _mib(size: int | None) -> str:
    return "–" if size is None else f"{size / MIB:.0f} MiB"
