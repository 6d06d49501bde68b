"""The rules of giving back: how much, and when by four eyes; all of it written down before Stripe is asked."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.books import disputes
from patronage.books.models import Payment
from patronage.foundation import jobs
from patronage.foundation.money import shown
from patronage.foundation.refused import Refused, Why
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.people import audit

SEND = "giving/send-refund"
SETTLED_AFTER = timedelta(minutes=2)  # longer than the page itself waits for Stripe
OPEN = (RequestState.WAITING, RequestState.SENDING)


class NotThroughStripe(Refused):
    """The money came another way."""

    reason = _l("This gift did not come through Stripe. Give it back the way it came, and enter that by hand.")


class InDispute(Refused):
    """The bank has the money already, or asks for it."""

    why = Why.CONFLICT
    reason = _l("The bank has taken this payment back already, or asks for it. It cannot be given back twice.")


class TooMuch(Refused):
    """More is to be given back than is left."""

    reason = _l("That is more than is left of this payment: %(left)s.")


class NotOneself(Refused):
    """Four eyes are wanted, and these are the same two."""

    why = Why.NOT_ALLOWED
    reason = _l("You asked for this refund yourself. Somebody else has to approve it.")


class DecidedAlready(Refused):
    """The request waits no more."""

    why = Why.CONFLICT
    reason = _l("This refund was decided already.")


class NoSuchRequest(Refused):
    """There is no request of this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such refund.")


@dataclass(frozen=True)
class Wanted:
    """What a member of staff wants to give back: minor units in the payment's currency, and why.

    `submission` is the form's own one-time name: sent twice, it is one refund. `is_fraud` tells Stripe so.
    """

    amount_minor: int
    reason: str
    submission: str
    is_fraud: bool = False


def ask(
    session: Session, payment_id: int, wanted: Wanted, by: int, four_eyes_above_minor: int, now: datetime
) -> RefundRequest:
    """Write down that `by` wants to give back part or all of a payment; return the request, SENDING or WAITING.

    What was asked before of the same payment counts towards the amount above which a second member of staff must
    approve, so that nobody gets round it in parts. Raises `NotThroughStripe`, `InDispute`, `TooMuch`, and
    `DecidedAlready` for a form that was sent before with another amount.
    """
    payment = session.get_one(Payment, payment_id, with_for_update=True)
    key = f"refund-{payment.reference}-{wanted.submission}"
    known = session.scalar(select(RefundRequest).where(RefundRequest.idempotency_key == key))
    if known and known.amount_minor != wanted.amount_minor and not wanted.is_fraud:  # the form was gone back to
        raise DecidedAlready
    if known:  # a warning is heeded once, however little is left when the button is pressed again
        return known
    refuse_impossible(session, payment, wanted.amount_minor)
    total = wanted.amount_minor + payment.refunded_minor + _open_minor(session, payment_id)
    state = RequestState.WAITING if total > four_eyes_above_minor else RequestState.SENDING
    request = RefundRequest(
        payment_id=payment_id, idempotency_key=key, amount_minor=wanted.amount_minor, reason=wanted.reason,
        is_fraud=wanted.is_fraud, state=state, asked_by=by, asked_at=now,
    )  # fmt: skip
    session.add(request)
    session.flush()
    amount = shown(wanted.amount_minor, payment.currency)
    audit.record(session, by, "refund asked for", payment.reference, f"{amount}: {wanted.reason}", now)
    if state == RequestState.SENDING:
        _arrange(session, request, now)
    return request


def approve(session: Session, request_id: int, by: int, now: datetime) -> RefundRequest:
    """Let a request that waits be sent. Raises `DecidedAlready`, `NotOneself`, and what `ask` raises."""
    request = _waiting(session, request_id)
    if request.asked_by == by:
        raise NotOneself
    payment = session.get_one(Payment, request.payment_id, with_for_update=True)
    refuse_impossible(session, payment, request.amount_minor, request)
    request.state, request.decided_by, request.decided_at = RequestState.SENDING, by, now
    audit.record(session, by, "refund approved", payment.reference, shown(request.amount_minor, payment.currency), now)
    _arrange(session, request, now)
    return request


def decline(session: Session, request_id: int, by: int, now: datetime) -> RefundRequest:
    """Let a request that waits be forgotten; who asked for it may do so too. Raises `DecidedAlready`."""
    request = _waiting(session, request_id)
    payment = session.get_one(Payment, request.payment_id)
    request.state, request.decided_by, request.decided_at = RequestState.DECLINED, by, now
    audit.record(session, by, "refund declined", payment.reference, shown(request.amount_minor, payment.currency), now)
    return request


def take_note(session: Session, request_id: int, by: int, now: datetime) -> None:
    """Write down that `by` has seen that Stripe refused a request. Raises `NoSuchRequest`."""
    request = find(session, request_id)
    payment = session.get_one(Payment, request.payment_id)
    request.seen_at = request.seen_at or now
    audit.record(session, by, "failed refund noted", payment.reference, request.refused_because or "", now)


def leave_to_staff(session: Session, charge_id: str, reason: str, now: datetime) -> None:
    """Have staff decide about a payment that should go back whole and did not: a request of nobody's that waits.

    Where nothing is left to give back, or a bank has the money, there is nothing to decide.
    """
    payment = session.scalar(select(Payment).where(Payment.charge_id == charge_id).with_for_update())
    if payment is None:
        return
    left = left_of(session, payment)
    try:
        refuse_impossible(session, payment, left)
    except Refused:
        return
    request = RefundRequest(
        payment_id=payment.id, idempotency_key=f"refund-{payment.reference}-left-to-staff", amount_minor=left,
        reason=reason[:500], state=RequestState.WAITING, asked_at=now,
    )  # fmt: skip
    session.add(request)


def find(session: Session, request_id: int) -> RefundRequest:
    """Return a request. Raises `NoSuchRequest`."""
    request = session.get(RefundRequest, request_id)
    if request is None:
        raise NoSuchRequest
    return request


def left_of(session: Session, payment: Payment, besides: RefundRequest | None = None) -> int:
    """Return how much of `payment` can be given back still, in minor units, `besides` a request that is counted in.

    What is asked for already is not left.
    """
    asked_minor = _open_minor(session, payment.id) - (besides.amount_minor if besides else 0)
    return max(payment.amount_minor - payment.refunded_minor - asked_minor, 0)


def refuse_impossible(
    session: Session, payment: Payment, amount_minor: int, besides: RefundRequest | None = None
) -> None:
    """Raise what keeps `amount_minor` of `payment`, or all that is left, from being given back now, if anything does.

    Raises `NotThroughStripe`, `InDispute`, `TooMuch`, which is also for where nothing is left.
    """
    if payment.charge_id is None:
        raise NotThroughStripe
    known = disputes.of_payment(session, payment.id)
    if any(each.status not in disputes.SETTLED_FOR_US | disputes.INQUIRIES for each in known):
        raise InDispute
    left = left_of(session, payment, besides)
    if amount_minor > left or left == 0:
        raise TooMuch(left=shown(left, payment.currency))


def _open_minor(session: Session, payment_id: int) -> int:
    total = select(func.coalesce(func.sum(RefundRequest.amount_minor), 0))
    return int(session.scalar(total.where(RefundRequest.payment_id == payment_id, RefundRequest.state.in_(OPEN))) or 0)


def _waiting(session: Session, request_id: int) -> RefundRequest:
    request = session.get(RefundRequest, request_id, with_for_update=True)
    if request is None:
        raise NoSuchRequest
    if request.state != RequestState.WAITING:
        raise DecidedAlready
    return request


def _arrange(session: Session, request: RefundRequest, now: datetime) -> None:
    """Have it found out later what became of the refund, should the page that sends it never tell."""
    once = f"{SEND}:{request.id}"
    jobs.put_again(session, SEND, {"request": request.id}, now + SETTLED_AFTER, once)
