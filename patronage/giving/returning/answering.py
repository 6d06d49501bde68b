"""How a dispute is answered: a draft that is kept, evidence that is sent to the bank once, or letting it go."""

import hashlib

from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session

from patronage.books.disputes import ANSWERABLE
from patronage.books.models import Dispute, Payment
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.returning import orders
from patronage.giving.standing import Policy
from patronage.people import audit
from patronage.people.models import Person

KEY_LENGTH = 24


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
    key = f"evidence-{dispute.stripe_id}-{hashlib.sha256(text.encode()).hexdigest()[:KEY_LENGTH]}"
    orders.send_evidence(tools.payments, dispute.stripe_id, text, facts, key)
    with tools.database.transaction() as session:
        audit.record(session, by, "dispute answered", payment.reference, dispute.stripe_id, tools.clock.now())
    applying.apply(tools, policy, Matter.MONEY_BACK, str(payment.charge_id), {})


def accept(tools: Tools, policy: Policy, dispute_id: int, by: int) -> None:
    """Let a dispute be lost. As `send` in everything else."""
    with tools.database.reading() as session:
        dispute = _answerable(session, dispute_id)
        payment = session.get_one(Payment, dispute.payment_id)
    orders.accept(tools.payments, dispute.stripe_id, f"accept-{dispute.stripe_id}")
    with tools.database.transaction() as session:
        audit.record(session, by, "dispute accepted", payment.reference, dispute.stripe_id, tools.clock.now())
    applying.apply(tools, policy, Matter.MONEY_BACK, str(payment.charge_id), {})


def _answerable(session: Session, dispute_id: int) -> Dispute:
    dispute = find(session, dispute_id)
    if dispute.status not in ANSWERABLE:
        raise NotToBeAnswered
    return dispute


def _who(giver: Person | None) -> dict[str, str]:
    if giver is None:
        return {}
    return {"customer_email_address": giver.email, **({"customer_name": giver.name} if giver.name else {})}
