"""The measurements themselves: paths and limits in turn, round after round; what the service weighs, how it starts."""

import sys
from dataclasses import dataclass, field
from pathlib import Path as Folder
from statistics import median, quantiles

from bench import limits, paths
from bench.load import Run, fire
from bench.serving import BARE, OURS, PATRONAGE, Server, running, seconds, settings_for
from patronage.app import create_app, tools_for
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings

IMPORTS = "import flask, sqlalchemy.orm, psycopg, flask_login"
WARM_UP = 200


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds, requests in a round, ballots in the box, times they are counted, payments.

    `counted` is how many ballots each rule of counting gets.
    """

    rounds: int = 5
    reads: int = 2500
    writes: int = 1000
    ballots: int = 1_000_000
    counts: int = 3
    payments: int = 1_000_000
    counted: int = 100_000

    @property
    def voters(self) -> int:
        """How many patrons are needed for each to vote once."""
        return self.rounds * self.writes + min(WARM_UP, self.writes) + 1


@dataclass
class Figures:
    """What was seen of one path or limit: a rate for each round, seconds for each answer, processor time, failures."""

    rates: list[float] = field(default_factory=list)
    took: list[float] = field(default_factory=list)
    processor: float | None = 0.0
    failed: list[int] = field(default_factory=list)

    def add(self, run: Run, processor: float | None) -> None:
        """Add what one round showed."""
        self.rates.append(run.rate)
        self.took += run.took
        self.failed += run.failed
        self.processor = None if processor is None or self.processor is None else self.processor + processor

    @property
    def rate(self) -> float:
        """Answers a second, median of the rounds."""
        return median(self.rates)

    @property
    def processor_each(self) -> float | None:
        """Processor time of the server for one answer, in seconds."""
        return None if self.processor is None else self.processor / len(self.took)

    def within(self, percent: int) -> float:
        """Return the seconds within which `percent` of all answers came."""
        return quantiles(self.took, n=100, method="inclusive")[percent - 1]

    def ratio(self, limit: "Figures") -> float:
        """Return which part of `limit` was reached: each round beside its own, the median of them."""
        return median(ours / theirs for ours, theirs in zip(self.rates, limit.rates, strict=True))


@dataclass(frozen=True)
class Measured:
    """What one database showed: figures by name, memory after load in bytes, statements of a vote."""

    paths: tuple[paths.Path, ...]
    figures: dict[str, Figures]
    memory: int | None
    statements: int


def measure(url: str, folder: Folder, effort: Effort) -> Measured:
    """Measure all paths and limits on the new database at `url`."""
    database = Database(url)
    limits.metadata.create_all(database.engine)
    database.close()
    with running(OURS, url, folder, "/healthz") as ours, running(BARE, url, folder, "/hello") as bare:
        made = paths.prepared(url, ours.port, effort.voters)
        figures = _rounds(ours, bare, made, effort)
        memory = ours.memory()
    return Measured(made, figures, memory, _statements(url, ours.port, made))


def _rounds(ours: Server, bare: Server, made: tuple[paths.Path, ...], effort: Effort) -> dict[str, Figures]:
    """Ask everything in turn, forwards and then backwards, so that no path always follows the same other one."""
    asked = [(each.name, each.requests, 200, bare) for each in paths.LIMITS]
    asked += [(each.name, each.requests, each.status, ours) for each in made]
    writes = {"commit1", *(each.name for each in made if each.limit == "commit1")}
    figures = {name: Figures() for name, *_ in asked}
    for turn in range(effort.rounds + 1):
        for name, requests, status, server in asked if turn % 2 else reversed(asked):
            number = effort.writes if name in writes else effort.reads
            sent = requests(number if turn else min(WARM_UP, number))
            before = server.processor_seconds()
            run = fire(server.port, sent, status)
            after = server.processor_seconds()
            if turn:  # the first only warms up
                figures[name].add(run, None if before is None or after is None else after - before)
    return figures


def _statements(url: str, port: int, made: tuple[paths.Path, ...]) -> int:
    settings = Settings(_env_file=None, **settings_for(url, port))
    tools = tools_for(settings)
    vote = next(each for each in made if each.name == "vote cast")
    number = paths.statements(create_app(settings, tools), tools.database, vote.requests(1)[0])
    tools.database.close()
    return number


@dataclass(frozen=True)
class Start:
    """Seconds, medians: from the command to the first answer, the bare imports, `patronage --help`."""

    first_answer: float
    imports: float
    ratio: float
    help: float


def measure_start(url: str, folder: Folder, rounds: int) -> Start:
    """Start the service on the database at `url` and the bare imports in turn."""
    first, imports, told = [], [], []
    for _ in range(rounds):
        imports.append(seconds([sys.executable, "-c", IMPORTS], folder))
        told.append(seconds([*PATRONAGE, "--help"], folder))
        with running(OURS, url, folder, "/support") as server:
            first.append(server.first_answer)
    ratio = median(ours / bare for ours, bare in zip(first, imports, strict=True))
    return Start(median(first), median(imports), ratio, median(told))
