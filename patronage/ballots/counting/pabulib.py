"""Reads elections in the format of Pabulib (.pb): three sections META, PROJECTS and VOTES, fields divided by `;`.

Takes what real files hold: quoted names with `;` in them, Windows line ends, a byte order mark, any script. A file that
is broken ends with one sentence that names the line, however it is broken: every line, field and number has a bound.

Source: https://pabulib.org/format; Faliszewski et al., “Participatory Budgeting: Data, Tools, and Analysis” (2023).
"""

import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TextIO

from patronage.ballots.counting.profile import MOST_POSITIONS, Profile

SECTIONS = ("META", "PROJECTS", "VOTES")
APPROVAL = ("approval", "choose-1")
LONGEST_LINE = 1_000_000
GREATEST = 10**18
PORTION = 100_000  # different ballots that are grouped before they are handed on
AMOUNT = re.compile(r"(\d{1,19})(?:[.,](\d{1,6}))?(?:[eE]\+?(\d{1,2}))?", re.ASCII)
COUNT = re.compile(r"\d{1,12}", re.ASCII)


class BrokenFile(ValueError):
    """The file is not what it should be; the sentence names the line."""

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(f"line {line}: {problem}")


@dataclass(frozen=True)
class Project:
    """One project: its id, cost and name, how many `votes` the file says it got (None: it does not), its line."""

    id: str
    cost: Fraction
    name: str
    votes: int | None
    line: int


@dataclass(frozen=True)
class Election:
    """A whole file; positions in `profile` are 1, 2, 3 … in the order of `projects`."""

    meta: Mapping[str, str]
    projects: tuple[Project, ...]
    profile: Profile
    budget: Fraction | None
    warnings: tuple[str, ...]

    @property
    def costs(self) -> dict[int, Fraction]:
        """What the project at each position costs."""
        return {position: project.cost for position, project in enumerate(self.projects, 1)}


def read(file: TextIO) -> Election:
    """Read `file`, opened with `newline=""`; a million ballots are streamed. Raises `BrokenFile`."""
    rows = csv.reader(_lines(file), delimiter=";")
    try:
        return _Reading(rows).election()
    except csv.Error as error:
        raise BrokenFile(rows.line_num, f"cannot be read: {error}") from None
    except UnicodeDecodeError:
        raise BrokenFile(rows.line_num + 1, "from here on somewhere, the text is not UTF-8") from None


def amount(text: str) -> Fraction | None:
    """Return what is written as `1200`, `1200.50` or `1.2e6`; None for anything else, and beyond 10¹⁸."""
    found = AMOUNT.fullmatch(text.strip())
    if not found:
        return None
    whole, part, power = found[1], found[2] or "", int(found[3] or 0)
    value = Fraction(int(whole + part), 10 ** len(part)) * 10**power
    return value if value <= GREATEST else None


def _lines(file: TextIO) -> Iterator[str]:
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if len(line) == LONGEST_LINE:
            raise BrokenFile(number, f"longer than {LONGEST_LINE} characters")
        yield line


class _Rows(Protocol):
    """What `csv.reader` returns; its own name is private."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...


class _Reading:
    def __init__(self, rows: _Rows) -> None:
        self.rows = rows
        self.meta: dict[str, str] = {}
        self.lines: dict[str, int] = {}  # where each key of META stands
        self.place: dict[str, int] = {}
        self.repeated: list[int] = []  # lines of ballots that name a project twice
        self.ballots = 0
        self.warnings: list[str] = []

    def election(self) -> Election:
        self._section("META", next((row for row in self.rows if any(row)), []))
        self._read_meta()
        projects = self._read_projects()
        self._expect("num_projects", len(projects), "projects")
        profile = Profile.gathered(self._read_votes(), tuple(range(1, len(projects) + 1)))
        self._expect("num_votes", self.ballots, "ballots")
        budget = self._number("budget", amount)
        self._warn(projects, profile)
        return Election(self.meta, projects, profile, budget, tuple(self.warnings))

    def _stop(self, problem: str) -> BrokenFile:
        return BrokenFile(self.rows.line_num, problem)

    def _section(self, name: str, row: list[str]) -> None:
        if not row:
            raise self._stop(f"the file ends before its section {name}")
        if _section_of(row) != name:
            raise self._stop(f"the section {name} should begin here")

    def _body(self, until: str | None) -> Iterator[list[str]]:
        """Yield the rows of a section, the header first; all as wide as the header."""
        width = 0
        for row in self.rows:
            if len(row) == width > 1 and row[-1]:  # as nearly all are
                yield row
                continue
            if not any(row):
                continue
            if _section_of(row):
                if until is None:
                    raise self._stop(f"a second section {row[0].strip()[:20]}")
                self._section(until, row)
                return
            width = width or len(row)
            if len(row) != width:
                raise self._stop(f"{len(row)} fields, where {width} are expected")
            yield row
        if until:
            raise self._stop(f"the file ends before its section {until}")

    def _header(self, section: str, rows: Iterator[list[str]], *needed: str) -> dict[str, int]:
        """Return where each column stands."""
        names = [name.strip().lower() for name in next(rows, [])]
        for name in needed:
            if names.count(name) != 1:
                raise self._stop(f"the header of {section} should name {name} once")
        return {name: column for column, name in enumerate(names)}

    def _read_meta(self) -> None:
        rows = self._body("PROJECTS")
        column = self._header("META", rows, "key", "value")
        for row in rows:
            key = row[column["key"]].strip().lower()
            if key in self.meta:
                raise self._stop(f"META says {key[:50]!r} a second time")
            self.meta[key], self.lines[key] = row[column["value"]].strip(), self.rows.line_num
        kind = self.meta.get("vote_type")
        if kind is None:
            self.warnings.append("META does not say the vote_type; counted as approval")
        elif kind not in APPROVAL:
            raise BrokenFile(self.lines["vote_type"], f"only approval ballots are counted, not {kind[:50]!r}")

    def _read_projects(self) -> tuple[Project, ...]:
        rows = self._body("VOTES")
        column = self._header("PROJECTS", rows, "project_id", "cost")
        projects = tuple(self._project(row, column) for row in rows)
        if not projects:
            raise self._stop("there is no project")
        if len(projects) > MOST_POSITIONS:
            raise self._stop(f"more than {MOST_POSITIONS} projects")
        return projects

    def _project(self, row: list[str], column: dict[str, int]) -> Project:
        id_, cost = row[column["project_id"]].strip(), amount(row[column["cost"]])
        if not id_ or "," in id_:
            raise self._stop("a project's id is neither empty nor holds a comma")
        if id_ in self.place:
            raise self._stop(f"there is a project {id_[:50]!r} already")
        if cost is None:
            raise self._stop(f"the cost {row[column['cost']][:50]!r} is not an amount from 0 to {GREATEST:,}")
        self.place[id_] = len(self.place)
        votes = row[column["votes"]].strip() if "votes" in column else ""
        if votes and not COUNT.fullmatch(votes):
            raise self._stop(f"the votes {votes[:50]!r} are not a number")
        name = row[column["name"]] if "name" in column else ""
        return Project(id_, cost, name, int(votes) if votes else None, self.rows.line_num)

    def _read_votes(self) -> Iterator[tuple[list[int], int]]:
        """Yield ballots as (places, how many); alike ones are grouped as far as memory is to be spent on it."""
        rows = self._body(None)
        column = self._header("VOTES", rows, "vote")["vote"]
        seen: dict[str, list[int]] = {}
        for row in rows:
            self.ballots += 1
            known = seen.get(row[column])
            if known:
                known[0] += 1
                continue
            if len(seen) == PORTION:
                yield from self._grouped(seen)
                seen.clear()
            seen[row[column]] = [1, self.rows.line_num]
        yield from self._grouped(seen)

    def _grouped(self, seen: dict[str, list[int]]) -> Iterator[tuple[list[int], int]]:
        for vote, (number, line) in seen.items():
            yield self._places(vote, line), number

    def _places(self, vote: str, line: int) -> list[int]:
        if not vote.strip():
            return []
        try:
            places = [self.place[id_] for id_ in vote.split(",")]
        except KeyError:
            places = self._places_with_care(vote, line)
        if len(set(places)) != len(places):
            self.repeated.append(line)
            places = list(dict.fromkeys(places))
        return places

    def _places_with_care(self, vote: str, line: int) -> list[int]:
        named = [id_.strip() for id_ in vote.split(",")]
        strange = next((id_ for id_ in named if id_ not in self.place), None)
        if strange is not None:
            raise BrokenFile(line, f"a ballot names a project {strange[:50]!r} that is not there")
        return [self.place[id_] for id_ in named]

    def _number(self, key: str, parse: Callable[[str], Fraction | None]) -> Fraction | None:
        text = self.meta.get(key)
        if not text:
            return None
        value = parse(text)
        if value is None:
            raise BrokenFile(self.lines[key], f"the {key} {text[:50]!r} is not a number from 0 to {GREATEST:,}")
        return value

    def _expect(self, key: str, found: int, what: str) -> None:
        said = self._number(key, _count)
        if said is not None and said != found:
            raise BrokenFile(self.lines[key], f"META says {key} is {said}, but there are {found} {what}")

    def _warn(self, projects: tuple[Project, ...], profile: Profile) -> None:
        if self.repeated:
            first = min(self.repeated)
            self.warnings.append(f"line {first}: a ballot names a project twice; counted once, as in all such ballots")
        for project, votes in zip(projects, profile.votes.values(), strict=True):
            if project.votes not in {None, votes}:
                said = f"the file says {project.votes} votes for {project.id[:50]!r}, but holds {votes}"
                self.warnings.append(f"line {project.line}: {said}")
                return


def _section_of(row: list[str]) -> str | None:
    name = row[0].strip().upper()
    return name if name in SECTIONS and not any(row[1:]) else None


def _count(text: str) -> Fraction | None:
    return Fraction(int(text)) if COUNT.fullmatch(text) else None
