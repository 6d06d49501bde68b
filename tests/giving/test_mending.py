"""What is due is paid at the address in the letter: opening it changes nothing, a button pays, once."""

import re

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from patronage.foundation.post import Mailbox
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving.dunning import mending
from patronage.giving.dunning.models import PaymentRetry, Retried
from patronage.giving.duties import policy_of
from patronage.giving.models import PledgeState
from patronage.people import people
from tests.fixtures.app import Browsers, SignIn
from tests.giving.late import ANN, card_becomes, fall_late, only, pass_time, stay_late
from tests.giving.readers import Readers, picture
from tests.giving.supporting import path_of, words


def _link(mailbox: Mailbox, worker: Worker) -> str:
    """The address of the page, as the newest letter has it."""
    worker.work_until_idle()
    body = mailbox.to(ANN)[-1].get_body(("plain",))
    assert body
    found = re.search(r"https://support\.example\.org(/support/mend\S+)", body.get_content())
    assert found, body.get_content()
    return found[1]


@pytest.fixture
def late(readers: Readers, worker: Worker, mailbox: Mailbox) -> str:
    """Ann's renewal was refused; the path in her letter."""

    def told() -> str:
        fall_late(readers, email=ANN)
        return _link(mailbox, worker)

    return readers.begin("late, and told", told)


def _fields(page: TestResponse) -> dict[str, str]:
    form = page.text[page.text.index('action="/support/mend/again"') :]
    return dict(re.findall(r'name="(\w+)"[^>]*value="([^"]*)"', form[: form.index("</form>")]))


def _press(client: FlaskClient, path: str) -> TestResponse:
    """Press the button that pays, and follow where it leads if that is here."""
    return client.post("/support/mend/again", data=_fields(client.get(path)))


def _retries(tools: Tools) -> list[Retried | None]:
    with tools.database.reading() as session:
        return [retry.outcome for retry in session.query(PaymentRetry).order_by(PaymentRetry.id)]


def _payments(tools: Tools) -> int:
    return len(picture(tools)["payments"])


def test_the_page_says_what_is_due_why_and_what_comes_next_and_nothing_of_the_person(
    late: str, client: FlaskClient
) -> None:
    page = client.get(late)
    said = words(page)
    for expected in ("A payment is due", "€5", "did not say why", "3 April 2026", "16 April 2026", "Visa ···· 0341"):
        assert expected in said, expected
    assert ANN not in page.text
    assert "Set-Cookie" not in page.headers


def test_with_a_card_that_works_again_one_press_pays(
    late: str, client: FlaskClient, readers: Readers, tools: Tools
) -> None:
    card_becomes(readers, "pm_card_visa")
    client.get(late)
    assert _payments(tools) == 1
    assert path_of(_press(client, late).headers["Location"]) == late
    assert (only(tools).state, _payments(tools), _retries(tools)) == (PledgeState.ACTIVE, 2, [Retried.PAID])
    assert "Paid. Thank you!" in words(client.get(late))


def test_the_same_button_pressed_twice_is_one_try(
    late: str, client: FlaskClient, readers: Readers, tools: Tools
) -> None:
    fields = _fields(client.get(late))
    for _ in range(2):
        assert client.post("/support/mend/again", data=fields).status_code == 303
    assert _retries(tools) == [Retried.DECLINED]
    card_becomes(readers, "pm_card_visa")
    _press(client, late)
    assert client.post("/support/mend/again", data=fields).status_code == 303
    assert _payments(tools) == 2


def test_a_try_that_is_refused_says_so_and_charges_nothing(late: str, client: FlaskClient, tools: Tools) -> None:
    _press(client, late)
    said = words(client.get(late))
    assert "and not taken" in said
    assert "You were not charged." in said
    assert _payments(tools) == 1


@pytest.mark.parametrize("fault", ["commit_then_drop", "drop"])
def test_an_answer_that_is_lost_is_told_as_not_known_and_found_out(
    late: str, client: FlaskClient, readers: Readers, tools: Tools, worker: Worker, fault: str
) -> None:
    card_becomes(readers, "pm_card_visa")
    invoice_id = readers.stripe.api.subscriptions.retrieve(only(tools).stripe_subscription_id).latest_invoice
    readers.stripe.faults({"path": f"/v1/invoices/{invoice_id}/pay", "times": 1, "fault": fault})
    _press(client, late)
    assert "We are finding out" in words(client.get(late))
    readers.wait(minutes=3)
    worker.work_until_idle()
    paid = fault == "commit_then_drop"
    assert _retries(tools) == [Retried.PAID if paid else Retried.DECLINED]
    assert _payments(tools) == (2 if paid else 1)
    if not paid:
        assert "and not taken" in words(client.get(late))
        _press(client, late)
    assert _payments(tools) == 2


def test_a_new_card_given_in_the_portal_pays_what_is_due_and_what_comes_later(
    late: str, client: FlaskClient, readers: Readers, tools: Tools
) -> None:
    answer = client.post("/support/mend/card", data=_fields(client.get(late)))
    readers.wait(seconds=60)
    readers.stripe.give_card(answer.headers["Location"])
    back = late + "&card=new"
    assert "one step is left" in words(client.get(back))
    assert _payments(tools) == 1
    _press(client, back)
    assert (only(tools).state, _payments(tools)) == (PledgeState.ACTIVE, 2)
    pass_time(readers, months=1)
    pass_time(readers, seconds=4000)
    assert _payments(tools) == 3


def test_a_bank_that_asks_is_answered_on_stripes_page(
    readers: Readers, worker: Worker, mailbox: Mailbox, client: FlaskClient, tools: Tools
) -> None:
    fall_late(readers, "pm_card_authenticationRequired", email=ANN)
    path = _link(mailbox, worker)
    page = client.get(path)
    assert "Confirm the payment with your bank" in words(page)
    form = {"pledge": re.findall(r'name="pledge"[^>]*value="([^"]*)"', page.text)[0]}
    answer = client.post("/support/mend/confirm", data=form)
    assert "/i/in_" in answer.headers["Location"]
    assert _payments(tools) == 1
    seen = len(readers.stripe.events())
    invoice_id = re.findall(r"/i/(in_\w+)", answer.headers["Location"])[0]
    asked = readers.stripe.control("POST", f"invoices/{invoice_id}/pay", {})
    assert asked["status"] == "requires_action"
    intent_id = readers.stripe.events("payment_intent.requires_action")[-1]["data"]["object"]["id"]
    readers.stripe.control("POST", f"payment_intents/{intent_id}/authenticate", {"outcome": "approve"})
    readers.catch_up(seen)
    assert (only(tools).state, _payments(tools)) == (PledgeState.ACTIVE, 2)
    assert "Everything is paid" in words(client.get(path))


def test_a_pledge_that_stripe_let_rest_goes_on_with_one_payment(
    readers: Readers, worker: Worker, mailbox: Mailbox, client: FlaskClient, tools: Tools
) -> None:
    stay_late(readers, "pause")
    assert only(tools).state == PledgeState.PAUSED
    path = _link(mailbox, worker)
    assert "is charged now, and then every month" in words(client.get(path))
    card_becomes(readers, "pm_card_visa")
    _press(client, path)
    assert (only(tools).state, _payments(tools), _retries(tools)) == (PledgeState.ACTIVE, 2, [Retried.PAID])


def test_a_pledge_that_stripe_let_rest_and_cannot_be_paid_is_told_as_a_failed_try_alone(
    readers: Readers, client: FlaskClient, tools: Tools, mailbox: Mailbox, worker: Worker
) -> None:
    stay_late(readers, "pause")
    path = _link(mailbox, worker)
    before = len(mailbox.to(ANN))
    seen = len(readers.stripe.events())
    _press(client, path)
    readers.catch_up(seen)
    worker.work_until_idle()
    assert (only(tools).state, _retries(tools)) == (PledgeState.PAST_DUE, [Retried.DECLINED])
    assert [letter["Subject"] for letter in mailbox.to(ANN)[before:]] == [
        "Your payment to Our newsroom did not go through"
    ]
    assert "and not taken" in words(client.get(path))


def test_a_try_that_nobody_heard_the_end_of_is_not_called_paid_once_the_pledge_was_stopped(
    late: str, client: FlaskClient, readers: Readers, tools: Tools
) -> None:
    with tools.database.transaction() as session:
        retry = mending.begin(session, only(tools).reference, "press", tools.clock.now())
    seen = len(readers.stripe.events())
    readers.stripe.api.subscriptions.cancel(only(tools).stripe_subscription_id)
    readers.catch_up(seen)
    mending.ask_after(tools, policy_of(readers.settings), {"retry": retry.id})
    assert _retries(tools) == [Retried.DECLINED]
    assert "This pledge is over" in words(client.get(late))


def test_an_ended_pledge_is_said_to_be_over_and_takes_no_payment(
    late: str, client: FlaskClient, readers: Readers, tools: Tools
) -> None:
    fields = _fields(client.get(late))
    for _ in range(15):
        pass_time(readers, days=1)
    assert "Your pledge has ended" in words(client.get(late))
    assert client.post("/support/mend/again", data=fields).status_code == 303
    assert client.post("/support/mend/card", data=fields).status_code == 409
    assert _retries(tools) == []


def test_only_the_address_in_the_letter_opens_the_page(
    late: str, client: FlaskClient, browsers: Browsers, tools: Tools, signed_in: SignIn
) -> None:
    assert client.get(late[:-3]).status_code == 404
    assert client.post("/support/mend/again", data={"pledge": "P-1"}).status_code == 404
    foreign = {"Origin": "https://elsewhere.example"}
    assert client.post("/support/mend/again", data=_fields(client.get(late)), headers=foreign).status_code == 403
    own = f"/account/pledges/{only(tools).reference}/mend"
    for email, status in ((ANN, 303), ("boris@reader.example", 404)):
        browser = browsers()
        with tools.database.transaction() as session:
            person = people.find_or_add(session, email, tools.clock.now())
        signed_in(browser, person)
        assert browser.get(own).status_code == status


def test_a_button_pressed_again_and_again_is_stopped_for_an_hour(late: str, client: FlaskClient) -> None:
    fields = _fields(client.get(late))
    answers = [client.post("/support/mend/again", data=fields).status_code for _ in range(11)]
    assert answers == [303] * 10 + [429]


def test_pages_at_stripe_are_not_opened_without_end(late: str, client: FlaskClient) -> None:
    fields = _fields(client.get(late))
    answers = [client.post(f"/support/mend/{deed}", data=fields).status_code for deed in ("card", "confirm") * 11]
    assert answers == [303] * 20 + [429] * 2


def test_nothing_is_begun_where_nothing_is_due(readers: Readers, tools: Tools) -> None:
    readers.patron()
    with tools.database.transaction() as session, pytest.raises(mending.NothingDue):
        mending.begin(session, only(tools).reference, "press", tools.clock.now())
