"""What a reader does on the page of an open invoice: pay it, or prove to the bank that it is they."""

from typing import Any

from patronage.sandbox import billing, clock, invoices
from patronage.sandbox.cards import BY_NUMBER, UNKNOWN_NUMBER, means_of
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.errors import invalid
from patronage.sandbox.objects import fetched
from patronage.sandbox.payment_methods import attach, new_payment_method
from patronage.sandbox.payments import question_of
from patronage.sandbox.store import Json, Store, Tx


def pay(store: Store, invoice_id: str, *, card: str | None = None) -> dict[str, Any]:
    """Pay an open invoice with a card (or IBAN) typed in, or, without one, with what is on file, the reader present.

    Returns `status` (paid, processing, requires_action, declined), `redirect` (the bank's page, or None),
    `decline_code` and `message`. Raises StripeError 404 when there is no such invoice, 400 when it is not open.
    """
    clock.catch_up(store)
    with store.write() as tx:
        invoice = fetched(tx, "invoice", invoice_id)
        if invoice["status"] not in ("open", "uncollectible"):
            raise invalid(f"This invoice is {invoice['status']}.")
        customer = billing.customer_of(tx, invoice)
        with in_time_of(tx, customer):
            if card is None:
                method = billing.default_method(tx, billing.subscription_of(tx, invoice), customer, invoice)
                if method is None:
                    raise invalid("No card is on file for this invoice.")
                return _attempt(tx, invoice, method)
            means = BY_NUMBER.get(card.replace(" ", ""))
            if means is None:
                return _answer("declined", UNKNOWN_NUMBER.code, UNKNOWN_NUMBER.message)
            method = new_payment_method(tx, means, {"email": customer["email"], "name": customer["name"]})
            return _attempt(tx, invoice, method)


def _attempt(tx: Tx, invoice: Json, method: Json) -> Json:
    found = invoices.payment_of(tx, invoice)
    if found is None:
        raise invalid("There is nothing to pay on this invoice.")
    if method["customer"] is None and (means_of(method).attaches or means_of(method).refusal is None):
        method = attach(tx, method["id"], invoice["customer"])
    question = question_of(tx, found[1], invoice["hosted_invoice_url"])
    invoice = billing.collect(tx, invoice, method, off_session=False, question=question)
    intent = fetched(tx, "payment_intent", found[1]["id"])
    if intent["status"] == "requires_action":
        return _answer("requires_action", redirect=intent["next_action"]["redirect_to_url"]["url"])
    if intent["status"] == "requires_payment_method":
        error = intent["last_payment_error"]
        return _answer("declined", error.get("decline_code") or error["code"], error["message"])
    return _answer("paid" if invoice["status"] == "paid" else "processing")


def _answer(status: str, code: str | None = None, message: str | None = None, redirect: str | None = None) -> Json:
    return {"status": status, "redirect": redirect, "decline_code": code, "message": message}
