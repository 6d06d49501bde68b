"""Writes an election in the format of Pabulib (.pb), so that anyone can count it again with other software.

Ballots are written in the order of what they ticked and numbered from 1, so neither tells who cast one, or when. The
file keeps to what Pabulib's own checker asks for: its keys, its dates (DD.MM.YYYY), costs in whole numbers, a
comment that begins with `#1: `.
"""

import csv
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date

from patronage.ballots.counting.profile import Profile

COLUMNS = ("project_id", "cost", "votes", "name", "selected")
ANYWHERE = "Worldwide"  # what Pabulib calls an election of no single country


@dataclass(frozen=True)
class Asked:
    """A topic on the ballot: its `position`, its `id` in the file (no comma), its name, its cost (1 where none has)."""

    position: int
    id: str
    name: str
    cost: int = 1


@dataclass(frozen=True)
class Edition:
    """What META says of an election.

    `rule` is one Pabulib knows: with costs of 1 and a `budget` of as many places as there are, “greedy” is the approval
    count; “unknown” is what it has no name for. `max_length` is how many topics one may tick. What is empty is left
    out.
    """

    description: str
    unit: str
    instance: str
    budget: int
    rule: str
    begin: date
    end: date
    max_length: int
    language: str = ""  # ISO 639-1
    edition: str = ""
    comment: str = ""
    currency: str = ""  # ISO 4217; none for costs in reporter days
    country: str = ANYWHERE


def lines(edition: Edition, topics: Sequence[Asked], profile: Profile, selected: Collection[int]) -> Iterator[str]:
    """Yield the file line by line; `topics` in the order that decides ties, `selected` the positions chosen.

    Where two topics are equal, most software takes the one that stands first, as `patronage count` does: topics written
    in the order of the seed give the same slate.
    """
    yield from _rows((("META",), ("key", "value"), *_meta(edition, len(topics), profile)))
    votes = profile.votes
    projects = (
        (each.id, each.cost, votes[each.position], each.name, int(each.position in selected)) for each in topics
    )
    yield from _rows((("PROJECTS",), COLUMNS, *projects))
    yield from _rows((("VOTES",), ("voter_id", "vote")))
    ids = {each.position: each.id for each in topics}
    yield from _rows(enumerate(_votes(profile, ids), 1))


def _meta(edition: Edition, topics: int, profile: Profile) -> Iterator[tuple[str, object]]:
    said = {
        "description": edition.description, "country": edition.country, "unit": edition.unit,
        "instance": edition.instance, "num_projects": topics, "num_votes": profile.cast, "budget": edition.budget,
        "vote_type": "approval", "rule": edition.rule, "date_begin": f"{edition.begin:%d.%m.%Y}",
        "date_end": f"{edition.end:%d.%m.%Y}", "min_length": 0 if profile.blank else 1,
        "max_length": edition.max_length, "language": edition.language, "edition": edition.edition,
        "currency": edition.currency, "comment": f"#1: {edition.comment}" if edition.comment else "",
    }  # fmt: skip
    return ((key, value) for key, value in said.items() if value != "")


def _votes(profile: Profile, ids: dict[int, str]) -> Iterator[str]:
    for positions, ballots in sorted((sorted(ticked), ballots) for ticked, ballots in profile.classes()):
        vote = ",".join(ids[position] for position in positions)
        yield from (vote for _ in range(ballots))
    yield from ("" for _ in range(profile.blank))


class _Line:
    """A file of one line: `csv` writes to it, and it hands the line on."""

    def write(self, line: str) -> str:
        return line


def _rows(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    writer = csv.writer(_Line(), delimiter=";", lineterminator="\n")
    for row in rows:
        yield writer.writerow([" ".join(str(cell).split()) for cell in row])
