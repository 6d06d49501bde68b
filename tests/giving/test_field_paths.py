"""What we read from Stripe's answers: every field exists at the pinned version, every mark is written in one place."""

import ast
from pathlib import Path
from typing import Any

import stripe

from patronage.giving import marks

GIVING = Path(marks.__file__).parent
CLASSES: dict[str, Any] = {  # by the name that such an object has in our source
    "subscription": stripe.Subscription,
    "charge": stripe.Charge,
    "invoice": stripe.Invoice,
    "intent": stripe.PaymentIntent,
    "session": stripe.checkout.Session,
    "page": stripe.checkout.Session,
    "balance": stripe.BalanceTransaction,
    "one": stripe.Dispute,
    "dispute": stripe.Dispute,
    "evidence": stripe.Dispute.EvidenceDetails,
    "refund": stripe.Refund,
    "payout": stripe.Payout,
    "warning": stripe.radar.EarlyFraudWarning,
    "line": stripe.InvoiceLineItem,
    "item": stripe.SubscriptionItem,
    "payment": stripe.InvoicePayment,
    "error": stripe.PaymentIntent.LastPaymentError,
    "method": stripe.PaymentMethod,
    "card": stripe.PaymentMethod.Card,
    "own": stripe.PaymentMethod,
    "newer": stripe.PaymentMethod,
    "rhythm": stripe.Price.Recurring,
    "opened": stripe.billing_portal.Session,
    "coupon": stripe.Coupon,
}


def _fields_read() -> list[tuple[str, str]]:
    found = set()
    rooms = ("intake", "dunning", "keeping", "memberships", "reconciling", "returning")
    folders = [path for room in rooms for path in (GIVING / room).glob("*.py")]
    for path in [GIVING / "gateway.py", GIVING / "letters.py", *folders]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Subscript) and isinstance(node.value, ast.Name):
                holder, field = node.value.id, node.slice
            elif isinstance(node, ast.Call) and ast.unparse(node.func) == "inside" and len(node.args) > 1:
                holder, field = ast.unparse(node.args[0]).rpartition(".")[2], node.args[1]
            else:
                continue
            if holder in CLASSES and isinstance(field, ast.Constant) and isinstance(field.value, str):
                found.add((holder, field.value))
    return sorted(found)


def test_the_walk_finds_what_is_read() -> None:
    assert {("subscription", "cancel_at"), ("charge", "balance_transaction"), ("invoice", "parent")} < set(
        _fields_read()
    )


def test_every_field_we_read_exists_in_the_pinned_package() -> None:
    known = {
        holder: {name for base in cls.__mro__ for name in vars(base).get("__annotations__", {})}
        for holder, cls in CLASSES.items()
    }
    assert [(holder, field) for holder, field in _fields_read() if field not in known[holder]] == []


def test_our_marks_are_written_and_read_under_one_constant() -> None:
    keys = {marks.PLEDGE, marks.CHECKOUT, marks.FEE_COVER, marks.MEANT_ONCE}
    holders = [
        path.name for path in GIVING.parent.rglob("*.py") for key in keys if f'"{key}"' in path.read_text("utf-8")
    ]
    assert holders == ["marks.py"] * len(keys)
    assert set(marks.of_checkout("P-1", "key")) == {marks.PLEDGE, marks.CHECKOUT}
    assert marks.fee_cover(marks.of_fee_cover(46, 546), 546) == 46
    assert marks.fee_cover(marks.of_fee_cover(46, 546), 1200) is None  # another amount was set at Stripe since
