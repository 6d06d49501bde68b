"""Invoices drawn up by hand: created, sent, thrown away, or only looked at beforehand."""

from patronage.sandbox import billing, clock, events, invoice_items, invoice_lines, invoices, prorating
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.discounts import redeem, wished
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.money import known_currency
from patronage.sandbox.objects import fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscription_items import changed_items

PLAIN = ("default_payment_method", "description", "footer")
SUPPORTED = {*PLAIN, "auto_advance", "collection_method", "currency", "customer", "days_until_due", "discounts"}
SUPPORTED |= {"due_date", "expand", "metadata", "pending_invoice_items_behavior", "subscription"}


@endpoint("POST", "/v1/invoices", "InvoiceCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    if "customer" not in params:
        raise missing_param("customer")
    customer = named(tx, "customer", params["customer"], "customer")
    about = params.get("subscription")
    subscription = named(tx, "subscription", about, "subscription") if about else None
    with in_time_of(tx, customer):
        usual = subscription["currency"] if subscription else customer["currency"] or "eur"
        currency = known_currency(str(params.get("currency", usual)), "currency")
        chosen = wished(tx, params.get("discounts", []), currency, customer["id"])
        invoice = {
            **invoices.new_invoice(tx, customer, currency, "manual"),
            **picked(params, *PLAIN),
            "auto_advance": params.get("auto_advance", False),
            **_collection(tx, params),
            "metadata": merged({}, params.get("metadata")),
            "parent": invoices.parent_of(subscription) if subscription else None,
        }
        invoice["discounts"] = redeem(tx, chosen, customer=customer["id"], invoice=invoice["id"])
        items: list[Json] = []
        if params.get("pending_invoice_items_behavior", "exclude") == "include":
            items = invoice_items.waiting(tx, customer["id"], currency, about)
        invoice_lines.add_up(tx, invoice, [invoice_lines.of_invoice_item(item) for item in items])
        if invoice["auto_advance"]:
            invoice["automatically_finalizes_at"] = tx.now() + invoices.HOUR
            clock.schedule(tx, tx.now() + invoices.HOUR, "finalize", invoice["id"])
        return invoices.keep(tx, invoice)


def _collection(tx: Tx, params: Json) -> Json:
    method = params.get("collection_method", "charge_automatically")
    due = params.get("due_date")
    if "days_until_due" in params:
        due = tx.now() + params["days_until_due"] * invoices.DAY
    if (method == "send_invoice") != (due is not None):
        raise invalid("`due_date` or `days_until_due` goes with a `collection_method` of `send_invoice`.", "due_date")
    return {"collection_method": method, "due_date": due}


@endpoint("DELETE", "/v1/invoices/<id>", "InvoiceDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    """A draft that was drawn up by hand goes; what was on it waits again."""
    invoice = fetched(tx, "invoice", id)
    if invoice["status"] != "draft" or invoice["billing_reason"] != "manual":
        raise invalid("You can only delete draft invoices that do not come from a subscription.", "invoice")
    clock.unschedule(tx, "finalize", id)
    for item in tx.find(invoice_items.KIND, invoice=id):
        tx.put({**item, "invoice": None})
    events.emit(tx, "invoice.deleted", invoice)
    tx.delete(id)
    return {"id": id, "object": "invoice", "deleted": True}


@endpoint("POST", "/v1/invoices/<id>/send", "InvoiceSendInvoiceParams")
def send(tx: Tx, _params: Json, id: str) -> Json:
    invoice = fetched(tx, "invoice", id)
    if invoice["collection_method"] != "send_invoice":
        raise invalid("You can only manually send an invoice if its collection method is 'send_invoice'.")
    if invoice["status"] not in ("draft", "open"):
        raise invalid(f"This invoice is {invoice['status']} and can't be sent.")
    with in_time_of(tx, billing.customer_of(tx, invoice)):
        if invoice["status"] == "draft":
            invoice = invoices.finalize(tx, invoice)
        if invoice["amount_due"] == 0:
            return invoices.record_paid(tx, invoice, attempted=False)
        return invoices.send(tx, invoice)


@endpoint("POST", "/v1/invoices/create_preview", "InvoiceCreatePreviewParams")
def preview(tx: Tx, params: Json) -> Json:
    """The next invoice of a subscription, as it is or with its items changed; nothing of it is kept."""
    refuse_unsupported(params, {"customer", "expand", "subscription", "subscription_details"})
    if "subscription" not in params:
        raise missing_param("subscription")
    subscription = named(tx, "subscription", params["subscription"], "subscription")
    wish = params.get("subscription_details", {})
    refuse_unsupported(wish, {"items", "proration_behavior"}, "subscription_details")
    with in_time_of(tx, billing.customer_of(tx, subscription)):
        lines: list[Json] = []
        if "items" in wish:
            before = subscription["items"]["data"]
            after = changed_items(tx, subscription, wish["items"])
            if wish.get("proration_behavior", "create_prorations") != "none":
                lines = prorating.preview(tx, subscription, before, after)
            subscription = {**subscription, "items": {**subscription["items"], "data": after}}
        invoice = billing.upcoming(tx, subscription)
        invoice["id"] = f"upcoming_{new_id('in')}"
        return invoice_lines.add_up(tx, invoice, [*lines, *invoice["lines"]["data"]])
