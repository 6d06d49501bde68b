"""The API's calls on invoices and invoice payments."""

from patronage.sandbox import billing, clock, invoices
from patronage.sandbox.cards import Refusal
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.discounts import redeem, wished
from patronage.sandbox.errors import StripeError, invalid
from patronage.sandbox.invoice_lines import add_up
from patronage.sandbox.lists import page, whole
from patronage.sandbox.objects import change, fetched, merged, picked, refuse_unsupported
from patronage.sandbox.payment_methods import attach, card_error, resolved
from patronage.sandbox.payments import refusal_in
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import INVOICE_SUBSCRIPTION, Json, Tx


@endpoint("GET", "/v1/invoices/<id>", "InvoiceRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "invoice", id)


@endpoint("GET", "/v1/invoices", "InvoiceListParams")
def list_all(tx: Tx, params: Json) -> Json:
    asked = dict(params)
    if "subscription" in params:
        asked[INVOICE_SUBSCRIPTION] = asked.pop("subscription")
    equal = ("customer", "status", "collection_method", INVOICE_SUBSCRIPTION)
    return page(tx, "invoice", asked, "/v1/invoices", equal)


@endpoint("GET", "/v1/invoices/<id>/lines", "InvoiceLineItemListParams")
def list_lines(tx: Tx, params: Json, id: str) -> Json:
    return whole(fetched(tx, "invoice", id)["lines"]["data"], params, f"/v1/invoices/{id}/lines")


@endpoint("POST", "/v1/invoices/<id>", "InvoiceUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    plain = ("auto_advance", "description", "footer", "default_payment_method")
    refuse_unsupported(params, {*plain, "days_until_due", "discounts", "due_date", "expand", "metadata"})
    invoice = fetched(tx, "invoice", id)
    updates = picked(params, *plain)
    if "metadata" in params:
        updates["metadata"] = merged(invoice["metadata"], params["metadata"])
    if {"discounts", "due_date", "days_until_due"} & set(params) and invoice["status"] != "draft":
        raise invalid("Finalized invoices can't be updated in this way.", code="invoice_not_editable")
    updates.update(_due(tx, params))
    if "discounts" in params:
        chosen = wished(tx, params["discounts"], invoice["currency"], invoice["customer"])
        ids = redeem(tx, chosen, customer=invoice["customer"], invoice=id)
        reckoned = add_up(tx, {**invoice, "discounts": ids}, [dict(line) for line in invoice["lines"]["data"]])
        updates = {**reckoned, **updates}
    if "auto_advance" in params and invoice["status"] == "draft":
        (clock.unschedule if not params["auto_advance"] else _await_finalizing)(tx, "finalize", id)
    return change(tx, invoice, updates, "invoice.updated")


def _await_finalizing(tx: Tx, kind: str, id: str) -> None:
    if not clock.waits(tx, kind, id):
        clock.schedule(tx, tx.now() + invoices.HOUR, kind, id)


def _due(tx: Tx, params: Json) -> Json:
    if "due_date" in params:
        return {"due_date": params["due_date"]}
    days = params.get("days_until_due")
    return {"due_date": tx.now() + days * invoices.DAY} if days is not None else {}


@endpoint("POST", "/v1/invoices/<id>/finalize", "InvoiceFinalizeInvoiceParams")
def finalize(tx: Tx, _params: Json, id: str) -> Json:
    invoice = fetched(tx, "invoice", id)
    if invoice["status"] != "draft":
        raise invalid("This invoice is already finalized, you can't re-finalize a non-draft invoice.")
    with in_time_of(tx, billing.customer_of(tx, invoice)):
        return invoices.finalize(tx, invoice)


@endpoint("POST", "/v1/invoices/<id>/pay", "InvoicePayParams")
def pay(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"payment_method", "off_session", "paid_out_of_band", "expand"})
    invoice = fetched(tx, "invoice", id)
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        state = {"paid": "already paid", "void": "voided and can no longer be paid"}[invoice["status"]]
        code = "invoice_already_paid" if invoice["status"] == "paid" else None
        raise invalid(f"Invoice is {state}", code=code)
    customer = billing.customer_of(tx, invoice)
    with in_time_of(tx, customer):
        if invoice["status"] == "draft":
            invoice = invoices.finalize(tx, invoice)
        if params.get("paid_out_of_band"):
            return invoices.record_paid(tx, invoice, attempted=False, elsewhere=True)
        return _charge(tx, invoice, customer, params)


def _charge(tx: Tx, invoice: Json, customer: Json, params: Json) -> Json:
    if "payment_method" in params:
        method: Json | None = attach(tx, resolved(tx, params["payment_method"])["id"], customer["id"])
    else:
        method = billing.default_method(tx, billing.subscription_of(tx, invoice), customer, invoice)
    if method is None and invoice["amount_due"] > 0:
        raise StripeError(
            400,
            "There is no `default_payment_method` set on this Customer or Invoice. Please set one, or pass a"
            " payment method.",
        )
    invoice = billing.collect(tx, invoice, method, off_session=params.get("off_session", True))
    if invoice["status"] == "paid":
        return invoice
    return _refused_or_pending(tx, invoice)


def _refused_or_pending(tx: Tx, invoice: Json) -> Json:
    found = invoices.payment_of(tx, invoice)
    if found is not None and found[1]["status"] == "requires_action":
        message = "This payment requires additional user action before it can be completed successfully."
        raise card_error(
            Refusal("invoice_payment_intent_requires_action", None, message), keeps=True, payment_intent=found[1]
        )
    error = found[1]["last_payment_error"] if found else None
    if not error:
        return invoice
    raise card_error(refusal_in(error), keeps=True, charge=error.get("charge"))


@endpoint("POST", "/v1/invoices/<id>/void", "InvoiceVoidInvoiceParams")
def void(tx: Tx, _params: Json, id: str) -> Json:
    return _closed(tx, id, "void", ("open", "uncollectible"), "voided")


@endpoint("POST", "/v1/invoices/<id>/mark_uncollectible", "InvoiceMarkUncollectibleParams")
def mark_uncollectible(tx: Tx, _params: Json, id: str) -> Json:
    return _closed(tx, id, "uncollectible", ("open",), "marked uncollectible")


def _closed(tx: Tx, id: str, status: str, allowed: tuple[str, ...], word: str) -> Json:
    invoice = fetched(tx, "invoice", id)
    if invoice["status"] not in allowed:
        raise invalid(f"You can only pass in open invoices. This invoice is {invoice['status']} and can't be {word}.")
    with in_time_of(tx, billing.customer_of(tx, invoice)):
        return invoices.close(tx, invoice, status)
