"""The figures: every change of what a pledge brings is noted once, and months, cohorts and sums agree with it."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, func, select, text, update
from sqlalchemy.orm import Session

from patronage.foundation.database import Database
from patronage.giving.figures import moves, reading, rebuilding
from patronage.giving.figures.models import CountedPledge, Figure, Move, PledgeMove
from patronage.giving.figures.reading import Month
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgeState
from patronage.giving.standing import decide
from patronage.people.people import find_or_add
from patronage.tables import metadata

ZONE = ZoneInfo("Europe/Kyiv")
JANUARY = datetime(2026, 1, 15, 12, tzinfo=UTC)


def _pledge(session: Session, at: datetime, number: int = 1, amount: int = 500, **said: object) -> Pledge:
    facts = {
        "reference": f"P-{number}", "person_id": find_or_add(session, f"{number}@reader.example", at).id,
        "interval": Interval.MONTH, "amount_minor": amount, "fee_cover_minor": 0, "currency": "EUR",
        "state": PledgeState.OFFERED, "offered_at": at, "settled_at": at, "paid_until": at + timedelta(days=31),
        "kind": PledgeKind.PAID, "tries": 0, "version": 0,
    }  # fmt: skip
    pledge = Pledge(**(facts | said))
    session.add(pledge)
    session.flush()
    _note(session, pledge, at)
    return pledge


def _note(session: Session, pledge: Pledge, at: datetime) -> None:
    decide(pledge, timedelta(days=14))
    session.flush()
    moves.note(session, pledge, ZONE, at)


def _end(session: Session, pledge: Pledge, at: datetime) -> None:
    pledge.ended_at = at
    _note(session, pledge, at)


def _after(months: int) -> datetime:
    return JANUARY.replace(year=JANUARY.year + months // 12, month=1 + months % 12)


def _broken(session: Session) -> list[str]:
    return [sentence for sentence, query in rebuilding.CHECKS.items() if session.execute(text(query)).first()]


def _month(session: Session, name: str) -> Month:
    return reading.months(session, "EUR", name)[-1]


def test_a_new_pledge_counts_from_the_month_it_settled_in(database: Database) -> None:
    with database.transaction() as session:
        _pledge(session, datetime(2026, 1, 31, 23, tzinfo=UTC))  # February has begun in Kyiv
        assert reading.months(session, "EUR", "2026-01") == []
        month = _month(session, "2026-02")
        assert (month.income_minor, month.pledges, month.moved[Move.NEW]) == (500, 1, (1, 500))


def test_a_yearly_gift_counts_its_twelfth(database: Database) -> None:
    with database.transaction() as session:
        _pledge(session, JANUARY, interval=Interval.YEAR, amount=6001)
        assert _month(session, "2026-01").income_minor == 500
        assert rebuilding.running(session) == {"EUR": (1, 6001)}


def test_noting_twice_changes_nothing(database: Database) -> None:
    with database.transaction() as session:
        pledge = _pledge(session, JANUARY)
        for _ in range(3):
            moves.note(session, pledge, ZONE, _after(1))
        assert session.scalar(select(func.count()).select_from(PledgeMove)) == 1


@pytest.mark.parametrize(("amount", "kind"), [(900, Move.RAISED), (200, Move.LOWERED)])
def test_another_amount_is_a_raise_or_a_cut(database: Database, amount: int, kind: Move) -> None:
    with database.transaction() as session:
        pledge = _pledge(session, JANUARY)
        pledge.amount_minor = amount
        _note(session, pledge, _after(1))
        month = _month(session, "2026-02")
        assert (month.moved[kind], month.income_minor, month.pledges) == ((1, amount - 500), amount, 1)


def test_whoever_stops_is_lost_and_coming_back_is_not_new(database: Database) -> None:
    with database.transaction() as session:
        _end(session, _pledge(session, JANUARY), _after(1))
        assert _month(session, "2026-02").churn == 1.0
        second = _pledge(session, _after(3), reference="P-again")
        assert second.person_id == session.scalars(select(Pledge)).first().person_id  # type: ignore[union-attr]
        month = _month(session, "2026-04")
        assert (month.moved[Move.NEW][0], month.moved[Move.REACTIVATED][0], month.churn) == (0, 1, None)
        assert [cohort.left for cohort in reading.cohorts(session, "EUR", "2026-04")] == [(1, 0, 0, 1)]


def test_a_pause_is_lost_until_it_is_over_and_a_late_payment_is_not(database: Database) -> None:
    with database.transaction() as session:
        pledge = _pledge(session, JANUARY)
        pledge.past_due_at = _after(1)
        _note(session, pledge, _after(1))
        pledge.past_due_at, pledge.paused_at = None, _after(2)
        _note(session, pledge, _after(2))
        pledge.paused_at = None
        _note(session, pledge, _after(4))
        incomes = [month.income_minor for month in reading.months(session, "EUR", "2026-05")]
        assert incomes == [500, 500, 0, 0, 500]


def test_what_was_not_paid_for_by_its_patron_brings_nothing(database: Database) -> None:
    with database.transaction() as session:
        _pledge(session, JANUARY, kind=PledgeKind.COMPLIMENTARY, amount=0)
        _pledge(session, JANUARY, 2, interval=Interval.ONCE)
        assert reading.currencies(session) == []


def test_worth_follows_from_churn_and_is_unknown_without_it(database: Database) -> None:
    with database.transaction() as session:
        pledges = [_pledge(session, JANUARY, number) for number in range(1, 5)]
        assert reading.worth(reading.months(session, "EUR", "2026-02")) is None
        _end(session, pledges[0], _after(2))
        worth = reading.worth(reading.months(session, "EUR", "2026-03"))
        assert worth is not None
        assert (worth.income_minor, worth.months, worth.total_minor) == (500, 8.0, 4000)


def test_what_ran_before_there_were_figures_is_noted_later(database: Database) -> None:
    with database.transaction() as session:
        pledge = _pledge(session, JANUARY)
        session.execute(text("DELETE FROM pledge_move"))
        session.execute(text("DELETE FROM figure"))
        session.execute(text("DELETE FROM counted_pledge"))
        session.expire_all()
        assert _broken(session) == ["a pledge counts for something else than it brings"]
        assert rebuilding.note_missing(session, ZONE, _after(5)) is None
        assert _broken(session) == []
        assert _month(session, "2026-01").moved[Move.NEW] == (1, 500)
        assert rebuilding.note_missing(session, ZONE, _after(5), after=pledge.id) is None


def test_figures_that_went_wrong_are_seen_and_made_anew(database: Database) -> None:
    with database.transaction() as session:
        _end(session, _pledge(session, JANUARY), _after(1))
        session.execute(update(Figure).values(twelfths=7))
        assert _broken(session) == ["a month's figures are not the sum of its moves"]
        assert rebuilding.rebuild(session) == 2
        assert _broken(session) == []
        session.execute(update(CountedPledge).values(twelfths=7))
        assert len(_broken(session)) == 2


def test_the_command_tells_by_its_status_and_mends(app: Flask, database: Database) -> None:
    from patronage.cli import cli

    with database.transaction() as session:
        _pledge(session, JANUARY)
        session.execute(update(Figure).values(twelfths=7))
    runner = app.test_cli_runner()
    found = runner.invoke(cli.commands["figures"])
    assert (found.exit_code, "2026-01" in found.output) == (1, True)
    mended = runner.invoke(cli.commands["figures"], ["--rebuild"])
    assert (mended.exit_code, mended.output) == (0, "1 figures added up.\nThe figures agree with the pledges.\n")


deeds = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(["more", "less", "end", "pause", "go on", "late"]), st.integers(0, 2)),
    max_size=25,
)


@pytest.fixture(scope="module")
def in_memory() -> Iterator[Session]:
    """A database of this process's memory, for a hundred lives that are all rolled back."""
    engine = create_engine("sqlite://")
    metadata.create_all(engine)
    with Session(engine) as session:
        yield session
    engine.dispose()


@settings(max_examples=25)
@given(told=deeds)
def test_whatever_happens_the_sums_agree(in_memory: Session, told: list[tuple[int, str, int]]) -> None:
    session, at = in_memory, JANUARY
    pledges = [_pledge(session, JANUARY, number) for number in range(4)]
    for number, deed, days in told:
        at += timedelta(days=17 * days)
        _do(pledges[number], deed, at)
        _note(session, pledges[number], at)
    assert _broken(session) == []
    last = reading.months(session, "EUR", moves.month_of(at, ZONE))[-1]
    running = rebuilding.running(session).get("EUR", (0, 0))
    assert (last.pledges, last.income_minor) == (running[0], running[1] // 12)
    session.rollback()


def _do(pledge: Pledge, deed: str, at: datetime) -> None:
    if deed == "more":
        pledge.amount_minor += 100
    elif deed == "less":
        pledge.amount_minor = max(pledge.amount_minor - 100, 1)
    elif deed == "end":
        pledge.ended_at = pledge.ended_at or at
    elif deed == "late":
        pledge.past_due_at = at
    else:
        pledge.paused_at = at if deed == "pause" else None
