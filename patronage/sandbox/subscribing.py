"""How a subscription begins: its items, its first period, and the draft of its first invoice."""

from patronage.sandbox import billing, events, invoices
from patronage.sandbox.blanks import blank
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscription_items import new_item


def new_subscription(tx: Tx, customer: Json, wanted: list[Json], status: str, **fields: object) -> Json:
    """Store a subscription whose first period begins now; no event is told and nothing is charged yet."""
    id = new_id("sub")
    now = tx.now()
    items = [new_item(tx, id, wish, (now, now)) for wish in wanted]
    _check_alike([item["price"] for item in items])
    ends = billing.period_end(now, items[0]["price"]["recurring"], now)
    for item in items:
        item["current_period_end"] = ends
    subscription = {
        "id": id,
        "object": "subscription",
        **blank("subscription"),
        "billing_cycle_anchor": now,
        "created": now,
        "currency": items[0]["price"]["currency"],
        "customer": customer["id"],
        "items": {
            "object": "list",
            "data": items,
            "has_more": False,
            "total_count": len(items),
            "url": f"/v1/subscription_items?subscription={id}",
        },
        "start_date": now,
        "status": status,
        "test_clock": customer["test_clock"],
        **fields,
    }
    return tx.put(subscription)


def _check_alike(prices: list[Json]) -> None:
    currencies = {price["currency"] for price in prices}
    rhythms = {(price["recurring"]["interval"], price["recurring"]["interval_count"]) for price in prices}
    if len(currencies) > 1 or len(rhythms) > 1:
        raise invalid("All prices of a subscription share one currency and one interval here.", "items")


def begin(tx: Tx, subscription: Json) -> Json:
    """Tell of a subscription whose first invoice is drafted with it; returns that invoice, told of too."""
    item = subscription["items"]["data"][0]
    period = (item["current_period_start"], item["current_period_end"])
    customer = billing.customer_of(tx, subscription)
    invoice = invoices.draft(tx, subscription, customer, "subscription_create", period)
    subscription["latest_invoice"] = invoice["id"]
    tx.put(subscription)
    if customer["currency"] is None:
        tx.put({**customer, "currency": subscription["currency"]})
    events.emit(tx, "customer.subscription.created", subscription)
    tx.put(invoice)
    events.emit(tx, "invoice.created", invoice)
    billing.await_period_end(tx, subscription)
    return invoice
