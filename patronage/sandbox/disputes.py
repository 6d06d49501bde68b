"""Disputes: a charge is contested, its amount taken away with a fee, and given back when the dispute is won."""

from patronage.sandbox import clock, events, fraud_warnings
from patronage.sandbox.balance import NO_FEE, Fee, new_transaction, transaction_of
from patronage.sandbox.exchange import settled
from patronage.sandbox.ids import new_id
from patronage.sandbox.money import exponent
from patronage.sandbox.objects import change, fetched
from patronage.sandbox.payout_schedule import DAY, midnight
from patronage.sandbox.store import Json, Tx

MONEY_IS_AWAY = ("needs_response", "under_review", "lost", "appeal_needs_response", "appeal_under_review")
CLOSED = ("won", "lost", "warning_closed", "prevented")
INQUIRIES = ("warning_needs_response", "warning_under_review")
STATUSES = (*MONEY_IS_AWAY, "won", *INQUIRIES, "warning_closed", "prevented")
REASONS = (
    *("bank_cannot_process", "check_returned", "credit_not_processed", "customer_initiated", "debit_not_authorized"),
    *("duplicate", "fraudulent", "general", "incorrect_account_details", "insufficient_funds", "noncompliant"),
    *("product_not_received", "product_unacceptable", "subscription_canceled", "unrecognized"),
)
NETWORK_CODES = {
    "visa": {"fraudulent": "10.4", "product_not_received": "13.1", "subscription_canceled": "13.2"},
    "mastercard": {"fraudulent": "4837", "product_not_received": "4853", "subscription_canceled": "4853"},
}
DAYS_TO_ANSWER = 9
INQUIRY_ENDS_AFTER = 120  # days
FEES = {0: 1500, 2: 1500, 3: 4500}  # minor units, by the currency's decimals; not given back when the dispute is won
FILES = (
    *("cancellation_policy", "customer_communication", "customer_signature", "duplicate_charge_documentation"),
    *("receipt", "refund_policy", "service_documentation", "shipping_documentation", "uncategorized_file"),
)
TEXTS = (
    *("access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal"),
    *("customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation"),
    *("duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation"),
    *("service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number"),
    "uncategorized_text",
)
NO_EVIDENCE: Json = {**dict.fromkeys(sorted((*FILES, *TEXTS))), "enhanced_evidence": {}}


def new_dispute(tx: Tx, charge: Json, amount: int, reason: str, status: str) -> Json:
    """Store a dispute over `amount` (minor units) of a charge; the money moves if the status says so."""
    dispute: Json = {
        "id": new_id("du"),
        "object": "dispute",
        "amount": amount,
        "balance_transactions": [],
        "charge": charge["id"],
        "created": tx.now(),
        "currency": charge["currency"],
        "enhanced_eligibility_types": [],
        "evidence": NO_EVIDENCE,
        "evidence_details": {
            "due_by": _deadline(tx),
            "enhanced_eligibility": {},
            "has_evidence": False,
            "past_due": False,
            "submission_count": 0,
            "submission_method": "not_submitted",
        },
        "intended_submission_method": None,
        "is_charge_refundable": status in INQUIRIES,
        "livemode": False,
        "metadata": {},
        "network_reason_code": _network_code(charge, reason),
        "payment_intent": charge["payment_intent"],
        "payment_method_details": _method_details(charge, reason, status),
        "reason": reason,
        "status": status,
    }
    if status in MONEY_IS_AWAY:
        dispute["balance_transactions"] = [_withdraw(tx, charge, dispute)]
    tx.put(dispute)
    _tell_new(tx, charge, dispute)
    return dispute


def _deadline(tx: Tx) -> int:
    return midnight(tx.now()) + (DAYS_TO_ANSWER + 1) * DAY - 1


def _network_code(charge: Json, reason: str) -> str | None:
    brand = charge["payment_method_details"].get("card", {}).get("brand", "")
    return NETWORK_CODES.get(brand, {}).get(reason)


def _method_details(charge: Json, reason: str, status: str) -> Json | None:
    card = charge["payment_method_details"].get("card")
    if card is None:
        return None
    case = "inquiry" if status.startswith("warning_") else "resolution" if status == "prevented" else "chargeback"
    known = {"brand": card["brand"], "case_type": case, "network": card["network"]}
    return {"card": {**known, "network_reason_code": _network_code(charge, reason)}, "type": "card"}


def _tell_new(tx: Tx, charge: Json, dispute: Json) -> None:
    events.emit(tx, "charge.dispute.created", dispute)
    if dispute["status"] in MONEY_IS_AWAY:
        events.emit(tx, "charge.dispute.funds_withdrawn", dispute)
    if dispute["status"] in CLOSED:
        events.emit(tx, "charge.dispute.closed", dispute)
    change(tx, charge, {"disputed": True}, "charge.updated")
    fraud_warnings.settle(tx, charge)
    await_answer(tx, dispute)


def await_answer(tx: Tx, dispute: Json) -> None:
    """Let the deadline of what needs a response fall due, and the end of an inquiry that nobody escalates."""
    if dispute["status"] in ("needs_response", "warning_needs_response"):
        clock.schedule(tx, dispute["evidence_details"]["due_by"], "dispute_due", dispute["id"])
    if dispute["status"] in INQUIRIES:
        ends = max(dispute["created"] + INQUIRY_ENDS_AFTER * DAY, tx.now() + DAY)
        clock.schedule(tx, ends, "inquiry_ends", dispute["id"])


def _withdraw(tx: Tx, charge: Json, dispute: Json) -> Json:
    money = settled(-dispute["amount"], dispute["currency"], transaction_of(tx, charge)["currency"])
    fee = Fee(FEES[exponent(money.currency)], "Dispute fee") if not dispute["balance_transactions"] else NO_FEE
    about = f"Chargeback withdrawal for {charge['id']}"
    return new_transaction(tx, dispute, money, ("adjustment", "dispute"), fee=fee, description=about)


def _reinstate(tx: Tx, charge: Json, dispute: Json) -> Json:
    money = settled(dispute["amount"], dispute["currency"], transaction_of(tx, charge)["currency"])
    about = f"Chargeback reversal for {charge['id']}"
    return new_transaction(tx, dispute, money, ("adjustment", "dispute_reversal"), description=about)


def move(tx: Tx, dispute: Json, status: str, **updates: object) -> Json:
    """Bring a dispute to another status, with the money and the events that go with it."""
    charge = fetched(tx, "charge", dispute["charge"])
    before, after = dispute["status"] in MONEY_IS_AWAY, status in MONEY_IS_AWAY
    if status.endswith("needs_response") and status != dispute["status"]:
        updates["evidence_details"] = {**dispute["evidence_details"], "due_by": _deadline(tx), "past_due": False}
    updates.update(status=status, is_charge_refundable=status in INQUIRIES)
    updates["payment_method_details"] = _method_details(charge, dispute["reason"], status)
    if before != after:
        moved = _withdraw(tx, charge, dispute) if after else _reinstate(tx, charge, dispute)
        updates["balance_transactions"] = [*current(tx, dispute)["balance_transactions"], moved]
    closes = status in CLOSED and status != dispute["status"]
    change(tx, dispute, updates, None if closes else "charge.dispute.updated")
    if closes:
        events.emit(tx, "charge.dispute.closed", dispute)
    if before != after:
        events.emit(tx, f"charge.dispute.funds_{'withdrawn' if after else 'reinstated'}", dispute)
    for kind in ("dispute_due", "inquiry_ends"):
        clock.unschedule(tx, kind, dispute["id"])
    await_answer(tx, dispute)
    return dispute


def current(tx: Tx, dispute: Json) -> Json:
    """The dispute with its balance transactions as they are now: what was pending may be available."""
    moved = [tx.get(entry["id"]) or entry for entry in dispute["balance_transactions"]]
    return {**dispute, "balance_transactions": moved}


def refundable(tx: Tx, charge: Json) -> bool:
    """Whether a refund may be given: not while the money is in dispute, nor once it is lost."""
    open_or_lost = [found for found in tx.find("dispute", charge=charge["id"]) if found["status"] in MONEY_IS_AWAY]
    return not (charge["disputed"] and open_or_lost)


def close_inquiries(tx: Tx, charge: Json) -> None:
    """A full refund answers an inquiry for good."""
    for dispute in tx.find("dispute", charge=charge["id"]) if charge["disputed"] else ():
        if dispute["status"] in INQUIRIES:
            move(tx, dispute, "warning_closed")


@clock.handler("dispute")
def dispute_as_fraud(tx: Tx, charge_id: str) -> None:
    """The card is known to be disputed at once."""
    _dispute_all(tx, charge_id, "fraudulent", "needs_response")


@clock.handler("undelivered")
def dispute_as_undelivered(tx: Tx, charge_id: str) -> None:
    """The card is known for a customer who has not received what was bought."""
    _dispute_all(tx, charge_id, "product_not_received", "needs_response")


@clock.handler("inquiry")
def inquire(tx: Tx, charge_id: str) -> None:
    """The card is known for an inquiry, which moves no money."""
    _dispute_all(tx, charge_id, "fraudulent", "warning_needs_response")


def _dispute_all(tx: Tx, charge_id: str, reason: str, status: str) -> None:
    charge = fetched(tx, "charge", charge_id)
    left = charge["amount_captured"] - charge["amount_refunded"]
    if left and not charge["disputed"]:
        new_dispute(tx, charge, left, reason, status)


@clock.handler("dispute_due")
def miss_deadline(tx: Tx, dispute_id: str) -> None:
    """Nobody has answered in time: a dispute is lost, an inquiry only overdue."""
    dispute = fetched(tx, "dispute", dispute_id)
    late = {"evidence_details": {**dispute["evidence_details"], "past_due": True}}
    if dispute["status"] == "needs_response":
        move(tx, dispute, "lost", **late)
    elif dispute["status"] == "warning_needs_response":
        change(tx, dispute, late, "charge.dispute.updated")


@clock.handler("inquiry_ends")
def end_inquiry(tx: Tx, dispute_id: str) -> None:
    """Four months on, an inquiry that was not escalated is closed."""
    dispute = fetched(tx, "dispute", dispute_id)
    if dispute["status"] in INQUIRIES:
        move(tx, dispute, "warning_closed")
