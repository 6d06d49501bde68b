"""The signed page of one pledge: it works without signing in, a look changes nothing, and it tells of nobody."""

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import signed
from patronage.giving.models import Interval, Pledge, PledgeState
from tests.fixtures.app import Browsers
from tests.fixtures.stripe import StripeTools
from tests.giving.keeping.patrons import ANN, Patron
from tests.giving.readers import Readers, letters, pledges
from tests.giving.supporting import path_of, words

Press = Callable[..., int]


@pytest.fixture
def stranger(browsers: Browsers) -> FlaskClient:
    """A browser in which nobody is signed in."""
    return browsers()


@pytest.fixture
def path(app: Flask, ann: Patron) -> str:
    """The signed address of Ann's pledge."""
    with app.test_request_context():
        return signed.manage_path(ann.reference)


@pytest.fixture
def press(stranger: FlaskClient, path: str) -> Press:
    """`press(deed)` presses a button of the page; returns the status."""
    given = path.partition("pledge=")[2]

    def send(deed: str, **fields: str) -> int:
        return stranger.post("/support/manage", data={"pledge": given, "deed": deed, **fields}).status_code

    return send


def test_the_link_in_the_receipt_stops_the_pledge_without_signing_in(
    ann: Patron, stranger: FlaskClient, worker: Worker, mailbox: Mailbox
) -> None:
    worker.work_until_idle()
    body = mailbox.to(ANN)[-1].get_body(("plain",))
    assert body is not None
    found = re.search(r"https://\S+/support/manage\?pledge=\S+", body.get_content())
    assert found
    path = path_of(found[0])
    page = stranger.get(path)
    assert "If you stop now, nothing more is charged, and you stay a patron until 2 April 2026." in words(page)
    assert stranger.post(path, data={"pledge": path.partition("=")[2], "deed": "stop"}).status_code == 303
    assert ann.pledge.ends_at is not None
    assert "Your pledge is stopped: nothing more is charged." in words(stranger.get(path))


def test_looking_changes_nothing_sets_no_cookie_and_tells_of_nobody(
    ann: Patron, stranger: FlaskClient, path: str
) -> None:
    before = ann.pledge.version
    page = stranger.get(path)
    assert stranger.head(path).status_code == 200
    assert "ann@" not in page.text
    assert " R-" not in words(page)
    assert "Set-Cookie" not in page.headers
    assert page.headers["Cache-Control"] == "no-store"
    assert ann.pledge.version == before


def test_it_goes_on_again_gives_less_once_and_is_meant_once(ann: Patron, press: Press, tools: Tools) -> None:
    assert [press("stop", reason="Too much mail"), press("go on")] == [303, 303]
    assert (ann.pledge.ends_at, ann.pledge.why_stopped) == (None, "Too much mail")
    assert press("less") == 303  # not offered any more
    assert ann.pledge.amount_minor == 500
    assert [press("once"), press("once"), press("stop")] == [303, 303, 303]
    assert ann.pledge.ended_because == "meant once"
    with tools.database.reading() as session:
        assert len(letters(session, "giving/meant_once")) == 1


def test_a_pause_is_lifted_there_too(ann: Patron, press: Press, stranger: FlaskClient, path: str) -> None:
    ann.press("pause", months="2")
    assert "Your pledge is paused" in words(stranger.get(path))
    assert press("go on") == 303
    assert ann.pledge.state == PledgeState.ACTIVE


def test_a_late_payment_leads_to_where_it_is_paid(
    ann: Patron, press: Press, stranger: FlaskClient, path: str, tools: Tools
) -> None:
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, ann.pledge.id)
        pledge.paused_at, pledge.stripe_status, pledge.failure_code = tools.clock.now(), "paused", "expired_card"
        pledge.state = PledgeState.PAUSED
    page = stranger.get(path)
    assert "A payment is due. Pay it with another card" in words(page)
    assert "Go on giving" not in words(page)
    assert "/support/mend?" in page.text
    assert press("go on") == 303
    assert ann.pledge.state == PledgeState.PAUSED


def test_other_deeds_do_nothing(ann: Patron, press: Press) -> None:
    before = ann.pledge.version
    assert [press(deed) for deed in ("", "refund", "STOP")] == [303, 303, 303]
    assert ann.pledge.version == before


def test_an_address_that_was_made_up_or_is_for_something_else_leads_nowhere(
    app: Flask, ann: Patron, stranger: FlaskClient, path: str
) -> None:
    with app.test_request_context():
        thanks = signed.thanks_path(ann.reference).partition("pledge=")[2]
    for made_up in ("", "x", ann.reference, thanks, path.partition("=")[2][:-1]):
        assert stranger.get("/support/manage", query_string={"pledge": made_up}).status_code == 404
        sent = stranger.post("/support/manage", data={"pledge": made_up, "deed": "stop"})
        assert sent.status_code == 404
    assert ann.pledge.ends_at is None


def test_a_form_from_another_site_is_refused(ann: Patron, stranger: FlaskClient, path: str) -> None:
    sent = {"pledge": path.partition("=")[2], "deed": "stop"}
    foreign = {"Origin": "https://elsewhere.example"}
    assert stranger.post("/support/manage", data=sent, headers=foreign).status_code == 403
    assert ann.pledge.ends_at is None


def test_when_stripe_is_silent_the_page_says_that_we_are_finding_out(
    ann: Patron, press: Press, stranger: FlaskClient, path: str, stripe_tools: StripeTools, worker: Worker
) -> None:
    stripe_tools.faults({"path": f"/v1/subscriptions/{ann.pledge.stripe_subscription_id}", "times": 1, "fault": "drop"})
    assert press("stop") == 303
    page = words(stranger.get(path))
    assert "We are finding out" in page
    assert "Why do you stop?" not in page
    stripe_tools.clock.advance(minutes=3)
    worker.work_until_idle()
    assert "Your pledge is stopped" in words(stranger.get(path))


def test_a_gift_given_once_has_no_such_page_and_its_receipt_no_such_link(
    app: Flask, readers: Readers, stranger: FlaskClient, worker: Worker, mailbox: Mailbox
) -> None:
    readers.patron(Interval.ONCE, email=ANN)
    with readers.tools.database.reading() as session:
        reference = pledges(session)[-1].reference
    with app.test_request_context():
        assert stranger.get(signed.manage_path(reference)).status_code == 404
    worker.work_until_idle()
    assert "/support/manage" not in str(mailbox.to(ANN)[-1])
