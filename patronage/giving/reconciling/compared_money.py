"""Charges, refunds, disputes and payouts as Stripe lists them, compared with the books."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import InstrumentedAttribute, Session

from patronage.books.models import Dispute, EntryKind, LedgerEntry, Payment, Payout, Refund
from patronage.giving.gateway import Answer
from patronage.giving.intake import money_moved
from patronage.giving.intake.stripe_events import Subject
from patronage.giving.intake.told import Matter, inside
from patronage.giving.models import Pledge
from patronage.giving.reconciling.compared import Compared, Difference, by, differing, marked_pledges, told

Entered = dict[tuple[EntryKind, str], int]  # minor units of an entry, by its kind and id
Facts = Iterable[tuple[str, object, object]]  # name, ours, theirs


@dataclass(frozen=True)
class Shown:
    """One of Stripe's things that is ours: its name in a sentence, and what is to be applied to mend it."""

    thing: Answer
    name: str
    subject: Subject


def compare_charges(session: Session, page: list[Answer], now: datetime) -> Compared:  # noqa: ARG001 - all kinds are told
    """Compare charges that took money with our payments: amount, fee, what went back, whether it is disputed."""
    compared = Compared()
    taken = [each for each in page if each["status"] == "succeeded" and each["captured"]]
    known = _payments(session, [each["id"] for each in taken])
    marked = marked_pledges(session, [metadata for each in taken for metadata in _metadata(each)])
    customers = by(session, Pledge.stripe_customer_id, [each["customer"] for each in taken])
    entered = _entered(session, [(each["balance_transaction"] or each)["id"] for each in taken])
    contested = _contested(session, known)
    for charge in taken:
        payment, subject = known.get(charge["id"]), Subject(Matter.MONEY_BACK, charge["id"])
        if payment is not None:
            compared.met.append((payment.id, payment.paid_at))
            if differs := differing(_of_charge(charge, payment, entered, payment.id in contested)):
                says = f"charge {charge['id']} ({payment.reference}): {told(differs)}"
                compared.differences.append(Difference(charge["id"], says, subject))
            continue
        missing = Difference(charge["id"], f"charge {charge['id']} is not in the books", subject)
        if any(reference in marked for each in _metadata(charge) for reference in each.values()):
            compared.differences.append(missing)
        elif charge["customer"] in customers:
            compared.doubtful.append(missing)
        else:
            compared.strangers += 1
    return compared


def _metadata(charge: Answer) -> list[dict[str, str]]:
    return [charge["metadata"] or {}, inside(charge, "payment_intent", "metadata") or {}]


def _of_charge(charge: Answer, payment: Payment, entered: Entered, is_contested: bool) -> Facts:
    yield "the amount", payment.amount_minor, charge["amount_captured"]
    yield "the currency", payment.currency, charge["currency"].upper()
    yield "what was given back", payment.refunded_minor, min(charge["amount_refunded"], payment.amount_minor)
    yield "a dispute", is_contested, is_contested or charge["disputed"]
    if balance := charge["balance_transaction"]:
        yield "what it came to", payment.settled_minor, balance["amount"]
        yield "the fee", entered.get((EntryKind.FEE, balance["id"]), 0), abs(balance["fee"])


def compare_refunds(session: Session, page: list[Answer], now: datetime) -> Compared:  # noqa: ARG001 - all kinds are told
    """Compare refunds: each is written down with its status, and its money is in the ledger."""
    entered = _entered(session, [each["id"] for each in page])
    shown = _about_payments(session, page, "refund {} of {}")
    return _compared(session, Refund.made_at, shown, len(page), lambda refund, row: _of_refund(refund, row, entered))


def _of_refund(refund: Answer, row: Refund, entered: Entered) -> Facts:
    yield "the status", str(row.status), str(money_moved.status_of(refund))
    yield "the amount", row.amount_minor, refund["amount"]
    for kind, moved in (
        (EntryKind.REFUND, refund["balance_transaction"]),
        (EntryKind.REFUND_FAILURE, refund.get("failure_balance_transaction")),
    ):
        if moved:
            yield f"the ledger's {kind}", entered.get((kind, refund["id"]), 0), refund["amount"]


def compare_disputes(session: Session, page: list[Answer], now: datetime) -> Compared:  # noqa: ARG001 - all kinds are told
    """Compare disputes: each is written down as it stands, and every movement of its money is in the ledger."""
    entered = _entered(session, [moved["id"] for each in page for moved in each["balance_transactions"]])
    shown = _about_payments(session, page, "dispute {} about {}")
    return _compared(
        session, Dispute.opened_at, shown, len(page), lambda dispute, row: _of_dispute(dispute, row, entered)
    )


def _of_dispute(dispute: Answer, row: Dispute, entered: Entered) -> Facts:
    yield "the status", row.status, dispute["status"]
    yield "the amount", row.amount_minor, dispute["amount"]
    for moved in dispute["balance_transactions"]:
        kind = EntryKind.DISPUTE if moved["amount"] < 0 else EntryKind.DISPUTE_REVERSAL
        if moved["amount"]:
            yield f"the ledger's {kind} {moved['id']}", (kind, moved["id"]) in entered, True
        if moved["fee"]:
            fee = entered.get((EntryKind.DISPUTE_FEE, moved["id"]), 0)
            yield f"the fee {moved['id']}", fee, abs(moved["fee"])


def compare_payouts(session: Session, page: list[Answer], now: datetime) -> Compared:  # noqa: ARG001 - all kinds are told
    """Compare payouts: each is written down as it stands, in the ledger, and explained once Stripe has listed it."""
    entered = _entered(session, [each["id"] for each in page])
    shown = [Shown(each, f"payout {each['id']}", Subject(Matter.PAYOUT, each["id"])) for each in page]
    return _compared(session, Payout.made_at, shown, len(page), lambda payout, row: _of_payout(payout, row, entered))


def _of_payout(payout: Answer, row: Payout, entered: Entered) -> Facts:
    yield "the status", row.status, payout["status"]
    yield "the amount", row.amount_minor, payout["amount"]
    for kind, moved in (
        (EntryKind.PAYOUT, payout["balance_transaction"]),
        (EntryKind.PAYOUT_FAILURE, payout["failure_balance_transaction"]),
    ):
        if moved:
            yield f"the ledger's {kind}", entered.get((kind, payout["id"]), 0), abs(payout["amount"])
    if payout["automatic"] and payout["reconciliation_status"] == "completed":
        yield "what its lines leave over", row.difference_minor, 0


def _about_payments(session: Session, page: list[Answer], name: str) -> list[Shown]:
    """Return what of `page` is about a payment of ours; `name` has room for its id and the payment's reference."""
    payments = _payments(session, [each["charge"] for each in page])
    return [
        Shown(each, name.format(each["id"], payments[charge].reference), Subject(Matter.MONEY_BACK, charge))
        for each in page
        if (charge := each["charge"]) in payments
    ]


def _compared(
    session: Session,
    happened: InstrumentedAttribute[Any],
    shown: list[Shown],
    listed: int,
    facts: Callable[[Answer, Any], Facts],
) -> Compared:
    """Compare what of `listed` things is ours with the rows of the table that tells when it `happened`."""
    compared = Compared(strangers=listed - len(shown))
    table = happened.class_
    found = session.scalars(select(table).where(table.stripe_id.in_([each.thing["id"] for each in shown])))
    known = {row.stripe_id: row for row in found}
    for each in shown:
        number, differs = each.thing["id"], None
        if row := known.get(number):
            compared.met.append((row.id, getattr(row, happened.key)))
            differs = differing(facts(each.thing, row))
            if not differs:
                continue
        says = f"{each.name}: {told(differs)}" if differs else f"{each.name} is not in the books"
        compared.differences.append(Difference(number, says, each.subject))
    return compared


def _payments(session: Session, charges: Iterable[str]) -> dict[str, Payment]:
    found = session.scalars(select(Payment).where(Payment.charge_id.in_([each for each in charges if each])))
    return {str(payment.charge_id): payment for payment in found}


def _contested(session: Session, payments: dict[str, Payment]) -> set[int]:
    ids = [payment.id for payment in payments.values()]
    return set(session.scalars(select(Dispute.payment_id).where(Dispute.payment_id.in_(ids))))


def _entered(session: Session, numbers: Iterable[str]) -> Entered:
    """Return the entries of the ledger for facts with these ids at Stripe, adjustments left out."""
    wanted = list(numbers)
    entries = select(LedgerEntry.kind, LedgerEntry.stripe_id, LedgerEntry.amount_minor)
    rows = session.execute(entries.where(LedgerEntry.stripe_id.in_(wanted)))
    return {(kind, number): int(amount) for kind, number, amount in rows}
