"""Subscriptions and invoices as Stripe lists them, compared with pledges, their payments and their late ones."""

from datetime import datetime

from sqlalchemy import func, inspect, or_, select
from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.giving.dunning.models import FailedTry
from patronage.giving.gateway import Answer
from patronage.giving.intake import subscriptions
from patronage.giving.intake.charges import end_of_period
from patronage.giving.intake.stripe_events import Subject
from patronage.giving.intake.told import Matter, inside, intent_of
from patronage.giving.models import Pledge
from patronage.giving.reconciling.compared import Compared, Difference, by, differing, marked_pledges, told

FACTS = (
    "stripe_status", "interval", "amount_minor", "fee_cover_minor", "stripe_customer_id", "past_due_at", "paused_at",
    "resumes_at", "trial_until", "ends_at", "ended_at", "ended_because", "next_charge_at",
)  # fmt: skip
LATE = ("past_due", "unpaid")


def compare_subscriptions(session: Session, page: list[Answer], now: datetime) -> Compared:
    """Compare subscriptions with the pledges they are, by the same reading that applies an event."""
    compared = Compared()
    known = by(session, Pledge.stripe_subscription_id, [each["id"] for each in page])
    marked = marked_pledges(session, [each["metadata"] for each in page])
    for subscription in page:
        number = subscription["id"]
        pledge, subject = known.get(number), Subject(Matter.SUBSCRIPTION, number)
        if pledge is not None:
            compared.met.append((pledge.id, None))
            if differs := differing(_facts(pledge, subscription, now)):
                says = f"subscription {number} of {pledge.reference}: {told(differs)}"
                compared.differences.append(Difference(number, says, subject))
        elif reference := _mark_known(subscription["metadata"], marked):
            says = f"subscription {number} of {reference} is not known here"
            compared.differences.append(Difference(number, says, subject))
        else:
            compared.strangers += 1
    return compared


def _facts(pledge: Pledge, subscription: Answer, now: datetime) -> list[tuple[str, object, object]]:
    """Return what stands in `pledge`, and what would stand there once `subscription` was applied."""
    names = [column.key for column in inspect(Pledge).column_attrs]
    applied = Pledge(**{name: getattr(pledge, name) for name in names})
    subscriptions.take_over(applied, subscription, now)
    customer = subscription["customer"]
    applied.stripe_customer_id = inside(customer, "id") or customer
    return [(name, getattr(pledge, name), getattr(applied, name)) for name in FACTS]


def _mark_known(metadata: object, marked: dict[str, Pledge]) -> str | None:
    return next((reference for reference in marked if reference in (metadata or {}).values()), None)  # type: ignore[attr-defined]  # a dict of texts


def compare_invoices(session: Session, page: list[Answer], now: datetime) -> Compared:  # noqa: ARG001 - all kinds are told
    """Compare invoices: what is paid is in the books, what was free is known, what failed is written down."""
    compared = Compared()
    parents = {each["id"]: inside(each, "parent", "subscription_details") for each in page}
    known = by(session, Pledge.stripe_subscription_id, [_subscription_of(parent) for parent in parents.values()])
    marked = marked_pledges(session, [inside(parent, "metadata") for parent in parents.values()])
    recorded, tries = _recorded(session, page), _tries(session, page)
    for invoice in page:
        parent = parents[invoice["id"]]
        pledge = known.get(_subscription_of(parent) or "")
        reference = pledge.reference if pledge else _mark_known(inside(parent, "metadata"), marked)
        if reference is None:
            compared.strangers += 1
        elif says := _what_differs(invoice, pledge, recorded, tries):
            sentence = f"invoice {invoice['id']} of {reference} {says}"
            compared.differences.append(Difference(invoice["id"], sentence, Subject(Matter.INVOICE, invoice["id"])))
    return compared


def _what_differs(invoice: Answer, pledge: Pledge | None, recorded: set[str], tries: dict[str, int]) -> str | None:
    if invoice["status"] == "paid" and invoice["amount_paid"] > 0:
        intent = intent_of(invoice)
        is_there = intent is None or invoice["id"] in recorded or intent in recorded
        return None if is_there else "is paid, and its payment is not in the books"
    if invoice["status"] == "paid" and invoice["total"] == 0:
        end, known = end_of_period(invoice), pledge.free_until if pledge else None
        return None if end is None or (known and known >= end) else f"is free until {end:%Y-%m-%d}, which is not known"
    is_late = pledge is not None and pledge.stripe_status in LATE and invoice["status"] == "open"
    if is_late and invoice["attempt_count"] > tries.get(invoice["id"], 0):
        return f"was tried {invoice['attempt_count']} times in vain, {tries.get(invoice['id'], 0)} here"
    return None


def _subscription_of(parent: object) -> str | None:
    subscription = inside(parent, "subscription")
    number: str | None = inside(subscription, "id") or subscription
    return number


def _recorded(session: Session, page: list[Answer]) -> set[str]:
    """Return the ids of invoices and payment intents of `page` whose payment is in the books."""
    invoices = [each["id"] for each in page]
    intents = [intent for each in page if (intent := intent_of(each))]
    found = select(Payment.invoice_id, Payment.payment_intent_id)
    rows = session.execute(found.where(or_(Payment.invoice_id.in_(invoices), Payment.payment_intent_id.in_(intents))))
    return {number for row in rows for number in row if number}


def _tries(session: Session, page: list[Answer]) -> dict[str, int]:
    unpaid = [each["id"] for each in page if each["status"] == "open"]
    if not unpaid:
        return {}
    newest = select(FailedTry.invoice_id, func.max(FailedTry.attempt)).where(FailedTry.invoice_id.in_(unpaid))
    return {number: int(attempt) for number, attempt in session.execute(newest.group_by(FailedTry.invoice_id))}
