"""Invoice items: what waits to be put on the next invoice, prorations among it."""

from typing import Any

from patronage.sandbox import events, invoice_lines
from patronage.sandbox.catalog import new_price
from patronage.sandbox.customers import in_time_of
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import known_currency
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

KIND = "invoiceitem"
PLAIN = ("description", "discountable")
PRICED = {"amount", "currency", "price_data", "pricing", "quantity", "unit_amount_decimal"}
SUPPORTED = {*PLAIN, *PRICED, "customer", "expand", "invoice", "metadata", "period", "subscription"}


def new_item(tx: Tx, customer: Json, amount: int, currency: str, **fields: Any) -> Json:
    """Store an invoice item of an amount (minor units, negative for a credit) and tell of it."""
    item = unsaved(tx, customer, amount, currency, **fields)
    events.emit(tx, "invoiceitem.created", tx.put(item))
    return item


def unsaved(tx: Tx, customer: Json, amount: int, currency: str, **fields: Any) -> Json:
    """The same, neither stored nor told of."""
    return {
        "id": new_id("ii"),
        "object": KIND,
        "amount": amount,
        "currency": currency,
        "customer": customer["id"],
        "customer_account": None,
        "date": tx.now(),
        "description": None,
        "discountable": True,
        "discounts": [],
        "frozen_fields": None,
        "invoice": None,
        "invoicing_rules": None,
        "livemode": False,
        "metadata": {},
        "net_amount": amount,
        "parent": None,
        "period": {"end": tx.now(), "start": tx.now()},
        "pricing": None,
        "proration": False,
        "proration_details": None,
        "quantity": 1,
        "quantity_decimal": "1",
        "tax_rates": [],
        "test_clock": customer["test_clock"],
        **fields,
    }


def waiting(tx: Tx, customer_id: str, currency: str, subscription_id: str | None) -> list[Json]:
    """What waits for the next invoice of a subscription, or of the customer alone; the oldest first."""
    found = [item for item in tx.find(KIND, customer=customer_id) if item["invoice"] is None]
    return [
        item
        for item in reversed(found)
        if item["currency"] == currency and _subscription(item) in (None, subscription_id)
    ]


def _subscription(item: Json) -> str | None:
    return item["parent"]["subscription_details"]["subscription"] if item["parent"] else None


def claim(tx: Tx, invoice: Json) -> None:
    """Mark the items that an invoice's lines come from as being on it."""
    for line in invoice["lines"]["data"]:
        details = line["parent"]["invoice_item_details"] or line["parent"]["subscription_item_details"]
        item = tx.get(details["invoice_item"] or "")
        if item is not None:
            tx.put({**item, "invoice": invoice["id"]})


@endpoint("POST", "/v1/invoiceitems", "InvoiceItemCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    if "customer" not in params:
        raise missing_param("customer")
    customer = named(tx, "customer", params["customer"], "customer")
    invoice = _draft(tx, params["invoice"]) if "invoice" in params else None
    with in_time_of(tx, customer):
        priced = _priced(tx, params)
        item = new_item(tx, customer, **priced, **_fields(tx, params))
        if invoice is not None:
            _put_on(tx, invoice, item)
    return item


def _fields(tx: Tx, params: Json) -> Json:
    fields = picked(params, *PLAIN, "period")
    fields["metadata"] = merged({}, params.get("metadata"))
    if "subscription" in params:
        id = named(tx, "subscription", params["subscription"], "subscription")["id"]
        about = {"subscription": id, "subscription_item": None}
        fields["parent"] = {"subscription_details": about, "type": "subscription_details"}
    return fields


def _priced(tx: Tx, params: Json) -> Json:
    """amount and currency, and where there is a price its pricing and quantity."""
    price = _price(tx, params)
    if price is None:
        if "amount" not in params or "currency" not in params:
            raise invalid("You must pass `amount` with `currency`, or a price.", "amount", "parameter_missing")
        return {"amount": params["amount"], "currency": known_currency(params["currency"], "currency")}
    if price["recurring"]:
        raise invalid("The price specified is recurring; an invoice item takes a price paid once.", "pricing[price]")
    quantity = params.get("quantity", 1)
    pricing = {
        "price_details": {"price": price["id"], "product": price["product"]},
        "type": "price_details",
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    amount = price["unit_amount"] * quantity
    about = {"pricing": pricing, "quantity": quantity, "quantity_decimal": str(quantity)}
    return {"amount": amount, "currency": price["currency"], **about}


def _price(tx: Tx, params: Json) -> Json | None:
    if "pricing" in params:
        return named(tx, "price", params["pricing"].get("price", ""), "pricing[price]")
    return new_price(tx, params["price_data"], active=False) if "price_data" in params else None


def _draft(tx: Tx, id: str) -> Json:
    invoice = named(tx, "invoice", id, "invoice")
    if invoice["status"] != "draft":
        raise invalid("The invoice is no longer a draft, and takes no more items.", "invoice", "invoice_not_editable")
    return invoice


def _put_on(tx: Tx, invoice: Json, item: Json) -> None:
    if item["currency"] != invoice["currency"]:
        raise invalid("The item and the invoice are in different currencies.", "currency")
    change(tx, item, {"invoice": invoice["id"]})
    after = {**invoice}
    invoice_lines.add_up(tx, after, [*invoice["lines"]["data"], invoice_lines.of_invoice_item(item)])
    change(tx, invoice, after, "invoice.updated")


def _take_off(tx: Tx, item: Json) -> None:
    if item["invoice"] is None:
        return
    invoice = _draft(tx, item["invoice"])
    lines = [line for line in invoice["lines"]["data"] if item["id"] not in _sources(line)]
    change(tx, invoice, invoice_lines.add_up(tx, {**invoice}, lines), "invoice.updated")


def _sources(line: Json) -> list[str]:
    parent = line["parent"]
    return [part["invoice_item"] for part in parent.values() if isinstance(part, dict)]


@endpoint("GET", "/v1/invoiceitems/<id>", "InvoiceItemRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, KIND, id)


@endpoint("POST", "/v1/invoiceitems/<id>", "InvoiceItemUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {*PLAIN, "amount", "metadata", "period", "expand"})
    item = fetched(tx, KIND, id)
    updates = picked(params, *PLAIN, "amount", "period")
    if "amount" in params:
        updates["net_amount"] = params["amount"]
    if "metadata" in params:
        updates["metadata"] = merged(item["metadata"], params["metadata"])
    invoice = _draft(tx, item["invoice"]) if item["invoice"] else None
    _take_off(tx, item)
    item = change(tx, item, updates)
    if invoice is not None:
        _put_on(tx, fetched(tx, "invoice", invoice["id"]), item)
    return item


@endpoint("DELETE", "/v1/invoiceitems/<id>", "InvoiceItemDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    item = fetched(tx, KIND, id)
    _take_off(tx, item)
    tx.delete(id)
    events.emit(tx, "invoiceitem.deleted", item)
    return {"id": id, "object": KIND, "deleted": True}


@endpoint("GET", "/v1/invoiceitems", "InvoiceItemListParams")
def list_all(tx: Tx, params: Json) -> Json:
    pending = params.get("pending")
    where = {None: "", True: "json_extract(body, '$.invoice') IS NULL"}.get(
        pending, "json_extract(body, '$.invoice') IS NOT NULL"
    )
    return page(tx, KIND, params, "/v1/invoiceitems", ("customer", "invoice"), where, (), ("pending",))
