"""The page of an open invoice, and payments that the bank wants to be asked about."""

from typing import Any

import pytest
import requests

from tests.sandbox.desk import Desk
from tests.sandbox.test_renewals import failing
from tests.sandbox.test_subscriptions import customer_with, monthly

BROWSER = {"Accept": "text/html"}


def late(desk: Desk, card: str) -> Any:
    """The open invoice of a renewal that this card did not pay."""
    patron = desk.patron()
    failing(desk, patron, card)
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    [open_one] = desk.v1.invoices.list({"subscription": patron.id, "status": "open"}).data
    return open_one


def page(url: str, form: dict[str, str] | None = None) -> requests.Response:
    method = "GET" if form is None else "POST"
    return requests.request(method, url, data=form, headers=BROWSER, timeout=30, allow_redirects=False)


def paid(desk: Desk, invoice: Any, **how: Any) -> Any:
    return requests.post(f"{desk.running.url}/_sandbox/invoices/{invoice.id}/pay", json=how, timeout=30).json()


def test_a_late_invoice_is_paid_on_its_page_with_another_card(desk: Desk) -> None:
    invoice = late(desk, "pm_card_chargeCustomerFail")
    assert "To be paid" in page(invoice.hosted_invoice_url).text

    declined = page(invoice.hosted_invoice_url, {"trial": "4000000000000002"})
    assert (declined.status_code, "Your card was declined" in declined.text) == (402, True)
    wrong = page(invoice.hosted_invoice_url, {"card": "1"})
    assert (wrong.status_code, "Enter a card number" in wrong.text) == (422, True)
    assert page(invoice.hosted_invoice_url, {"trial": "4242424242424242"}).status_code == 303

    assert "There is nothing more to do" in page(invoice.hosted_invoice_url).text
    assert desk.v1.subscriptions.retrieve(invoice.parent.subscription_details.subscription).status == "active"
    assert "This invoice is paid" in paid(desk, invoice)["error"]["message"]


@pytest.mark.parametrize(("outcome", "status"), [("approve", "paid"), ("fail", "open")])
def test_a_bank_that_must_be_asked_is_asked_on_the_page(desk: Desk, outcome: str, status: str) -> None:
    invoice = late(desk, "pm_card_authenticationRequired")
    assert "invoice.payment_action_required" in desk.news()
    way = page(invoice.hosted_invoice_url, {"on_file": "1"})
    assert "/3ds/" in way.headers["Location"]

    back = page(way.headers["Location"], {"outcome": outcome}).headers["Location"]

    assert back.startswith(invoice.hosted_invoice_url)
    assert ("The bank did not recognise you" in page(back).text) == (outcome == "fail")
    assert desk.v1.invoices.retrieve(invoice.id).status == status


def test_a_card_that_asks_once_needs_no_reader_after_that(desk: Desk) -> None:
    asked = desk.patron()
    method = desk.v1.payment_methods.attach("pm_card_authenticationRequiredOnSetup", {"customer": asked.customer})
    desk.v1.subscriptions.update(asked.id, {"default_payment_method": method.id})
    desk.pass_time(months=1)
    desk.pass_time(days=1)
    assert desk.v1.subscriptions.retrieve(asked.id).status == "past_due"
    [invoice] = desk.v1.invoices.list({"subscription": asked.id, "status": "open"}).data

    intent = paid(desk, invoice)["redirect"].rpartition("/")[2]
    url = f"{desk.running.url}/_sandbox/payment_intents/{intent}/authenticate"
    requests.post(url, json={"outcome": "approve"}, timeout=30)
    desk.pass_time(months=1)
    desk.pass_time(days=1)

    statuses = [one.status for one in desk.v1.invoices.list({"subscription": asked.id}).data]
    assert statuses == ["paid", "paid", "paid"]


def test_a_draft_has_no_page_and_neither_has_nothing(desk: Desk) -> None:
    draft = desk.v1.invoices.create({"customer": desk.v1.customers.create({}).id})
    for id in (draft.id, "in_nothing"):
        assert page(f"{desk.running.url}/i/{id}").status_code == 404


@pytest.mark.parametrize(
    ("iban", "status"),
    [("AT611904300234573201", "paid"), ("AT861904300235473202", "open"), ("DE08370400440532013003", "paid")],
)
def test_a_renewal_by_bank_debit_is_known_days_later(desk: Desk, iban: str, status: str) -> None:
    customer = desk.v1.customers.create({"email": "ana@example.org"})
    method = desk.v1.payment_methods.create(
        {"type": "sepa_debit", "sepa_debit": {"iban": iban}, "billing_details": {"name": "Ana", "email": "a@b.example"}}
    )
    desk.v1.payment_methods.attach(method.id, {"customer": customer.id})
    wish = {"customer": customer.id, "items": [{"price": monthly(desk)}], "default_payment_method": method.id}
    made = desk.v1.subscriptions.create({**wish, "trial_period_days": 1})
    desk.news()

    desk.pass_time(days=1)
    desk.pass_time(seconds=3601)
    assert desk.news()[-2:] == ["payment_intent.processing", "invoice.updated"]
    invoice = desk.v1.subscriptions.retrieve(made.id, {"expand": ["latest_invoice"]}).latest_invoice
    assert (invoice.status, invoice.next_payment_attempt) == ("open", None)

    desk.pass_time(days=3)

    assert desk.v1.invoices.retrieve(invoice.id).status == status
    assert ("invoice.payment_failed" in desk.news()) == (status == "open")


def test_a_network_replaces_a_card_by_itself(desk: Desk) -> None:
    customer = customer_with(desk, "pm_card_visa")
    method = customer.invoice_settings.default_payment_method
    desk.news()

    requests.post(f"{desk.running.url}/_sandbox/payment_methods/{method}/replace", json={}, timeout=30)

    [event] = desk.events()
    assert event.type == "payment_method.automatically_updated"
    assert event.data.previous_attributes["card"]["exp_year"] == 2034
    assert desk.v1.payment_methods.retrieve(method).card.exp_year == 2038
