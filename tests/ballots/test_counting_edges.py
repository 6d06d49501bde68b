"""Votes at the edge of what can be counted: each is closed, told, shown on every page, certified and counted again."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds
from patronage.ballots.announcing import Event
from patronage.ballots.models import Policy, Round, RoundKey
from patronage.ballots.results import recount, visible_results
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.settings import Settings
from patronage.foundation.worker import Worker
from patronage.newsroom.api import tokens
from patronage.newsroom.hooks import keeping
from patronage.newsroom.hooks.keeping import Editor, Wanted
from patronage.newsroom.hooks.models import Delivery, HookKind
from patronage.people.models import Person
from tests.ballots.polls import SECRET, a_draft, a_patron, a_tier, votes
from tests.fixtures.app import SignIn
from tests.newsroom.crawl import Plain, Visitor, addresses, asked

TITLES = ("=1+1 “and” <b>more</b>", "100 % of it, %(titles)s", "Trains", "Roof", "Port")
MANY = tuple(f"Topic {number}" for number in range(1, 22))
WHAT_IF = "?places=8&places=1&pick=1&pick=2&pick=77&hours=1"


@dataclass(frozen=True)
class Edge:
    """A vote: its ballots, how many it chooses in the end, its terms."""

    ballots: tuple[str, ...] = ()
    chosen: int = 0
    titles: tuple[str, ...] = TITLES
    terms: dict[str, Any] = field(default_factory=dict)


EDGES = {
    "nobody voted": Edge(),
    "a blank ballot": Edge(("",)),
    "one ballot": Edge(("2",), 1),
    "a tie at the last place": Edge(("1", "1", "2", "3"), 2),
    "all are equal": Edge(("1", "2", "3", "4", "5"), 2),
    "fewer ticked than places": Edge(("1", "1"), 1, terms={"places": 4}),
    "two topics": Edge(("1", "2"), 1, TITLES[:2], {"places": 1}),
    "many places": Edge(("1,2,3", "21"), 4, MANY, {"places": 20, "most_ticks": 50}),
    "blank, with a budget": Edge(("", ""), terms={"budget_days": 3}),
    "a budget": Edge(("1", "1,2", ""), 2, terms={"budget_days": 7}),
    "nobody on the list": Edge(terms={"policy": Policy.FROZEN, "least_days": 3650, "admits_named": False}),
    "weighted, nobody voted": Edge(terms={"weights": (1, 3)}),
    "weighted, one ballot": Edge(("1",), 1, terms={"weights": (1, 3)}),
    "weighted, a tie": Edge(("1", "2", "3"), 2, terms={"weights": (1, 3)}),
}


@pytest.fixture
def edges(database: Database, settings: Settings, now: datetime) -> dict[str, int]:
    """All these votes, open, with their ballots: their ids by name. A program and a chat room are told of them."""
    with database.transaction() as session:
        teller = Editor(None, now, settings.secret_key.get_secret_value())
        for kind in HookKind:
            keeping.add(session, kind, Wanted(kind, tuple(Event), f"https://{kind}.example/hook"), teller)
        levels = [a_tier(session, name, place, 300 * place).id for place, name in enumerate(("Friend", "Pillar"), 1)]
        return {name: _opened(session, edge, levels, now) for name, edge in EDGES.items()}


def _opened(session: Session, edge: Edge, levels: list[int], now: datetime) -> int:
    terms = dict(edge.terms)
    if "weights" in terms:
        terms["weights"] = dict(zip(levels, terms["weights"], strict=True))
    draft = a_draft(session, now, titles=edge.titles, asks_why=True, **terms)
    round_ = rounds.open_round(session, draft.id, SECRET, None, now)
    for choices in edge.ballots:
        votes(session, round_, a_patron(session, now), choices, now)
    return round_.id


def test_votes_at_the_edge_are_told_shown_certified_and_counted_again(
    app: Flask, edges: dict[str, int], editor: Person, signed_in: SignIn, database: Database, clock: FrozenClock,
    worker: Worker,
) -> None:  # fmt: skip
    clock.advance(days=8)
    worker.work_until_idle()
    desk = _come(app, signed_in, editor)
    with database.transaction() as session:
        program = _come(app, bearer=tokens.issue(session, "a reader", list(tokens.Scope), None, None, clock.now()))
    stranger = _come(app)
    visitors = {"topics": stranger, "feeds": stranger, "desk": desk, "api": program}
    assert list(_failures(app, edges, visitors)) == []
    for round_id in edges.values():
        sent = {"csrf_token": desk.form_token}
        assert desk.browser.post(f"/desk/rounds/{round_id}/certify", data=sent, headers=desk.headers).status_code == 303
    worker.work_until_idle()
    for round_id in edges.values():
        assert asked(stranger, f"/topics/{round_id}/result.pb").status == 200
    with database.reading() as session:
        assert {name: _chosen(session, round_id) for name, round_id in edges.items()} == {
            name: edge.chosen for name, edge in EDGES.items()
        }
        _all_went_well(session)


def _come(app: Flask, signed_in: SignIn | None = None, person: Person | None = None, bearer: str = "") -> Visitor:
    browser = Plain(app, app.response_class, use_cookies=True)
    browser.base_url = "https://support.example.org"
    token = signed_in(browser, person) if signed_in and person else ""
    sent = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    return Visitor("", browser, {"Referer": browser.base_url, **sent}, token)


def _failures(app: Flask, edges: dict[str, int], visitors: dict[str, Visitor]) -> Iterator[str]:
    """Ask for every address of every round, and for what lists all of them; yield what answers by failing."""
    for name, round_id in edges.items():
        every = addresses(app, {"round_id": round_id}, "GET")
        for address in filter(re.compile(rf"/(rounds|topics)/{round_id}(?!\d)").search, every):
            answer = asked(visitors[re.split("[/?]", address)[1]], address + WHAT_IF)
            if answer.status >= 500:
                yield f"{name}: {address}: {answer.status}"
    for address in ("/topics", "/desk", "/desk/owed", "/feeds/results.atom", "/feeds/results.json", "/api/v1/rounds"):
        if asked(visitors[address.split("/")[1]], address).status != 200:
            yield address


def _chosen(session: Session, round_id: int) -> int:
    round_ = session.get_one(Round, round_id)
    result = visible_results(session, round_, None).result
    assert result
    assert recount(session, round_)
    return len(result.slate)


def _all_went_well(session: Session) -> None:
    """Nothing is left to be tried again; every letter left; both hooks had all there was to tell; no key is left."""
    assert session.scalars(select(Job.last_error).where(Job.last_error.is_not(None))).all() == []
    assert session.scalars(select(Letter.kind).where(Letter.done_at.is_(None))).all() == []
    told = session.scalars(select(Delivery.event)).all()
    assert {event: told.count(event) for event in told} == dict.fromkeys(
        ("round.opened", "round.closed", "result.certified"), 2 * len(EDGES)
    )
    assert session.scalars(select(RoundKey)).all() == []
