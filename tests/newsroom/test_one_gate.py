"""One gate: while a vote is open, no address, letter, message or row tells anybody what was voted.

Every address is asked twice by everybody there is: once, and again after the ballots were changed behind the service's
back. An answer that differs has seen a ballot. Numbers that stand in no other place are looked for besides.
"""

import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, insert, inspect, text
from sqlalchemy.orm import Session

from patronage.app import create_app, create_worker
from patronage.ballots import rounds
from patronage.ballots.announcing import Event
from patronage.ballots.models import Ballot, Round
from patronage.ballots.rounds import topic_ids
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.newsroom.api import tokens
from patronage.newsroom.hooks import keeping
from patronage.newsroom.hooks.keeping import Editor, Wanted
from patronage.newsroom.hooks.models import HookKind
from patronage.people import staff
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron, votes
from tests.fixtures.app import SignIn
from tests.fixtures.tools import GOOD
from tests.newsroom.crawl import VOTING, Answer, Plain, Visitor, addresses, everything

METRICS = "a token of the tests, for whoever measures"
VOTES = (3217, 2389, 1741, 1133, 1023)  # for the topics at positions 1 to 5; no two ballots are of one person
TURNOUT = "9,500"  # of 9,504 and of 9,505 ballots
COUNTS = (*VOTES, 9503, 9504, 9505)
TOLD = re.compile(r"(?<![0-9a-f.])(" + "|".join(rf"{n // 1000}\W?{n % 1000:03}" for n in COUNTS) + r")(?!\d)")
HIGH = 10_000_000
ROLES = ("editor", "bookkeeper", "admin")
NOTHING = Answer(0, None, b"")
SECRET_TABLES = {"ballot", "ballot_event", "chain_batch"}  # what was voted, and the hashes that seal it
STEPS = (timedelta(minutes=5), timedelta(hours=2), timedelta(days=2), timedelta(days=3))


@dataclass(frozen=True)
class Town:
    """An open round with thousands of ballots, and everybody who may ask about it."""

    round_id: int
    topic_id: int
    people: dict[str, Person]
    api_token: str


@pytest.fixture
def settings(database_url: str, settings: Settings) -> Settings:
    """The usual settings, with metrics to be read."""
    return Settings(_env_file=None, database_url=database_url, metrics_token=METRICS, **GOOD)  # type: ignore[arg-type, unused-ignore]


@pytest.fixture
def town(database: Database, clock: FrozenClock, settings: Settings) -> Town:
    """A round that opened just now, weighted and with whys, as every further output would be drawn from them."""
    now = clock.now()
    with database.transaction() as session:
        if not database.is_sqlite:
            _leave_counts_behind(session)
        draft = a_draft(session, now, places=2, most_ticks=3)
        draft.invites, draft.remind_days, draft.asks_why = True, 3, True
        people = {
            role: staff.grant(session, f"{role}@newsroom.example", role, now)
            for role in ("editor", "bookkeeper", "admin")
        }
        people |= {"voter": a_patron(session, now), "patron": a_patron(session, now)}
        _tell_everybody(session, settings, now)
        rounds.open_round(session, draft.id, SECRET, people["editor"].id, now)
        votes(session, draft, people["voter"], "2,4", now)
        token = tokens.issue(session, "a reader", list(tokens.Scope), None, None, now)
        _fill(session, draft.id, VOTES)
        return Town(draft.id, topic_ids(session, draft.id)[0], people, token)


def _leave_counts_behind(session: Session) -> None:
    """Let ids of PostgreSQL, which go on from test to test, be higher than any count, so that none reads like one."""
    for sequence in inspect(session.connection()).get_sequence_names():
        session.execute(text(f"SELECT setval('{sequence}', greatest(last_value, {HIGH})) FROM \"{sequence}\""))


def _tell_everybody(session: Session, settings: Settings, now: datetime) -> None:
    editor = Editor(None, now, settings.secret_key.get_secret_value())
    for kind in HookKind:
        keeping.add(session, kind, Wanted(kind, tuple(Event), f"https://{kind}.example/hook"), editor)


def _fill(session: Session, round_id: int, counts: tuple[int, ...], more: int = 0) -> None:
    """Have the box hold as many ballots for each position as `counts` say, and `more` blank ones."""
    ticked = [str(position) for position, number in enumerate(counts, start=1) for _ in range(number)] + [""] * more
    rows = [
        {"round_id": round_id, "token": b"\0" + secrets.token_bytes(15), "version": 1, "choices": each, "weight": 1}
        for each in ticked
    ]
    session.execute(insert(Ballot), rows)


def _stir(session: Session, town: Town) -> None:
    """Turn the result upside down and add ballots, as few as turnout rounded to ten does not show."""
    session.execute(delete(Ballot).where(Ballot.round_id == town.round_id, Ballot.token < b"\1"))
    _fill(session, town.round_id, VOTES[::-1], more=1)


@pytest.fixture
def visitors(town: Town, signed_in: SignIn, settings: Settings) -> Callable[[Flask], list[Visitor]]:
    """`visitors(app)` are all who may ask that app anything."""

    def of(app: Flask) -> list[Visitor]:
        def come(name: str, person: Person | None = None, bearer: str | None = None) -> Visitor:
            browser = Plain(app, app.response_class, use_cookies=True)
            browser.base_url = settings.base_url
            token = signed_in(browser, person) if person else ""
            return Visitor(name, browser, {"Referer": settings.base_url} | _bearing(bearer), token)

        known = [come(name, person) for name, person in town.people.items()]
        return [come("stranger"), *known, come("program", bearer=town.api_token), come("meter", bearer=METRICS)]

    return of


@pytest.fixture
def values(town: Town) -> dict[str, object]:
    """What fills the places in addresses."""
    return {"round_id": town.round_id, "topic_id": town.topic_id, "month": "2026-03", "year": 2026}


def test_no_answer_depends_on_what_the_ballots_of_an_open_vote_say(
    app: Flask, town: Town, tools: Tools, settings: Settings, visitors: Callable[[Flask], list[Visitor]],
    values: dict[str, object], database: Database,
) -> None:  # fmt: skip
    before = dict(everything(app, visitors(app), values))
    with database.transaction() as session:
        _stir(session, town)
    again = _another(app, settings, tools)  # nothing may be remembered from before
    after = dict(everything(again, visitors(again), values))
    assert _different(before, after) == []
    assert _telling(before) == []
    assert any(TURNOUT in answer.text for answer in before.values())
    assert sum(answer.status == 200 for answer in before.values()) > 150


def test_the_same_walk_finds_the_counts_once_the_vote_has_closed(
    app: Flask, town: Town, visitors: Callable[[Flask], list[Visitor]], values: dict[str, object], database: Database
) -> None:
    with database.transaction() as session:
        rounds.close_round(session, town.round_id, SECRET, None, session.get_one(Round, town.round_id).closes_at)
    app.extensions["patronage-rounds"].forget()
    found = _telling(dict(everything(app, visitors(app), values, VOTING)))
    for who, where in (
        ("stranger", f"/topics/{town.round_id}"), ("stranger", f"/topics/{town.round_id}/result.json"),
        ("stranger", f"/topics/{town.round_id}/result.csv"), ("editor", f"/desk/rounds/{town.round_id}"),
        ("program", f"/api/v1/rounds/{town.round_id}/result"), ("voter", f"/topics/{town.round_id}"),
    ):  # fmt: skip
        assert f"{who}: {where}" in found, where


def test_no_form_of_the_desk_or_of_patrons_gives_a_count_away(
    app: Flask, town: Town, visitors: Callable[[Flask], list[Visitor]], values: dict[str, object]
) -> None:
    everybody, ends_it = visitors(app), ("/sign-out", f"/desk/rounds/{town.round_id}/close")
    for address in addresses(app, values, "POST"):
        for visitor in everybody if not address.startswith(ends_it) else ():
            sent = {"csrf_token": visitor.form_token, "choices": "1", "submission": secrets.token_hex(16), "slate": "1"}
            answer = visitor.browser.post(address, data=sent, headers=visitor.headers)
            assert not TOLD.search(answer.get_data(as_text=True)), f"{visitor.name}: {address}"


def test_no_letter_message_or_row_tells_a_count_while_the_vote_is_open(
    app: Flask, town: Town, clock: FrozenClock, database: Database, mailbox: Mailbox
) -> None:
    worker = create_worker(app)
    for step in STEPS:
        clock.advance(seconds=step.total_seconds())
        worker.work_until_idle()
    assert mailbox.letters
    assert [str(letter["Subject"]) for letter in mailbox.letters if TOLD.search(letter.as_string())] == []
    with database.reading() as session:
        assert not session.get_one(Round, town.round_id).closed_at
        assert [f"{table}: {row}" for table, row in _rows(session) if TOLD.search(row)] == []


def _bearing(token: str | None) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _another(app: Flask, settings: Settings, tools: Tools) -> Flask:
    made = create_app(settings, tools)
    made.testing, made.jinja_env.bytecode_cache = True, app.jinja_env.bytecode_cache
    return made


def _different(before: dict[str, Answer], after: dict[str, Answer]) -> list[str]:
    return [
        f"{where}: {_first(before[where], after.get(where, NOTHING))}"
        for where in before
        if before[where] != after.get(where)
    ]


def _first(one: Answer, other: Answer) -> str:
    """Say where two answers begin to differ."""
    lines = zip(one.text.splitlines(), other.text.splitlines(), strict=False)
    return next((f"{a!r} became {b!r}" for a, b in lines if a != b), f"{one.status} became {other.status}")


def _telling(answers: dict[str, Answer]) -> list[str]:
    return [where for where, answer in answers.items() if TOLD.search(answer.text)]


def _rows(session: Session) -> Iterator[tuple[str, str]]:
    """Every row of every table but the ballots themselves, as text."""
    for table in sorted(set(inspect(session.connection()).get_table_names()) - SECRET_TABLES):
        for row in session.execute(text(f'SELECT * FROM "{table}"')):
            yield table, " ".join(str(each) for each in row if not isinstance(each, bytes | datetime))
