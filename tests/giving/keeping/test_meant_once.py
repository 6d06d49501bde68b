"""“I meant once”: within two weeks a pledge given by mistake becomes a single gift, whatever fails on the way."""

import threading
from dataclasses import replace

import pytest
from sqlalchemy import select

from patronage.books.models import Payment
from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.keeping import deeds, once
from patronage.giving.keeping.models import Deed
from patronage.giving.models import PledgeState
from tests.giving.keeping.patrons import ANN, CutOff, Patron
from tests.giving.readers import Readers, letters, picture


@pytest.fixture
def settings(settings: Settings, request: pytest.FixtureRequest) -> Settings:
    """Settings of a newsroom that keeps the money, or gives it back where a test says so."""
    return settings.model_copy(update={"meant_once": getattr(request, "param", "keep")})


gives_back = pytest.mark.parametrize("settings", ["refund"], indirect=True)


def _letters(tools: Tools) -> list[str]:
    with tools.database.reading() as session:
        return [letter.data["money"] for letter in letters(session, "giving/meant_once")]


def _refunds(ann: Patron) -> list[int]:
    with ann.readers.tools.database.reading() as session:
        charge = session.scalars(select(Payment.charge_id)).one()
    return [refund.amount for refund in ann.readers.stripe.api.refunds.list({"charge": charge}).data]


def test_the_pledge_ends_now_and_its_payment_stays_as_a_single_gift(ann: Patron, tools: Tools) -> None:
    assert "I meant once" in ann.account()
    assert "stays with us as a single gift" in ann.see("once")
    assert ann.press("once") == 303
    pledge = ann.pledge
    assert (pledge.state, pledge.ended_because, pledge.patron_until) == (PledgeState.ENDED, "meant once", None)
    assert ann.subscription.status == "canceled"
    assert (_letters(tools), _refunds(ann)) == (["kept"], [])
    said = ann.account()
    assert "€5 once, 2 March 2026" in said
    assert "2 March 2026 €5 once" in said
    with tools.database.reading() as session:
        assert not standing.is_patron(session, pledge.person_id, tools.clock.now())
    ann.told()
    ann.later(months=2)
    assert ann.pledge.ended_because == "meant once"
    assert picture(tools)["letters"] == ["giving/meant_once", "giving/receipt"]
    assert len(picture(tools)["payments"]) == 1


@gives_back
def test_where_the_newsroom_gives_it_back_the_whole_payment_goes_back_once(ann: Patron, tools: Tools) -> None:
    assert "goes back to you" in ann.see("once")
    assert [ann.press("once"), ann.press("once")] == [303, 409]
    assert (_letters(tools), _refunds(ann)) == (["given back"], [500])
    ann.told()
    with tools.database.reading() as session:
        assert session.scalars(select(Payment.refunded_minor)).one() == 500


@gives_back
# The first call looks, the second ends the subscription, the third gives the money back.
@pytest.mark.parametrize(("call", "was_done"), [(2, False), (2, True), (3, False), (3, True)])
def test_cut_off_at_any_call_it_is_brought_to_its_end_by_a_job(
    ann: Patron, payments: CutOff, worker: Worker, mailbox: Mailbox, call: int, was_done: bool
) -> None:
    payments.cut(call, was_done)
    assert ann.press("once") == 303
    ann.told()
    ann.readers.stripe.clock.advance(minutes=3)
    worker.work_until_idle()
    ann.told()
    worker.work_until_idle()
    assert (ann.pledge.ended_because, _refunds(ann)) == ("meant once", [500])
    told = [letter for letter in mailbox.to(ANN) if "single gift" in letter["Subject"]]
    said = [body.get_content() for letter in told if (body := letter.get_body(("plain",)))]
    assert ["goes back to you" in text for text in said] == [True]


@gives_back
def test_money_that_cannot_go_back_is_said_to_be_stuck(ann: Patron, readers: Readers, tools: Tools) -> None:
    with tools.database.reading() as session:
        wish = once.wish(session, ann.pledge, give_back=True, now=tools.clock.now())
    unheard = replace(wish, asked={"give_back": "ch_unknown"})  # refused, as a charge would be that a bank took back
    assert deeds.do(tools, policy_of(readers.settings), ann.pledge, unheard)
    assert (ann.pledge.ended_because, _letters(tools)) == ("meant once", ["stuck"])


@gives_back
def test_two_clicks_at_once_are_one(ann: Patron, tools: Tools) -> None:
    pledge, now = ann.pledge, tools.clock.now()
    with tools.database.reading() as session:
        wish = once.wish(session, pledge, True, now)
    policy = policy_of(ann.readers.settings)
    clicks = [threading.Thread(target=deeds.do, args=(tools, policy, pledge, wish)) for _ in range(2)]
    for click in clicks:
        click.start()
    for click in clicks:
        click.join()
    with tools.database.reading() as session:
        (deed,) = session.scalars(select(Deed))
    deeds.settle(tools, policy, {"deed": deed.id})
    assert (_letters(tools), _refunds(ann)) == (["given back"], [500])


def test_after_two_weeks_it_is_too_late(ann: Patron) -> None:
    ann.later(days=15)
    assert "I meant once" not in ann.account()
    assert ann.press("once") == 409
    assert ann.pledge.state == PledgeState.ACTIVE


def test_what_was_disputed_or_given_back_is_no_gift(ann: Patron, tools: Tools) -> None:
    with tools.database.transaction() as session:
        session.scalars(select(Payment)).one().disputed = True
    assert ann.press("once") == 409


def test_a_second_pledge_meant_once_leaves_the_first(ann: Patron, readers: Readers) -> None:
    readers.patron(email=ANN, amount_minor=300)
    assert ann.press("once") == 303
    with readers.tools.database.reading() as session:
        assert standing.is_patron(session, ann.pledge.person_id, readers.tools.clock.now())
