"""Pabulib files: what real ones hold is read, what is broken is one sentence with its line, what we write is read."""

import io
import json
import re
from datetime import date
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hypothesis import example, given, settings
from hypothesis import strategies as st

from patronage.ballots.counting import export, pabulib
from patronage.cli import cli
from tests.ballots.counting.elections import TOPICS, ballots, profile

PLAIN = """META
key;value
description;Example election
num_projects;3
num_votes;4
budget;100000
vote_type;approval
PROJECTS
project_id;name;cost
1;Project 1;5000
2;Project 2;10000
3;Project 3;85000
VOTES
voter_id;vote
1;1,2
2;1
3;3
4;1,2,3
"""  # the example of equalshares.net
LIVED_IN = (
    '\ufeffMETA\r\nkey;value\r\nDescription;"Парк; ""Зелений"""\r\nunit;Łódź\r\nbudget;1200,50\r\n'
    'vote_type;choose-1\r\nPROJECTS\r\nproject_id;cost;votes;name\r\nW030MI;417,5;2;"Droga; etap ""II"""\r\n'
    'W128MI;1e3;1;Mileszki – nowe\r\nVOTES\r\nvoter_id;age;vote\r\n1;;W030MI\r\n2;44;" W128MI , W030MI"\r\n3;;\r\n\r\n'
)


def _read(text: str) -> pabulib.Election:
    return pabulib.read(io.StringIO(text.removeprefix("\ufeff"), newline=""))


def _counted(folder: Path, content: str | bytes, *options: str) -> Result:
    file = folder / "election.pb"
    file.write_bytes(content.encode() if isinstance(content, str) else content)
    return CliRunner().invoke(cli, ["count", str(file), *options])


def test_what_real_files_hold_is_read() -> None:
    election = _read(LIVED_IN)
    assert election.meta["description"] == 'Парк; "Зелений"'
    assert [project.name for project in election.projects] == ['Droga; etap "II"', "Mileszki – nowe"]
    assert [str(cost) for cost in election.costs.values()] == ["835/2", "1000"]
    assert (election.profile.cast, election.profile.blank, election.profile.votes) == (3, 1, {1: 2, 2: 1})
    assert election.warnings == ()


@pytest.mark.parametrize(
    ("rule", "seats", "slate"),
    [("approval", 2, ["1", "2"]), ("phragmen", 2, ["1", "3"]), ("equal-shares", None, ["1", "2", "3"])],
)
def test_the_outcome_is_json_of_the_promised_form(
    tmp_path: Path, rule: str, seats: int | None, slate: list[str]
) -> None:
    told = _counted(tmp_path, "\ufeff" + PLAIN, "--rule", rule, *(["--seats", str(seats)] if seats else []))
    assert (told.exit_code, told.stderr) == (0, "")
    assert json.loads(told.stdout) == {
        "rule": rule, "seats": seats, "approvals": {"1": 3, "2": 2, "3": 2}, "slate": slate,
        "ties": [] if rule == "phragmen" else [["2", "3"]],
    }  # fmt: skip


def test_seats_are_five_unless_said_and_none_by_equal_shares(tmp_path: Path) -> None:
    assert json.loads(_counted(tmp_path, PLAIN, "--rule", "approval").stdout)["seats"] == 5
    told = _counted(tmp_path, PLAIN, "--rule", "equal-shares", "--seats", "2")
    assert json.loads(told.stdout)["seats"] is None
    assert "--seats changes nothing" in told.stderr


def test_among_equals_the_project_that_stands_first_wins_and_the_tie_is_listed(tmp_path: Path) -> None:
    text = PLAIN.replace("1;1,2\n2;1\n3;3\n4;1,2,3\n", "1;3\n2;2\n3;1\n4;\n")
    for rule in ("approval", "phragmen"):
        told = json.loads(_counted(tmp_path, text, "--rule", rule, "--seats", "1").stdout)
        assert (told["slate"], told["ties"]) == (["1"], [["1", "2", "3"]])


@pytest.mark.parametrize(
    ("before", "after", "line"),
    [
        ("META\n", "", 1),
        (PLAIN, "", 0),
        ("PROJECTS\n", "", 8),
        (PLAIN[PLAIN.index("VOTES") :], "", 12),
        ("VOTES\n", "PROJECTS\n", 13),
        ("4;1,2,3\n", "4;1,2,3\nMETA\n", 19),
        ("num_projects;3", "num_projects;4", 4),
        ("num_votes;4", "num_votes;5", 5),
        ("num_votes;4", "num_votes;many", 5),
        ("budget;100000", "budget;1e400000000", 6),
        ("budget;100000", "budget;100000;1", 6),
        ("vote_type;approval", "vote_type;ordinal", 7),
        ("vote_type;approval", "budget;5", 7),
        ("project_id;name;cost", "project_id;name;price", 9),
        ("5000", "NaN", 10),
        ("5000", "-5000", 10),
        ("5000", "1e400000000", 10),
        ("5000", "9" * 4000, 10),
        ("5000", "", 10),
        ("5000", "٥٠٠٠", 10),
        ("2;Project 2;10000", "1;Project 2;10000", 11),
        ("2;Project 2;10000", "2;Project 2;10000;", 11),
        ("voter_id;vote", "voter_id;votes", 14),
        ("2;1\n", "2;1;\n", 16),
        ("2;1\n", "2\n", 16),
        ("3;3\n", "3;4\n", 17),
        ("3;3\n", "3;3,\n", 17),
        ("3;3\n", '3;"3\n', 18),
        ("3;3\n", "3;" + "3," * 600_000 + "3\n", 17),
        ("3;3\n", '"' + "x" * 200_000 + '";3\n', 17),
    ],
)  # fmt: skip
def test_a_broken_file_is_one_sentence_that_names_the_line(tmp_path: Path, before: str, after: str, line: int) -> None:
    told = _counted(tmp_path, PLAIN.replace(before, after, 1), "--rule", "approval")
    assert (told.exit_code, told.stdout) == (1, "")
    assert f"election.pb, line {line}: " in told.stderr
    assert told.stderr.startswith("Error: ")
    assert told.stderr.count("\n") == 1
    assert len(told.stderr) < 400


@pytest.mark.parametrize("content", [PLAIN.encode("utf-16"), PLAIN.replace("Example", "Łódź").encode("iso8859-2")])
def test_another_encoding_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    told = _counted(tmp_path, content, "--rule", "approval")
    assert told.exit_code == 1
    assert told.stderr.count("\n") == 1
    assert "UTF-8" in told.stderr


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    for path in (tmp_path / "nothing.pb", tmp_path):
        told = CliRunner().invoke(cli, ["count", str(path), "--rule", "approval"])
        assert told.exit_code == 1
        assert "cannot be read" in told.stderr
        assert told.stderr.count("\n") == 1


def test_equal_shares_needs_a_budget_and_costs(tmp_path: Path) -> None:
    for text in (PLAIN.replace("budget;100000\n", ""), PLAIN.replace("5000", "0", 1)):
        told = _counted(tmp_path, text, "--rule", "equal-shares")
        assert (told.exit_code, told.stderr.count("\n")) == (1, 1)
        assert _counted(tmp_path, text, "--rule", "phragmen").exit_code == 0


def test_a_project_twice_in_a_ballot_is_counted_once_with_a_warning(tmp_path: Path) -> None:
    told = _counted(tmp_path, PLAIN.replace("2;1\n", "2;1,1\n"), "--rule", "approval")
    assert told.exit_code == 0
    assert json.loads(told.stdout)["approvals"]["1"] == 3
    assert told.stderr.startswith("Warning: line 16: a ballot names a project twice")


def test_votes_that_differ_from_those_the_file_names_are_warned_of(tmp_path: Path) -> None:
    told = _counted(tmp_path, LIVED_IN.replace("417,5;2", "417,5;7"), "--rule", "approval")
    assert told.exit_code == 0
    assert told.stderr.startswith("Warning: line 9: the file says 7 votes for 'W030MI', but holds 2")


@settings(max_examples=50)
@given(at=st.integers(0, len(PLAIN)), cut=st.integers(0, 30), put=st.text(alphabet=';,"\n\r\0é1aMETA', max_size=8))
@example(at=0, cut=0, put="")
def test_whatever_is_changed_in_a_file_it_is_read_or_refused_by_line(at: int, cut: int, put: str) -> None:
    try:
        told = str(_read(PLAIN[:at] + put + PLAIN[at + cut :]).profile.cast)
    except pabulib.BrokenFile as broken:
        told = str(broken)
    assert re.fullmatch(r"\d+|line \d+: .+", told)


@settings(max_examples=30)
@given(
    cast=ballots, chosen=st.sets(st.sampled_from(TOPICS)), names=st.lists(st.text(max_size=20), min_size=5, max_size=5)
)
def test_what_is_written_is_read_again_ballot_by_ballot(
    cast: list[frozenset[int]], chosen: set[int], names: list[str]
) -> None:
    topics = [
        export.Asked(position, f"t{position}", name, position) for position, name in zip(TOPICS, names, strict=True)
    ]
    said = export.Edition("A vote; ours", "Новини", "2026", 3, "unknown", date(2026, 3, 1), date(2026, 3, 9), 5)
    election = _read("".join(export.lines(said, topics, profile(cast), chosen)))
    assert sorted(
        map(sorted, (ticked for ticked, number in election.profile.classes() for _ in range(number)))
    ) == sorted(sorted(ballot) for ballot in cast if ballot)
    assert (election.profile.cast, election.warnings) == (len(cast), ())
    assert election.meta["date_begin"] == "01.03.2026"
    assert [project.id for project in election.projects] == ["t1", "t2", "t3", "t4", "t5"]


def test_nothing_in_a_file_tells_who_cast_a_ballot_or_when() -> None:
    topics = [export.Asked(position, f"t{position}", "A topic") for position in TOPICS]
    said = export.Edition("A vote", "News", "2026", 3, "greedy", date(2026, 3, 1), date(2026, 3, 9), 5, comment="Ours")
    one, other = (
        "".join(export.lines(said, topics, profile(cast), {1})) for cast in ([{2}, {1}, {1}], [{1}, {2}, {1}])
    )
    assert one == other
    assert "comment;#1: Ours\n" in one
    assert one.endswith("VOTES\nvoter_id;vote\n1;t1\n2;t1\n3;t2\n")
