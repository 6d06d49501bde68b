"""What is asked of Stripe when money goes back: refunds, evidence, disputes accepted."""

from typing import Any

from patronage.giving import marks
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake.money_moved import every_page

LONGEST_EVIDENCE = 20_000  # characters; Stripe takes 150,000 in all fields together


def refund(gateway: Gateway, charge_id: str, amount_minor: int, mark: str, key: str, *, is_fraud: bool) -> Answer:
    """Give `amount_minor` of a charge back; `mark` stays on the refund, so that it is found when no answer came."""
    params = {
        "charge": charge_id,
        "amount": amount_minor,
        "reason": "fraudulent" if is_fraud else "requested_by_customer",
        "metadata": {marks.REFUND_REQUEST: mark},
    }
    return gateway.call(lambda api: api.refunds.create(params, options={"idempotency_key": key}))


def refund_marked(gateway: Gateway, charge_id: str, mark: str) -> Answer | None:
    """Return the refund of a charge that carries `mark`, or None."""
    found = every_page(gateway, lambda api, page: api.refunds.list({"charge": charge_id, **page}))
    return next((one for one in found if (one["metadata"] or {}).get(marks.REFUND_REQUEST) == mark), None)


def send_evidence(gateway: Gateway, dispute_id: str, text: str, facts: dict[str, str], key: str) -> Answer:
    """Send what staff wrote to the bank, with `facts` under the names Stripe has for them. It cannot be sent again."""
    evidence: dict[str, Any] = {**facts, "uncategorized_text": text[:LONGEST_EVIDENCE]}
    params = {"evidence": evidence, "submit": True}
    return gateway.call(lambda api: api.disputes.update(dispute_id, params, options={"idempotency_key": key}))


def accept(gateway: Gateway, dispute_id: str, key: str) -> Answer:
    """Let a dispute be lost without an answer. It cannot be taken back."""
    return gateway.call(lambda api: api.disputes.close(dispute_id, options={"idempotency_key": key}))
