"""What changes in the middle of a period: time not used is credited, the rest of it charged anew."""

from patronage.sandbox import billing, invoice_items, invoice_lines, invoices
from patronage.sandbox.amounts import day
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscription_items import changed_items


def change_items(tx: Tx, subscription: Json, params: Json, updates: Json) -> bool:
    """Carry out `items`, `billing_cycle_anchor` and `proration_behavior`; whether the update has been told by it.

    A new rhythm, or an anchor set to now, begins a period that is charged at once.
    """
    anchor = params.get("billing_cycle_anchor", {}).get("type")
    if "items" not in params and anchor != "now":
        return False
    behavior = params.get("proration_behavior", "create_prorations")
    old = subscription["items"]["data"]
    data = changed_items(tx, subscription, params.get("items", []))
    updates["items"] = {**subscription["items"], "data": data}
    prorates = behavior != "none" and subscription["status"] not in ("trialing", "incomplete", "paused")
    begins = anchor == "now" or data[0]["price"]["recurring"] != old[0]["price"]["recurring"]
    if begins and subscription["status"] != "trialing":
        if prorates:
            credit(tx, subscription, old)
        _begin_anew(tx, subscription, params, updates)
        return True
    if prorates and _worth(data) != _worth(old):
        credit(tx, subscription, old)
        _charge(tx, subscription, data)
        if behavior == "always_invoice":
            change(tx, subscription, updates, "customer.subscription.updated")
            invoice_now(tx, subscription, params)
            return True
    return False


def _worth(items: list[Json]) -> list[tuple[str, int]]:
    return [(item["price"]["id"], item["quantity"]) for item in items]


def _begin_anew(tx: Tx, subscription: Json, params: Json, updates: Json) -> None:
    updates["billing_cycle_anchor"] = tx.now()
    invoice = billing.begin_period(tx, subscription, tx.now(), "subscription_update", updates)
    off_session = params.get("off_session", False)
    billing.collect_or_send(tx, invoices.finalize(tx, invoice), off_session=off_session)


def credit(tx: Tx, subscription: Json, items: list[Json]) -> None:
    """What was paid for time that will not be used waits as a credit for the next invoice."""
    for item in items:
        _prorate(tx, subscription, item, -1, f"Unused time after {day(tx.now())}")


def _charge(tx: Tx, subscription: Json, items: list[Json]) -> None:
    for item in items:
        _prorate(tx, subscription, item, 1, f"Remaining time after {day(tx.now())}")


def preview(tx: Tx, subscription: Json, before: list[Json], after: list[Json]) -> list[Json]:
    """The lines that a change of items would bring, of invoice items that are not stored."""
    customer = billing.customer_of(tx, subscription)
    made = []
    for sign, items, words in ((-1, before, "Unused time"), (1, after, "Remaining time")):
        for item in items:
            fields = _proration(tx, subscription, item, sign, f"{words} after {day(tx.now())}")
            made.append(invoice_items.unsaved(tx, customer, **fields))
    return [invoice_lines.of_invoice_item(item) for item in made]


def _prorate(tx: Tx, subscription: Json, item: Json, sign: int, words: str) -> None:
    fields = _proration(tx, subscription, item, sign, words)
    invoice_items.new_item(tx, billing.customer_of(tx, subscription), **fields)


def _proration(tx: Tx, subscription: Json, item: Json, sign: int, words: str) -> Json:
    """An invoice item's fields over what remains of the period, rounded half up to the minor unit."""
    start, ends = item["current_period_start"], item["current_period_end"]
    price, left, whole = item["price"], max(ends - tx.now(), 0), ends - start
    amount = (price["unit_amount"] * item["quantity"] * left * 2 + whole) // (whole * 2)
    about = {"subscription": subscription["id"], "subscription_item": item["id"]}
    return {
        "amount": sign * amount,
        "currency": price["currency"],
        "description": words,
        "parent": {"subscription_details": about, "type": "subscription_details"},
        "period": {"end": ends, "start": tx.now()},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": str(sign * amount),
        },
        "proration": True,
        "proration_details": {"credited_items": None, "discount_amounts": []},
        "quantity": item["quantity"],
        "quantity_decimal": str(item["quantity"]),
    }


def invoice_now(tx: Tx, subscription: Json, params: Json) -> Json:
    """Draw up and collect an invoice over what waits for the subscription's next one."""
    customer = billing.customer_of(tx, subscription)
    waiting = invoice_items.waiting(tx, customer["id"], subscription["currency"], subscription["id"])
    invoice = {
        **invoices.new_invoice(tx, customer, subscription["currency"], "subscription_update"),
        "collection_method": subscription["collection_method"],
        "discounts": list(subscription["discounts"]),
        "parent": invoices.parent_of(subscription),
    }
    invoice_lines.add_up(tx, invoice, [invoice_lines.of_invoice_item(item) for item in waiting])
    invoices.keep(tx, invoice)
    change(tx, subscription, {"latest_invoice": invoice["id"]})
    off_session = params.get("off_session", False)
    return billing.collect_or_send(tx, invoices.finalize(tx, invoice), off_session=off_session)
