"""Measures everything on both databases, prints the page and writes docs/performance.md; takes some ten minutes."""

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench import ballots, books, counting, databases, measuring
from bench.report import OnOneDatabase, page
from bench.serving import ROOT

ENGINES = ("sqlite", "postgresql")
PAGE = ROOT / "docs" / "performance.md"


def main() -> None:
    """Measure, print, write."""
    effort = measuring.Effort()
    text = page(measured(effort), rules(effort), effort)
    PAGE.write_text(text, encoding="utf-8")
    print(text)
    print(f"Written to {PAGE.relative_to(ROOT)}.")


def measured(effort: measuring.Effort) -> list[OnOneDatabase]:
    """Measure both databases, in folders and servers that are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="patronage-bench-") as made, databases.server() as server_url:
        return [_on(engine, server_url, Path(made), effort) for engine in ENGINES]


def rules(effort: measuring.Effort) -> counting.Rules:
    """Measure the rules of counting, which know no database."""
    with tempfile.TemporaryDirectory(prefix="patronage-bench-") as made, _told("the rules of counting"):
        return counting.measured(effort.counted, effort.ballots, effort.rounds, Path(made))


def _on(engine: str, server_url: str, folder: Path, effort: measuring.Effort) -> OnOneDatabase:
    with databases.migrated(engine, server_url, folder, "paths") as url:
        version = databases.version(url)
        with _told(f"{version}: paths beside their limits"):
            paths = measuring.measure(url, folder, effort)
        with _told(f"{version}: start"):
            start = measuring.measure_start(url, folder, effort.rounds)
    with databases.migrated(engine, server_url, folder, "ballots") as url:
        with _told(f"{version}: {effort.ballots:,} ballots written"):
            round_id = ballots.fill(url, effort.ballots)
        with _told(f"{version}: {effort.ballots:,} ballots counted"):
            counted = ballots.counted(url, round_id, effort.counts)
    with databases.migrated(engine, server_url, folder, "books") as url:
        with _told(f"{version}: {effort.payments:,} payments entered"):
            books.fill(url, effort.payments)
        with _told(f"{version}: {effort.payments:,} payments added up and exported"):
            kept = books.kept(url, effort.payments, effort.rounds)
    return OnOneDatabase(version, paths, start, counted, kept)


@contextlib.contextmanager
def _told(what: str) -> Iterator[None]:
    began = perf_counter()
    print(f"{what} …", end=" ", file=sys.stderr, flush=True)
    yield
    print(f"{perf_counter() - began:.0f} s", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
