"""What the rules of counting take, without a database: three views of one big round, and a big Pabulib file."""

import csv
import random
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any

from bench.serving import PATRONAGE, ROOT, environment
from patronage.ballots import tally
from patronage.ballots.counting import equal_shares, phragmen
from patronage.ballots.counting.profile import Profile

TOPICS, TICKS, PLACES = 200, 5, 10
FILE_TOPICS = 40
BUDGET = 60  # reporter days, for some ten topics of one to twenty days
SEED = "bench"
Grouped = list[tuple[str, int]]


@dataclass(frozen=True)
class Rule:
    """Seconds, median, and how many times as long as one pass over the same ballots that is."""

    name: str
    seconds: float
    ratio: float


@dataclass(frozen=True)
class Rules:
    """What counting took: `passed` is one pass over the ballots of the round, `file_read` one over the file."""

    ballots: int
    passed: float
    rules: tuple[Rule, ...]
    file_ballots: int
    file_read: float
    file_counted: float
    file_ratio: float


def measured(ballots: int, file_ballots: int, rounds: int, folder: Path) -> Rules:
    """Count a round of so many ballots by each rule, and a file of `file_ballots` written to `folder`, in turn."""
    grouped, file = list(_grouped(ballots)), folder / "election.pb"
    file.write_text("".join(_file(file_ballots)), encoding="utf-8")
    turns = [{name: _seconds(count, grouped) for name, count in _COUNTS.items()} for _ in range(rounds)]
    files = [(_seconds(_file_read, file), _seconds(_file_counted, file)) for _ in range(rounds)]
    passed = [turn["pass"] for turn in turns]
    rules = tuple(_rule(name, [turn[name] for turn in turns], passed) for name in _COUNTS if name != "pass")
    reads, counts = (list(each) for each in zip(*files, strict=True))
    told = _rule("file", counts, reads)
    return Rules(ballots, median(passed), rules, file_ballots, median(reads), told.seconds, told.ratio)


def _rule(name: str, took: list[float], limit: list[float]) -> Rule:
    return Rule(name, median(took), median(ours / bare for ours, bare in zip(took, limit, strict=True)))


def _seconds(deed: Callable[[Any], object], given: object) -> float:
    began = perf_counter()
    deed(given)
    return perf_counter() - began


def _grouped(ballots: int) -> Iterator[tuple[str, int]]:
    """A few topics are wanted by many and most by few, as in real votes; hardly two ballots are the same."""
    dice, asked = random.Random(1), range(1, TOPICS + 1)
    wanted = [1 / (topic + 3) for topic in asked]
    for _ in range(ballots):
        ticked = set(dice.choices(asked, wanted, k=TICKS))
        yield ",".join(map(str, sorted(ticked))), 1


def _passed(grouped: Grouped) -> int:
    """One pass in plain Python: every ballot is taken apart, nothing is kept."""
    ticks = 0
    for choices, ballots in grouped:
        for _ in choices.split(","):
            ticks += ballots
    return ticks


_NUMBERS = {topic: topic for topic in range(1, TOPICS + 1)}
_COSTS = {topic: random.Random(topic).randint(1, 20) for topic in _NUMBERS}
_COUNTS: dict[str, Callable[[Grouped], object]] = {
    "pass": _passed,
    "approval": lambda grouped: tally.approval(grouped, _NUMBERS, PLACES, SEED),
    "fair slate (sequential Phragmén)": lambda grouped: phragmen.order(
        Profile.read(grouped, _NUMBERS), _NUMBERS, PLACES, SEED
    ),
    "equal shares, Add1 in hundredths": lambda grouped: equal_shares.of_round(
        Profile.read(grouped, _NUMBERS), _NUMBERS, _COSTS, BUDGET, SEED
    ),
}


def _file(ballots: int) -> Iterator[str]:
    dice, asked = random.Random(2), range(1, FILE_TOPICS + 1)
    yield f"META\nkey;value\nvote_type;approval\nbudget;100000\nnum_votes;{ballots}\nPROJECTS\nproject_id;cost;name\n"
    yield from (f"p{topic};{dice.randint(1000, 20000)};Topic {topic}\n" for topic in asked)
    yield "VOTES\nvoter_id;vote\n"
    for voter in range(ballots):
        yield f"{voter};{','.join(f'p{topic}' for topic in dice.sample(asked, TICKS))}\n"


def _file_read(file: Path) -> int:
    with file.open(encoding="utf-8", newline="") as lines:
        return sum(len(row) for row in csv.reader(lines, delimiter=";"))


def _file_counted(file: Path) -> None:
    command = [*PATRONAGE, "count", str(file), "--rule", "phragmen", "--seats", str(PLACES)]
    subprocess.run(command, cwd=ROOT, env=environment({}), check=True, stdout=subprocess.DEVNULL)
