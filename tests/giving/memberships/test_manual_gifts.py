"""Gifts that came past Stripe: entered once, in an open month, perhaps with a membership; reversed, never edited."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select, text

from patronage.books import checks, ledger, manual_gifts, months
from patronage.books.manual_gifts import Entered, MonthIsClosed, ReversedAlready
from patronage.books.models import Account, Channel, LedgerEntry, ManualGift, Payment
from patronage.books.papers.models import Receipt
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.memberships import gifts
from patronage.giving.memberships.gifts import Giver
from patronage.giving.memberships.pricing import Editor
from patronage.giving.models import Pledge, PledgeKind, PledgeState
from tests.giving.memberships.desk import Desk
from tests.giving.supporting import words

NEW = "/desk/books/gifts/new"
FORM = {"channel": "bank transfer", "received_on": "2026-03-01", "currency": "EUR", "amount": "120",
        "giver_name": "Halyna Bondar", "submission": "once-0001"}  # fmt: skip
JUNE = datetime(2026, 6, 1, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


def _entered(submission: str = "s-1", **of: Any) -> Entered:
    given: dict[str, Any] = {
        "channel": Channel.BANK_TRANSFER, "amount_minor": 12000, "currency": "EUR",
        "received_at": datetime(2026, 3, 1, 10, tzinfo=UTC), "giver_name": "Halyna", "note": "",
    }  # fmt: skip
    return Entered(submission=submission, **{**given, **of})


def _enter(tools: Tools, settings: Settings, editor: Editor, entered: Entered, giver: Giver) -> Payment:
    with tools.database.transaction() as session:
        return gifts.enter(session, entered, giver, policy_of(settings), editor)


def _broken(tools: Tools) -> list[str]:
    with tools.database.reading() as session:
        return [what for what, query in checks.CHECKS.items() if session.execute(text(query)).all()]


def test_the_form_sent_twice_is_one_gift_in_the_books(desk: Desk, tools: Tools) -> None:
    first, again = desk.send(NEW, **FORM), desk.send(NEW, **FORM)
    assert (first.status_code, first.headers["Location"]) == (303, again.headers["Location"])
    with tools.database.reading() as session:
        (entry,) = session.scalars(select(LedgerEntry))
        assert (entry.debit, entry.credit, entry.amount_minor) == (Account.BANK, Account.GIFTS, 12000)
        assert entry.entered_by is not None
        assert len(session.scalars(select(Receipt)).all()) == 1
    assert "Halyna Bondar" in desk.get("/desk/books/gifts").text
    assert _broken(tools) == []


@pytest.mark.parametrize(
    ("channel", "account"),
    [("cash", Account.CASH), ("grant", Account.BANK), ("cheque", Account.BANK), ("paypal", Account.PAYPAL)],
)
def test_the_money_lies_where_it_came(desk: Desk, tools: Tools, channel: str, account: Account) -> None:
    desk.send(NEW, **{**FORM, "channel": channel})
    with tools.database.reading() as session:
        assert ledger.balance(session, account) == {"EUR": 12000}


def test_crypto_is_worth_what_coins_and_rate_come_to(desk: Desk, tools: Tools) -> None:
    coins = {"channel": "crypto", "coin": "btc", "coin_amount": "0.00125", "coin_rate": "81234,56",
             "rate_source": "ECB day rate, 1 March"}  # fmt: skip
    wrong = desk.send(NEW, **{**FORM, **coins})
    assert wrong.status_code == 422
    assert "Coins and rate come to €101.54" in words(wrong)
    assert desk.send(NEW, **{**FORM, **coins, "amount": ""}).status_code == 303
    with tools.database.reading() as session:
        gift = session.scalars(select(ManualGift)).one()
        assert (gift.coin, gift.coin_amount, gift.coin_rate) == ("BTC", "0.00125", "81234.56")
        assert ledger.balance(session, Account.CRYPTO) == {"EUR": 10154}


def test_a_gift_may_carry_a_membership_and_the_next_one_extends_it(
    tools: Tools, settings: Settings, editor: Editor
) -> None:
    _enter(tools, settings, editor, _entered("a"), Giver("halyna@reader.example", JUNE))
    second = _enter(tools, settings, editor, _entered("b"), Giver("halyna@reader.example", DECEMBER))
    with tools.database.reading() as session:
        pledge = session.scalars(select(Pledge).where(Pledge.kind == PledgeKind.MANUAL)).one()
        assert (pledge.paid_until, pledge.patron_until) == (DECEMBER, DECEMBER)  # no grace
        assert standing.is_patron(session, pledge.person_id, editor.now)
    with tools.database.transaction() as session:
        gifts.reverse(session, second.reference, "Entered twice", policy_of(settings), editor)
    with tools.database.reading() as session:
        pledge = session.scalars(select(Pledge).where(Pledge.kind == PledgeKind.MANUAL)).one()
        assert (pledge.paid_until, pledge.state) == (JUNE, PledgeState.ACTIVE)
    assert _broken(tools) == []


def test_a_wrong_gift_is_reversed_by_an_entry_of_its_own(desk: Desk, tools: Tools, editor: Editor) -> None:
    form = {**FORM, "email": "halyna@reader.example", "until": "2026-06-01"}
    page = desk.send(NEW, **form).headers["Location"]
    assert desk.send(f"{page}/reverse", reason="").status_code == 422
    assert desk.send(f"{page}/reverse", reason="The bank took it back").status_code == 303
    assert desk.send(f"{page}/reverse", reason="The bank took it back").status_code == 409
    assert "The bank took it back" in words(desk.get(page))
    with tools.database.reading() as session:
        first, second = session.scalars(select(LedgerEntry).order_by(LedgerEntry.id))
        assert (second.debit, second.credit, second.corrects_id) == (first.credit, first.debit, first.id)
        assert ledger.balance(session, Account.GIFTS) == {"EUR": 0}
        assert len(session.scalars(select(Receipt)).all()) == 2
        pledge = session.scalars(select(Pledge)).one()
        assert (pledge.state, pledge.ended_because) == (PledgeState.ENDED, "given back")
        assert not standing.is_patron(session, pledge.person_id, editor.now)
    assert _broken(tools) == []


def test_nothing_is_booked_into_a_closed_month(tools: Tools, settings: Settings, editor: Editor) -> None:
    with tools.database.transaction() as session:
        months.close(session, "2026-02", settings.zone, {}, editor.person_id, editor.now)
    before = _entered(received_at=datetime(2026, 2, 20, 10, tzinfo=UTC))
    with pytest.raises(MonthIsClosed):
        _enter(tools, settings, editor, before, Giver(None, None))
    _enter(tools, settings, editor, _entered(), Giver(None, None))


def test_what_was_reversed_stays_so(tools: Tools, settings: Settings, editor: Editor) -> None:
    payment = _enter(tools, settings, editor, _entered(), Giver(None, None))
    with tools.database.transaction() as session:
        gifts.reverse(session, payment.reference, "Wrong", policy_of(settings), editor)
    with pytest.raises(ReversedAlready), tools.database.transaction() as session:
        gifts.reverse(session, payment.reference, "Wrong", policy_of(settings), editor)
    with pytest.raises(manual_gifts.NoSuchGift), tools.database.reading() as session:
        manual_gifts.find(session, "R-NONE-SUCH")


def test_a_gift_missing_in_the_ledger_is_seen(tools: Tools, editor: Editor) -> None:
    with tools.database.transaction() as session:
        session.add(
            Payment(reference="R-1", channel=Channel.CASH, amount_minor=100, currency="EUR", refunded_minor=0,
                    disputed=False, paid_at=editor.now)
        )  # fmt: skip
    assert _broken(tools) == ["a gift that came past Stripe is not in the ledger as it stands"]


def test_errors_keep_the_answers(desk: Desk) -> None:
    today = date(2026, 3, 2)
    answer = desk.send(NEW, **{**FORM, "received_on": today.replace(day=3).isoformat(), "until": "2026-09-01"})
    assert answer.status_code == 422
    said = words(answer)
    assert "This day is still to come." in said
    assert "A membership needs an e-mail address" in said
    assert 'value="Halyna Bondar"' in answer.text
