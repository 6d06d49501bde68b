"""When nothing is ever told of a page: Stripe is asked what became of it, and a time-out is no answer."""

from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.intake import janitor
from patronage.giving.models import Checkout, PledgeState
from tests.fixtures.stripe import StripeTools
from tests.giving.readers import Readers, picture, pledges
from tests.giving.supporting import path_of, send, session_id, words

SESSIONS = "/v1/checkout/sessions"


def _outcome(tools: Tools) -> str | None:
    with tools.database.reading() as session:
        return session.scalars(select(Checkout)).one().outcome


def _thanks(stripe_tools: StripeTools, page_id: str) -> str:
    page = stripe_tools.api.checkout.sessions.retrieve(page_id)
    return path_of(page.success_url.replace("{CHECKOUT_SESSION_ID}", page.id))


def test_a_payment_of_which_no_event_ever_comes_is_found_within_minutes(
    client: FlaskClient, readers: Readers, worker: Worker, tools: Tools, stripe_tools: StripeTools
) -> None:
    page_id = session_id(send(client))
    stripe_tools.pay(page_id)
    worker.work_until_idle()
    assert "We are confirming" in words(client.get(_thanks(stripe_tools, page_id)))
    stripe_tools.advance(seconds=301)
    worker.work_until_idle()
    assert "Your payment has arrived" in words(client.get(_thanks(stripe_tools, page_id)))
    found = picture(tools)
    assert (found["letters"], found["checkouts"]) == (["giving/receipt"], ["paid"])
    readers.catch_up()
    assert picture(tools) == found  # the events come after all


def test_a_page_that_is_left_is_said_to_have_expired_and_asked_after_no_more(
    client: FlaskClient, worker: Worker, tools: Tools, stripe_tools: StripeTools
) -> None:
    page_id = session_id(send(client))
    for seconds in (301, 3600):
        stripe_tools.advance(seconds=seconds)
        worker.work_until_idle()
    assert "closed before anything was paid" in words(client.get(_thanks(stripe_tools, page_id)))
    with tools.database.reading() as session:
        jobs = session.scalars(select(Job).where(Job.kind == janitor.ASK).order_by(Job.id)).all()
        assert [job.data["round"] for job in jobs] == [0, 1]
        assert all(job.done_at for job in jobs)
        assert pledges(session)[0].state == PledgeState.OFFERED


def test_silence_is_no_answer(client: FlaskClient, worker: Worker, tools: Tools, stripe_tools: StripeTools) -> None:
    page_id = session_id(send(client))
    stripe_tools.pay(page_id)
    stripe_tools.faults({"path": f"{SESSIONS}/{page_id}", "times": 1, "fault": "drop"})
    stripe_tools.advance(seconds=301)
    worker.work_until_idle()
    assert _outcome(tools) is None
    stripe_tools.advance(seconds=6)
    worker.work_until_idle()
    assert _outcome(tools) == "paid"


def test_a_page_whose_opening_was_never_answered_is_closed_once_it_cannot_be_open(
    client: FlaskClient, worker: Worker, tools: Tools, stripe_tools: StripeTools
) -> None:
    stripe_tools.faults({"path": SESSIONS, "times": 1, "fault": "commit_then_drop"})
    assert send(client).status_code == 503
    stripe_tools.advance(seconds=301)
    worker.work_until_idle()
    assert _outcome(tools) is None
    stripe_tools.advance(seconds=3600)
    worker.work_until_idle()
    assert _outcome(tools) == "expired"


def test_a_bank_debit_is_asked_after_until_it_is_decided(
    client: FlaskClient, worker: Worker, tools: Tools, stripe_tools: StripeTools
) -> None:
    stripe_tools.pay(session_id(send(client)), method="bank_debit", outcome="succeed")
    stripe_tools.advance(seconds=301)
    worker.work_until_idle()
    assert _outcome(tools) == "unpaid"
    for _ in range(5):
        stripe_tools.advance(days=1)
        worker.work_until_idle()
    assert picture(tools)["letters"] == ["giving/receipt"]
    with tools.database.reading() as session:
        assert pledges(session)[0].state == PledgeState.ACTIVE


def test_a_double_click_is_asked_after_once(client: FlaskClient, tools: Tools) -> None:
    send(client)
    send(client)
    with tools.database.reading() as session:
        assert len(session.scalars(select(Job).where(Job.kind == janitor.ASK)).all()) == 1
