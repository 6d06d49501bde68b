"""How a subscription begins: its items, its first period or its trial, and the draft of its first invoice."""

from typing import Any

from patronage.sandbox import billing, events, invoices, trials
from patronage.sandbox.blanks import blank
from patronage.sandbox.discounts import after_an_invoice
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.store import Json, Tx
from patronage.sandbox.subscription_items import new_item


def new_subscription(
    tx: Tx, customer: Json, wanted: list[Json], status: str, *, trial_end: int | None = None, **fields: Any
) -> Json:
    """Store a subscription whose first period, or trial, begins now; no event is told and nothing is charged yet."""
    _check_alike([wish["price"] for wish in wanted])
    id, now = new_id("sub"), tx.now()
    ends = trial_end or billing.period_end(now, wanted[0]["price"]["recurring"], now)
    items = [new_item(tx, id, wish, (now, ends)) for wish in wanted]
    subscription: Json = {
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
        **(trials.fields(tx, trial_end) if trial_end else {}),
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
    free = subscription["status"] == "trialing"
    invoice = invoices.draft(tx, subscription, customer, "subscription_create", period, free=free)
    subscription["latest_invoice"] = invoice["id"]
    if subscription["discounts"] and not free:
        subscription["discounts"] = after_an_invoice(tx, subscription["discounts"])
    tx.put(subscription)
    if customer["currency"] is None:
        tx.put({**customer, "currency": subscription["currency"]})
    events.emit(tx, "customer.subscription.created", subscription)
    invoices.keep(tx, invoice)
    billing.await_period_end(tx, subscription)
    if free:
        trials.await_end(tx, subscription)
    return invoice
