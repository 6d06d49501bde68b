"""The lines of an invoice, and what they add up to, less discounts."""

from patronage.sandbox import discounts
from patronage.sandbox.ids import new_id
from patronage.sandbox.store import Json, Tx


def of_period(subscription: Json, item: Json, period: tuple[int, int], *, free: bool = False) -> Json:
    """The line of a subscription's item over a period (unix seconds); `free` while it is tried out."""
    price = item["price"]
    what = price["nickname"] or "Subscription"
    amount = 0 if free else price["unit_amount"] * item["quantity"]
    details = {
        "invoice_item": None,
        "proration": False,
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    return {
        **_line(amount, price["currency"], f"Trial period for {what}" if free else f"{item['quantity']} × {what}"),
        "metadata": dict(subscription["metadata"]),
        "parent": _parent("subscription_item_details", details),
        "period": {"end": period[1], "start": period[0]},
        "pricing": {
            "price_details": {"price": price["id"], "product": price["product"]},
            "type": "price_details",
            "unit_amount_decimal": "0" if free else price["unit_amount_decimal"],
        },
        "quantity": item["quantity"],
        "subscription": subscription["id"],
    }


def of_invoice_item(found: Json) -> Json:
    """The line of an invoice item."""
    about = found["parent"]["subscription_details"] if found["parent"] else {}
    details = {
        "invoice_item": found["id"],
        "proration": found["proration"],
        "proration_details": {"credited_items": None},
        "subscription": about.get("subscription"),
    }
    if about.get("subscription_item"):
        parent = _parent("subscription_item_details", {**details, "subscription_item": about["subscription_item"]})
    else:
        parent = _parent("invoice_item_details", details)
    return {
        **_line(found["amount"], found["currency"], found["description"]),
        "discountable": found["discountable"],
        "metadata": dict(found["metadata"]),
        "parent": parent,
        "period": found["period"],
        "pricing": found["pricing"],
        "quantity": found["quantity"],
        "subscription": about.get("subscription"),
    }


def _parent(kind: str, details: Json) -> Json:
    return {"invoice_item_details": None, "subscription_item_details": None, kind: details, "type": kind}


def _line(amount: int, currency: str, description: str | None) -> Json:
    return {
        "id": new_id("il"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": True,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "pretax_credit_amounts": [],
        "subtotal": amount,
        "taxes": [],
    }


def add_up(tx: Tx, invoice: Json, lines: list[Json]) -> Json:
    """Put the lines on an invoice and reckon it anew: subtotal, discounts, total, and what is due."""
    for line in lines:
        line.update(invoice=invoice["id"], discount_amounts=[])
    subtotal = sum(line["amount"] for line in lines)
    off = 0
    invoice["total_discount_amounts"] = []
    if invoice["discounts"]:
        off = _discount(tx, invoice, lines)
    total = subtotal - off
    url = f"/v1/invoices/{invoice['id']}/lines"
    invoice.update(
        lines={"object": "list", "data": lines, "has_more": False, "url": url},
        subtotal=subtotal,
        subtotal_excluding_tax=subtotal,
        total=total,
        total_excluding_tax=total,
        amount_due=max(total, 0),
        amount_remaining=max(total, 0),
    )
    return invoice


def _discount(tx: Tx, invoice: Json, lines: list[Json]) -> int:
    amounts = [line["amount"] if line["discountable"] else 0 for line in lines]
    taken = discounts.taken_off(tx, invoice["discounts"], amounts)
    for id, shares in taken:
        for line, share in zip(lines, shares, strict=True):
            line["discount_amounts"].append({"amount": share, "discount": id})
        invoice["total_discount_amounts"].append({"amount": sum(shares), "discount": id})
    return sum(sum(shares) for _, shares in taken)
