"""A pledge rests for some months: nothing is charged, its giver is a patron as long as paid, and is reminded."""

from datetime import UTC, datetime

from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.models import Interval, PledgeState
from tests.giving.keeping.patrons import Patron
from tests.giving.readers import Readers, letters, picture


def _is_patron(ann: Patron, tools: Tools) -> bool:
    with tools.database.reading() as session:
        return standing.is_patron(session, ann.pledge.person_id, tools.clock.now())


def _letters(tools: Tools, kind: str) -> int:
    with tools.database.reading() as session:
        return len(letters(session, f"giving/{kind}"))


def test_a_pause_skips_just_as_many_payments_and_then_goes_on_by_itself(
    ann: Patron, tools: Tools, worker: Worker
) -> None:
    assert "2 months Next payment on 2 June 2026" in ann.see("pause")
    assert ann.press("pause", months="2") == 303
    assert ann.pledge.state == PledgeState.PAUSED
    said = ann.account()
    assert "Paused: nothing is charged. Next payment on 2 June 2026. You stay a patron until 2 April 2026." in said
    assert ann.pledge.patron_until == ann.pledge.paid_until
    assert _is_patron(ann, tools)
    ann.later(months=1)
    assert not _is_patron(ann, tools)
    assert "Next payment on 2 June 2026." in ann.account()
    ann.later(days=20)
    worker.work_until_idle()
    assert (_letters(tools, "pledge_paused"), _letters(tools, "pause_ends")) == (1, 0)
    ann.later(days=35)
    worker.work_until_idle()
    assert len(picture(tools)["payments"]) == 1
    assert _letters(tools, "pause_ends") == 1
    ann.later(days=8)
    assert len(picture(tools)["payments"]) == 2
    assert (ann.pledge.state, _is_patron(ann, tools)) == (PledgeState.ACTIVE, True)
    assert _letters(tools, "pledge_resumed") == 0  # it was announced


def test_who_goes_on_earlier_is_charged_on_the_next_day_of_payment_and_not_reminded(
    ann: Patron, tools: Tools, worker: Worker
) -> None:
    ann.press("pause", months="3")
    ann.later(days=50)
    assert ann.press("resume") == 303
    assert (ann.pledge.state, ann.pledge.resumes_at) == (PledgeState.ACTIVE, None)
    assert "Next payment on 2 May 2026. From then on you are a patron again." in ann.account()
    assert _letters(tools, "pledge_resumed") == 1
    ann.later(months=1)
    assert len(picture(tools)["payments"]) == 2
    ann.later(months=2)
    worker.work_until_idle()
    assert _letters(tools, "pause_ends") == 0


def test_other_spans_are_refused(ann: Patron) -> None:
    assert [ann.press("pause", months=months) for months in ("0", "7", "-1", "x", "")] == [422] * 5
    assert ann.pledge.state == PledgeState.ACTIVE


def test_a_pause_made_in_the_portal_shows_the_same_and_is_confirmed(
    ann: Patron, readers: Readers, tools: Tools
) -> None:
    seen = len(readers.stripe.events())
    june = int(datetime(2026, 5, 25, tzinfo=UTC).timestamp())
    resting = {"pause_collection": {"behavior": "void", "resumes_at": june}}
    readers.stripe.api.subscriptions.update(ann.pledge.stripe_subscription_id, resting)
    readers.catch_up(seen)
    assert "Paused: nothing is charged. Next payment on 2 June 2026." in ann.account()
    assert "Go on giving" in ann.account()
    ann.told()
    assert _letters(tools, "pledge_paused") == 1


def test_a_paused_pledge_is_neither_paused_again_nor_moved_but_can_be_stopped(ann: Patron) -> None:
    ann.press("pause", months="1")
    assert [ann.press("pause", months="2"), ann.press("date", day="20")] == [409, 409]
    assert ann.press("cancel") == 303
    assert ann.pledge.ends_at == ann.pledge.paid_until


def test_a_yearly_pledge_has_nothing_to_pause(ann: Patron) -> None:
    ann.press("change", interval="year", amount="50", sure="yes")
    assert ann.pledge.interval == Interval.YEAR
    assert ann.press("pause", months="1") == 409
