"""How a refund is made: Stripe is asked under the key that was saved, and its answer written into books and request."""

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, GatewayRefused
from patronage.giving.intake import applying
from patronage.giving.intake.told import Matter
from patronage.giving.models import Outcome
from patronage.giving.returning import orders
from patronage.giving.returning.models import RefundRequest, RequestState
from patronage.giving.standing import Policy

KEY_REFUSED = {401, 403}  # our key is not let in: the newsroom's error, and no word about this refund


def send(tools: Tools, policy: Policy, request_id: int, *, looks_first: bool = False) -> RequestState:
    """Make the refund of a request that is SENDING; return where the request stands then.

    Sent twice it is made once. `looks_first`, when it was sent before: Stripe forgets keys after a day, the mark on
    the refund stays. Must be called outside any transaction. Raises `GatewayUnknown`: a job finds out later.
    """
    with tools.database.reading() as session:
        request = session.get_one(RefundRequest, request_id)
        charge_id = str(session.get_one(Payment, request.payment_id).charge_id)
    if request.state != RequestState.SENDING:
        return request.state
    try:
        made = _make(tools, request, charge_id, looks_first=looks_first)
    except GatewayRefused as refusal:
        if refusal.status in KEY_REFUSED:
            raise
        return _close(tools, request_id, RequestState.REFUSED, refusal.detail)

    def mark(session: Session, _outcome: Outcome, _now: datetime) -> None:
        _set(session, request_id, RequestState.MADE, made["id"])

    applying.apply(tools, policy, Matter.MONEY_BACK, charge_id, {}, mark)
    return RequestState.MADE


def find_out(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Bring a refund that was asked for to its end. Raises `GatewayUnknown`: the job is tried again."""
    send(tools, policy, data["request"], looks_first=True)


def _make(tools: Tools, request: RefundRequest, charge_id: str, *, looks_first: bool) -> Answer:
    if looks_first and (known := orders.refund_marked(tools.payments, charge_id, request.idempotency_key)):
        return known
    days = (tools.clock.now() - (request.decided_at or request.asked_at)).days
    key = f"{request.idempotency_key}-{days}"  # Stripe repeats a 500 to a key for a day
    return orders.refund(
        tools.payments, charge_id, request.amount_minor, request.idempotency_key, key, is_fraud=request.is_fraud
    )


def _close(tools: Tools, request_id: int, state: RequestState, detail: str) -> RequestState:
    with tools.database.transaction() as session:
        return _set(session, request_id, state, detail)


def _set(session: Session, request_id: int, state: RequestState, detail: str) -> RequestState:
    """Write down what became of a request, and which refund it is or why not; what was written before stays."""
    request = session.get_one(RefundRequest, request_id, with_for_update=True, populate_existing=True)
    if request.state == RequestState.SENDING:
        request.state = state
        request.refund_stripe_id = detail if state == RequestState.MADE else None
        request.refused_because = detail if state == RequestState.REFUSED else None
    return request.state
