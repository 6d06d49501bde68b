"""What a checkout comes to: its items, less discounts, and nothing today where a trial comes first."""

from patronage.sandbox import coupons, discounts
from patronage.sandbox.errors import StripeError, invalid
from patronage.sandbox.objects import change
from patronage.sandbox.store import Json, Tx


def reckon(items: list[Json], chosen: list[Json], *, free: bool = False) -> Json:
    """The session's `amount_subtotal`, `amount_total` and `total_details`; the items are brought up to date."""
    for item in items:
        amount = 0 if free else item["price"]["unit_amount"] * item["quantity"]
        item.update(amount_subtotal=amount, amount_discount=0, amount_total=amount)
    for one in chosen:
        left = [item["amount_total"] for item in items]
        off = discounts.worth(one["coupon"], sum(left))
        for item, share in zip(items, discounts.shares(off, left), strict=True):
            item["amount_discount"] += share
            item["amount_total"] -= share
    return {
        "amount_subtotal": sum(item["amount_subtotal"] for item in items),
        "amount_total": sum(item["amount_total"] for item in items),
        "total_details": {
            "amount_discount": sum(item["amount_discount"] for item in items),
            "amount_shipping": 0,
            "amount_tax": 0,
        },
    }


def named(chosen: list[Json]) -> list[Json]:
    """How a session names its discounts."""
    return [
        {"coupon": None if one["promotion_code"] else one["coupon"]["id"], "promotion_code": one["promotion_code"]}
        for one in chosen
    ]


def apply_code(tx: Tx, session: Json, word: str) -> str | None:
    """Take off what the typed promotion code gives, or, for "", nothing any more; returns what is wrong with it."""
    kept = tx.get(f"{session['id']}:line_items")
    if not session["allow_promotion_codes"] or kept is None:
        return "This page takes no promotion codes."
    chosen: list[Json] = []
    if word.strip():
        code = coupons.by_word(tx, word)
        if code is None:
            return "This code is invalid."
        try:
            wish = [{"promotion_code": code["id"]}]
            chosen = discounts.wished(tx, wish, session["currency"], session["customer"])
        except StripeError:
            return "This code cannot be used here."
    trial = kept["subscription_data"] or {}
    totals = reckon(kept["data"], chosen, free="trial_period_days" in trial or "trial_end" in trial)
    tx.put(kept)
    change(tx, session, {**totals, "discounts": named(chosen)})
    return None


def check_together(params: Json) -> None:
    """Refuse what Stripe does not take side by side."""
    if "discounts" in params and "allow_promotion_codes" in params:
        message = "You may only specify one of these parameters: allow_promotion_codes, discounts."
        raise invalid(message, "discounts")
    if len(params.get("discounts", [])) > 1:
        raise invalid("A checkout session takes one discount at most.", "discounts")
