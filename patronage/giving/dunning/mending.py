"""How what is due gets paid after all: the try is written down, Stripe is asked, and its answer applied."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.refused import Refused, Why
from patronage.foundation.tools import Tools
from patronage.giving.dunning import lateness, orders
from patronage.giving.dunning.lateness import Final
from patronage.giving.dunning.models import CardOnFile, FailedTry, PaymentRetry, Retried
from patronage.giving.gateway import Answer, GatewayRefused, GatewayUnknown
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter, inside
from patronage.giving.keeping import cards
from patronage.giving.models import Pledge
from patronage.giving.signed import NoSuchPledge
from patronage.giving.standing import Policy

ASK = "giving/ask-after-retry"
ASKED_AFTER = timedelta(minutes=2)
DECLINED = 402  # the HTTP status of a card that was declined


class NothingDue(Refused):
    """The payment has come in already, or is not awaited any more."""

    why = Why.TOO_LATE
    reason = _l("Nothing is due for this pledge now.")


@dataclass(frozen=True)
class Due:
    """What is due for a pledge, why it is, and what was done about it last; each None where there is nothing."""

    pledge: Pledge
    failed: FailedTry | None
    retry: PaymentRetry | None
    card: CardOnFile | None

    @property
    def can_be_mended(self) -> bool:
        """Whether there is something to pay, and an invoice to pay it on."""
        return self.failed is not None and lateness.can_be_mended(self.pledge)

    @property
    def final(self) -> Final | None:
        """What became of it after the last try."""
        return lateness.final_of(self.pledge)

    @property
    def is_unknown(self) -> bool:
        """Whether a try was begun of which nobody knows the end."""
        return self.retry is not None and self.retry.settled_at is None


def due(session: Session, reference: str) -> Due:
    """Return what is due for the pledge `reference`, in four queries. Raises `NoSuchPledge`."""
    pledge = session.scalar(select(Pledge).where(Pledge.reference == reference))
    if pledge is None or pledge.stripe_subscription_id is None:
        raise NoSuchPledge
    last = select(PaymentRetry).where(PaymentRetry.pledge_id == pledge.id).order_by(PaymentRetry.id.desc())
    retry = session.scalar(last.limit(1))
    return Due(pledge, lateness.latest_try(session, pledge.id), retry, session.get(CardOnFile, pledge.id))


def begin(session: Session, reference: str, press: str, now: datetime) -> PaymentRetry:
    """Write down that what is due is to be paid now, and a job that asks should the answer be lost.

    `press` names one showing of the button: pressed twice, it is one try. Raises `NoSuchPledge`, `NothingDue`.
    """
    pledge = session.scalar(select(Pledge).where(Pledge.reference == reference).with_for_update())
    if pledge is None:
        raise NoSuchPledge
    key = f"retry-{reference}-{press}"
    known = session.scalar(select(PaymentRetry).where(PaymentRetry.idempotency_key == key))
    if known:
        return known
    failed = lateness.latest_try(session, pledge.id)
    if failed is None or not lateness.can_be_mended(pledge):
        raise NothingDue
    retry = PaymentRetry(pledge_id=pledge.id, invoice_id=failed.invoice_id, idempotency_key=key, asked_at=now)
    session.add(retry)
    session.flush()
    jobs.put(session, ASK, {"retry": retry.id}, now + ASKED_AFTER, once=f"{ASK}:{retry.id}")
    return retry


def go_through(tools: Tools, policy: Policy, retry: PaymentRetry, *, new_card: bool) -> Retried | None:
    """Have Stripe make the try `retry`, by the card just given if `new_card`; return what became of it.

    None means that nobody knows yet: the job asks. Must be called outside any transaction.
    """
    if retry.settled_at is not None:
        return retry.outcome
    with tools.database.reading() as session:
        pledge = session.get_one(Pledge, retry.pledge_id)
    refusal = None
    try:
        _ask(tools, pledge, retry, new_card=new_card)
    except GatewayUnknown:
        return None
    except GatewayRefused as refused:
        refusal = refused
    try:
        return settle(tools, policy, retry.id, refusal)
    except GatewayUnknown:
        return None


def _ask(tools: Tools, pledge: Pledge, retry: PaymentRetry, *, new_card: bool) -> None:
    gateway, key, number = tools.payments, retry.idempotency_key, str(pledge.stripe_subscription_id)
    if new_card:
        cards.follow(tools, {"pledge": pledge.id})
    if lateness.final_of(pledge) == Final.PAUSED:
        # The period that was not paid is past: a new one begins, and nobody is asked for both.
        if gateway.fetch_invoice(retry.invoice_id)["status"] == "open":
            orders.give_up(gateway, retry.invoice_id, f"{key}-void")
        _follow(tools, retry, orders.begin_again(gateway, number, f"{key}-again"))
        return
    orders.pay(gateway, retry.invoice_id, key)


def _follow(tools: Tools, retry: PaymentRetry, subscription: Answer) -> None:
    """Have the try be about the invoice of the period that has just begun."""
    latest = subscription["latest_invoice"]
    with tools.database.transaction() as session:
        session.get_one(PaymentRetry, retry.id, with_for_update=True).invoice_id = inside(latest, "id") or latest


def settle(tools: Tools, policy: Policy, retry_id: int, refusal: GatewayRefused | None) -> Retried:
    """Apply what Stripe says now of the invoice, and write down what became of a try. Raises `GatewayUnknown`."""
    with tools.database.reading() as session:
        retry = session.get_one(PaymentRetry, retry_id)
    applying.apply(tools, policy, Matter.INVOICE, retry.invoice_id, {})
    is_settled = orders.is_settled(tools.payments, retry.invoice_id)
    with tools.database.transaction() as session:
        retry = session.get_one(PaymentRetry, retry_id, with_for_update=True)
        pledge = session.get_one(Pledge, retry.pledge_id)
        goes_on = pledge.ended_at is None and not lateness.can_be_mended(pledge)
        retry.outcome = Retried.PAID if is_settled or goes_on else _not_paid(refusal, may_come=is_settled is None)
        retry.settled_at = tools.clock.now()
        return retry.outcome


def _not_paid(refusal: GatewayRefused | None, *, may_come: bool) -> Retried:
    if may_come:
        return Retried.PENDING
    return Retried.DECLINED if refusal is None or refusal.status == DECLINED else Retried.REFUSED


def ask_after(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Find out what became of a try whose answer was lost; a job. Raises `GatewayUnknown`: it is tried again."""
    with tools.database.reading() as session:
        is_settled = session.get_one(PaymentRetry, data["retry"]).settled_at is not None
    if not is_settled:
        settle(tools, policy, data["retry"], None)
