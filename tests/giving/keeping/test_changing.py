"""A patron changes amount, interval and day of payment: nothing is charged today, nothing twice, nothing too early."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import cycles, standing
from patronage.giving.keeping import changing
from patronage.giving.models import Interval, Pledge, PledgeState
from tests.giving.keeping.patrons import CutOff, Patron
from tests.giving.readers import Readers, letters, picture
from tests.giving.supporting import words

KYIV = ZoneInfo("Europe/Kyiv")
YEARLY = {"interval": "year", "amount": "50", "sure": "yes"}


def test_another_amount_is_read_before_it_is_changed_and_counts_from_the_next_payment_on(
    ann: Patron, tools: Tools, readers: Readers
) -> None:
    answer = ann.send("change", interval="month", amount="7,50", cover_fees="y")
    assert answer.status_code == 200
    assert "Charged today Nothing" in words(answer)
    assert "€8.04 on 2 April 2026" in words(answer)
    assert ann.pledge.amount_minor == 500
    assert ann.press("change", interval="month", amount="7.50", cover_fees="y", sure="yes") == 303
    assert (ann.pledge.amount_minor, ann.pledge.fee_cover_minor, ann.pledge.interval) == (750, 54, Interval.MONTH)
    assert len(picture(tools)["payments"]) == 1
    ann.later(months=1)
    assert [payment[0] for payment in picture(tools)["payments"]] == [500, 804]
    ann.told()
    assert (ann.pledge.amount_minor, ann.pledge.fee_cover_minor) == (750, 54)
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_changed")) == 1


def test_from_months_to_a_year_what_is_paid_stays_paid_and_the_year_begins_after_it(ann: Patron, tools: Tools) -> None:
    before = ann.pledge
    assert "€50 on 2 April 2026" in words(ann.send("change", interval="year", amount="50"))
    assert ann.press("change", **YEARLY) == 303
    assert (ann.pledge.interval, ann.pledge.amount_minor, ann.pledge.state) == (Interval.YEAR, 5000, PledgeState.ACTIVE)
    assert (ann.pledge.next_charge_at, ann.pledge.patron_until) == (before.paid_until, before.patron_until)
    assert len(picture(tools)["payments"]) == 1
    ann.later(months=1)
    ann.later(months=2)
    assert [payment[0] for payment in picture(tools)["payments"]] == [500, 5000]
    assert before.paid_until
    assert ann.pledge.paid_until == cycles.months_later(before.paid_until, 12)
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_changed")) == 1


def test_from_a_year_to_months_the_year_is_kept(ann: Patron, tools: Tools) -> None:
    ann.press("change", **YEARLY)
    ann.later(months=1)
    assert ann.press("change", interval="month", amount="5", sure="yes") == 303
    assert ann.pledge.next_charge_at == ann.pledge.paid_until
    ann.later(months=10)
    assert len(picture(tools)["payments"]) == 2
    ann.later(months=2)
    assert [payment[0] for payment in picture(tools)["payments"]][-1] == 500
    assert ann.pledge.interval == Interval.MONTH


# The first call looks, the second makes a trial of what is paid, the third changes the price.
@pytest.mark.parametrize(("call", "was_done"), [(2, True), (3, False), (3, True)])
def test_an_interval_cut_off_half_way_charges_nothing_and_is_found_out(
    ann: Patron, tools: Tools, payments: CutOff, worker: Worker, call: int, was_done: bool
) -> None:
    at = ann.pledge.paid_until
    payments.cut(call, was_done)
    assert ann.press("change", **YEARLY) == 303
    ann.told()
    assert ann.pledge.next_charge_at == at
    assert "We are finding out" in ann.account()
    ann.readers.stripe.clock.advance(minutes=3)
    worker.work_until_idle()
    assert (ann.pledge.interval, ann.pledge.amount_minor, ann.pledge.next_charge_at) == (Interval.YEAR, 5000, at)
    assert len(picture(tools)["payments"]) == 1
    with tools.database.reading() as session:
        assert len(letters(session, "giving/pledge_changed")) == 1


def test_what_cannot_be_is_refused_beside_its_field(ann: Patron) -> None:
    refused = {
        ("month", "0.50"): "The smallest gift we can take is €1.",
        ("month", "1e2"): "is not an amount",
        ("month", "5"): "That is how it is already.",
        ("once", "5"): "Not a valid choice",
        ("month", ""): "Enter how much you want to give.",
    }
    for (interval, amount), said in refused.items():
        answer = ann.send("change", interval=interval, amount=amount, sure="yes")
        assert (answer.status_code, said in words(answer)) == (422, True), (interval, amount)
    assert ann.pledge.amount_minor == 500


def test_a_stopped_pledge_is_not_changed(ann: Patron) -> None:
    ann.press("cancel")
    assert ann.press("change", **YEARLY) == 422
    assert [ann.press("date", day="20"), ann.press("pause", months="1")] == [409, 409]


def test_another_day_comes_after_what_is_paid_and_its_giver_stays_a_patron(ann: Patron, tools: Tools) -> None:
    page = ann.see("date")
    assert "1st: next payment on 1 May 2026" in page
    assert "20th: next payment on 20 April 2026" in page
    assert ann.press("date", day="20") == 303
    assert "Next payment on 20 April 2026." in ann.account()
    assert ann.press("date", day="28") == 303  # measured from what is paid, not from where it was moved
    assert "Next payment on 28 April 2026." in ann.account()
    assert ann.press("date", day="28") == 422
    assert "you stay a patron until 28 April 2026" in ann.see("cancel")
    ann.later(days=55)  # 26 April: past what is paid, and past its grace
    with tools.database.reading() as session:
        assert standing.is_patron(session, ann.pledge.person_id, tools.clock.now())
        assert len(letters(session, "giving/pledge_changed")) == 2
    assert len(picture(tools)["payments"]) == 1
    ann.later(days=3)
    assert len(picture(tools)["payments"]) == 2
    ann.later(days=27)
    assert len(picture(tools)["payments"]) == 2
    ann.later(days=5)
    assert len(picture(tools)["payments"]) == 3


def test_only_the_chosen_pledge_of_two_changes(ann: Patron, readers: Readers) -> None:
    readers.patron(email="ann@reader.example", amount_minor=300)
    ann.press("change", interval="month", amount="9", sure="yes")
    ann.press("cancel")
    with readers.tools.database.reading() as session:
        other = next(p for p in session.query(Pledge) if p.reference != ann.reference)
    assert (other.amount_minor, other.ends_at, ann.pledge.amount_minor) == (300, None, 900)


@pytest.mark.parametrize(
    ("currency", "amount_minor", "half"),
    [
        ("EUR", 500, 200),
        ("EUR", 250, 100),
        ("EUR", 150, None),
        ("JPY", 501, 250),
        ("KWD", 5_000, 2_000),
        ("UAH", 333, 100),
    ],
)
def test_less_is_about_half_in_what_can_be_charged(currency: str, amount_minor: int, half: int | None) -> None:
    pledge = Pledge(interval=Interval.MONTH, currency=currency, amount_minor=amount_minor, fee_cover_minor=0)
    offered = changing.less(pledge, 100)
    assert (offered.amount_minor if offered else None) == half


MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2028, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001 - bounds


@settings(max_examples=50)
@given(MOMENTS, st.sampled_from(list(changing.DAYS)))
def test_no_day_comes_before_what_is_paid_nor_more_than_a_month_after(paid_until: datetime, day: int) -> None:
    pledge = Pledge(interval=Interval.MONTH, paid_until=paid_until, next_charge_at=paid_until, state=PledgeState.ACTIVE)
    choice = changing.days(pledge, KYIV, paid_until - timedelta(days=1))[day - 1]
    assert timedelta(0) <= choice.charge_at - paid_until < timedelta(days=32)
    assert choice.charge_at.astimezone(KYIV).day == day


@settings(max_examples=50)
@given(MOMENTS, MOMENTS, st.sampled_from([Interval.MONTH, Interval.YEAR]))
def test_charges_are_counted_from_their_anchor(anchor: datetime, moment: datetime, interval: Interval) -> None:
    charge = cycles.charge_at_or_after(anchor, interval, moment)
    step = cycles.MONTHS[interval]
    assert charge >= min(moment, charge)
    assert charge == anchor or charge >= moment
    passed = (charge.year - anchor.year) * 12 + charge.month - anchor.month
    assert passed % step == 0
    assert charge == cycles.months_later(anchor, passed)
    assert passed == 0 or cycles.months_later(anchor, passed - step) < moment
