"""How a dispute is answered: a draft that is kept, evidence that is sent to the bank once, or letting it go."""

import hashlib
from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from patronage.books.disputes import ANSWERABLE
from patronage.books.models import Dispute, Payment
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving.gateway import GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.returning import orders
from patronage.giving.standing import Policy
from patronage.people import audit
from patronage.people.models import Person

KEY_LENGTH = 24
SECONDS_OF_HOUR = 3600
LONGEST_DETAIL = 255


class NoSuchDispute(Refused):
    """There is no dispute of this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such dispute.")


class NotToBeAnswered(Refused):
    """The bank waits for no answer: it was given, or it is too late for one."""

    why = Why.TOO_LATE
    reason = _l("The bank waits for no answer to this dispute any more.")


class NothingWritten(Refused):
    """The evidence is empty."""

    reason = _l("Write what shows that the gift was meant. It can be sent once only.")


def find(session: Session, dispute_id: int) -> Dispute:
    """Return a dispute. Raises `NoSuchDispute`."""
    dispute = session.get(Dispute, dispute_id)
    if dispute is None:
        raise NoSuchDispute
    return dispute


def keep_draft(session: Session, dispute_id: int, text: str) -> Dispute:
    """Keep what staff wrote, until it is sent. Raises `NoSuchDispute`, `NotToBeAnswered`."""
    dispute = _answerable(session, dispute_id)
    dispute.evidence_draft = text.strip()[: orders.LONGEST_EVIDENCE] or None
    return dispute


def send(tools: Tools, policy: Policy, dispute_id: int, about: str, by: int) -> None:
    """Send the draft to the bank, with who gave and `about` what; sent twice, it is sent once.

    Must be called outside any transaction. Raises `NotToBeAnswered`, `NothingWritten`, `GatewayUnknown` (it may have
    been sent; sending again is harmless), `GatewayRefused`.
    """
    with tools.database.reading() as session:
        dispute = _answerable(session, dispute_id)
        text = dispute.evidence_draft
        payment = session.get_one(Payment, dispute.payment_id)
        giver = session.get(Person, payment.person_id) if payment.person_id else None
    if not text:
        raise NothingWritten
    facts = {"product_description": about, **_who(giver)}
    key = _key("evidence", dispute, repr((text, sorted(facts.items()))), tools.clock.now())
    with tools.database.transaction() as session:  # before Stripe is asked: it cannot be taken back
        audit.record(session, by, "dispute answered", payment.reference, dispute.stripe_id, tools.clock.now())
    try:
        orders.send_evidence(tools.payments, dispute.stripe_id, text, facts, key)
    except GatewayRefused as refusal:
        with tools.database.transaction() as session:
            detail = _refused(dispute, refusal)
            audit.record(session, by, "dispute answered", payment.reference, detail, tools.clock.now())
        raise
    applying.apply(tools, policy, Matter.MONEY_BACK, str(payment.charge_id), {})


def accept(tools: Tools, policy: Policy, dispute_id: int, by: int) -> None:
    """Let a dispute be lost. As `send` in everything else."""
    with tools.database.reading() as session:
        dispute = _answerable(session, dispute_id)
        payment = session.get_one(Payment, dispute.payment_id)
    with tools.database.transaction() as session:
        audit.record(session, by, "dispute accepted", payment.reference, dispute.stripe_id, tools.clock.now())
    try:
        orders.accept(tools.payments, dispute.stripe_id, _key("accept", dispute, "", tools.clock.now()))
    except GatewayRefused as refusal:
        with tools.database.transaction() as session:
            detail = _refused(dispute, refusal)
            audit.record(session, by, "dispute accepted", payment.reference, detail, tools.clock.now())
        raise
    applying.apply(tools, policy, Matter.MONEY_BACK, str(payment.charge_id), {})


def _key(deed: str, dispute: Dispute, content: str, now: datetime) -> str:
    """Return the idempotency key of a press of a button: another content, or another hour, has another.

    Stripe repeats a 500 under a key for a day, and an answer may be due sooner than that.
    """
    digest = hashlib.sha256(content.encode()).hexdigest()[:KEY_LENGTH]
    return f"{deed}-{dispute.stripe_id}-{digest}-{int(now.timestamp()) // SECONDS_OF_HOUR}"


def _refused(dispute: Dispute, refusal: GatewayRefused) -> str:
    """Return what the audit trail says of an answer that Stripe did not take; in English, as all of it."""
    return f"{dispute.stripe_id}: refused, {refusal.detail}"[:LONGEST_DETAIL]


def _answerable(session: Session, dispute_id: int) -> Dispute:
    dispute = find(session, dispute_id)
    if dispute.status not in ANSWERABLE:
        raise NotToBeAnswered
    return dispute


def _who(giver: Person | None) -> dict[str, str]:
    if giver is None:
        return {}
    return {"customer_email_address": giver.email, **({"customer_name": giver.name} if giver.name else {})}
