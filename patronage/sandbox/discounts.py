"""Discounts: a coupon redeemed by a subscription, an invoice or a checkout, and what it takes off."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from patronage.sandbox import clock, events
from patronage.sandbox.errors import invalid, missing
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import named, refuse_unsupported
from patronage.sandbox.store import Json, Tx

HUNDRED = Decimal(100)


def wished(tx: Tx, given: Any, currency: str, customer: str | None) -> list[Json]:
    """What a request's `discounts` name: `{"coupon": …, "promotion_code": id or None}` each, redeemable now.

    Raises StripeError where one is not, or is over an amount in another currency.
    """
    found = []
    for position, wish in enumerate(given or []):
        at = f"discounts[{position}]"
        refuse_unsupported(wish, {"coupon", "promotion_code"}, at)
        if len(wish) != 1:
            raise invalid("You must specify exactly one of `coupon` and `promotion_code`.", at)
        code = None
        if "promotion_code" in wish:
            code = named(tx, "promotion_code", wish["promotion_code"], f"{at}[promotion_code]")
            _check_code(tx, code, customer, at)
        coupon = named(tx, "coupon", code["promotion"]["coupon"] if code else wish["coupon"], f"{at}[coupon]")
        _check_coupon(tx, coupon, currency, at)
        found.append({"coupon": coupon, "promotion_code": code["id"] if code else None})
    return found


def _check_code(tx: Tx, code: Json, customer: str | None, at: str) -> None:
    expired = code["expires_at"] is not None and code["expires_at"] <= tx.now()
    if not code["active"] or expired or code["customer"] not in (None, customer):
        raise invalid("This promotion code cannot be redeemed.", f"{at}[promotion_code]")


def _check_coupon(tx: Tx, coupon: Json, currency: str, at: str) -> None:
    id, last = coupon["id"], coupon["redeem_by"]
    if not coupon["valid"] or (last is not None and last <= tx.now()):
        raise invalid(f"Coupon expired: {id}", f"{at}[coupon]", "coupon_expired")
    if coupon["amount_off"] is not None and coupon["currency"] != currency:
        raise invalid(
            f"The coupon {id} is in {coupon['currency']} and cannot be used with {currency}.", f"{at}[coupon]"
        )


def redeem(tx: Tx, chosen: list[Json], **owner: Any) -> list[str]:
    """Store a discount for each of `wished`, owned by a `customer`, `subscription`, `invoice`…; their ids."""
    ids = []
    for one in chosen:
        coupon = one["coupon"]
        months = coupon["duration_in_months"]
        discount: Json = {
            "id": new_id("di"),
            "object": "discount",
            "checkout_session": None,
            "customer": None,
            "customer_account": None,
            "end": clock.months_later(tx.now(), months) if months else None,
            "invoice": None,
            "invoice_item": None,
            "promotion_code": one["promotion_code"],
            "source": {"coupon": coupon["id"], "type": "coupon"},
            "start": tx.now(),
            "subscription": None,
            "subscription_item": None,
            **owner,
        }
        tx.put(discount)
        _count(tx, coupon["id"], "valid")
        if one["promotion_code"]:
            _count(tx, one["promotion_code"], "active")
        if discount["subscription"]:
            events.emit(tx, "customer.discount.created", discount)
        ids.append(discount["id"])
    return ids


def _count(tx: Tx, id: str, state: str) -> None:
    found = tx.get(id)
    if found is None:
        raise missing("coupon", id, "coupon")
    times, most = found["times_redeemed"] + 1, found["max_redemptions"]
    tx.put({**found, "times_redeemed": times, state: found[state] and (most is None or times < most)})


def lasting(tx: Tx, ids: list[str]) -> list[str]:
    """Those of a subscription's discounts that have not come to their end."""
    found = [tx.get(id) for id in ids]
    return [one["id"] for one in found if one is not None and (one["end"] is None or one["end"] > tx.now())]


def after_an_invoice(tx: Tx, ids: list[str]) -> list[str]:
    """Those that remain with a subscription once an invoice was drawn up: what counts once is used up."""
    return [id for id in ids if _terms(tx, id)["duration"] != "once"]


def _terms(tx: Tx, discount_id: str) -> Json:
    """What the coupon of a discount gives; a coupon deleted since still gives it."""
    discount = tx.get(discount_id)
    terms = tx.get(f"{discount['source']['coupon']}:terms") if discount else None
    if terms is None:
        raise LookupError(f"{discount_id} has no terms")
    return terms


def taken_off(tx: Tx, ids: list[str], amounts: list[int]) -> list[tuple[str, list[int]]]:
    """What each discount, one after the other, takes off each of the amounts (minor units, never below zero)."""
    left, found = [max(amount, 0) for amount in amounts], []
    for id in ids:
        each = shares(worth(_terms(tx, id), sum(left)), left)
        left = [amount - share for amount, share in zip(left, each, strict=True)]
        found.append((id, each))
    return found


def worth(terms: Json, amount: int) -> int:
    """What a coupon takes off an amount, in minor units, rounded half up."""
    if terms["percent_off"] is None:
        return min(int(terms["amount_off"]), amount)
    percent = Decimal(str(terms["percent_off"]))
    return int((amount * percent / HUNDRED).quantize(Decimal(1), ROUND_HALF_UP))


def shares(off: int, amounts: list[int]) -> list[int]:
    """The discount spread over the amounts in proportion, to the last minor unit."""
    whole, passed, given, each = sum(amounts), 0, 0, list[int]()
    for amount in amounts:
        passed += amount
        until_here = off * passed // whole if whole else 0
        each.append(until_here - given)
        given = until_here
    return each
