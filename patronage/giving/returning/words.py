"""What Stripe calls things, in plain words: where a dispute stands, why it was opened, what became of a refund."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

DISPUTE_STATES = {
    "needs_response": _l("The bank waits for our answer"),
    "under_review": _l("The bank looks at our answer"),
    "won": _l("Won: the money is ours"),
    "lost": _l("Lost: the money is gone"),
    "warning_needs_response": _l("The bank asks; no money was taken yet"),
    "warning_under_review": _l("The bank looks at our answer; no money was taken"),
    "warning_closed": _l("The bank's question is closed; no money was taken"),
    "appeal_needs_response": _l("The bank waits for our answer to an appeal"),
    "appeal_under_review": _l("The bank looks at our appeal"),
    "prevented": _l("Prevented: the money is ours"),
}
DISPUTE_REASONS = {
    "bank_cannot_process": _l("The bank cannot process the payment"),
    "check_returned": _l("A cheque came back"),
    "credit_not_processed": _l("A refund that was promised did not come"),
    "customer_initiated": _l("The giver asked their bank to"),
    "debit_not_authorized": _l("The giver says the debit was not allowed"),
    "duplicate": _l("The giver says they paid twice"),
    "fraudulent": _l("The giver says it was not they who paid"),
    "general": _l("No reason was given"),
    "incorrect_account_details": _l("The account was the wrong one"),
    "insufficient_funds": _l("There was not enough on the account"),
    "noncompliant": _l("The payment broke a rule of the card network"),
    "product_not_received": _l("The giver says nothing came of it"),
    "product_unacceptable": _l("The giver says it was not what was promised"),
    "subscription_canceled": _l("The giver says they had stopped before"),
    "unrecognized": _l("The giver does not recognise the payment"),
}
WARNING_TYPES = {
    "card_never_received": _l("The card never reached its owner"),
    "fraudulent_card_application": _l("The card was applied for in somebody's name"),
    "made_with_counterfeit_card": _l("The card was a copy"),
    "made_with_lost_card": _l("The card was lost"),
    "made_with_stolen_card": _l("The card was stolen"),
    "unauthorized_use_of_card": _l("Somebody else used the card"),
    "misc": _l("No more is known"),
}
REFUND_STATES = {
    "pending": _l("On its way"),
    "requires_action": _l("Waits for the giver, who must say where to"),
    "succeeded": _l("Given back"),
    "failed": _l("Failed: the money is ours again"),
    "canceled": _l("Canceled: the money is ours again"),
}
REFUND_FAILURES = {
    "lost_or_stolen_card": _l("the card was lost or stolen"),
    "expired_or_canceled_card": _l("the card has expired or was canceled"),
    "declined": _l("the bank refused it"),
    "insufficient_funds": _l("there was not enough on our balance at Stripe"),
    "merchant_request": _l("we asked for it"),
    "charge_for_pending_refund_disputed": _l("the payment was disputed meanwhile"),
}
REQUEST_STATES = {
    "waiting": _l("Waits for somebody else to approve it"),
    "sending": _l("On its way to Stripe"),
    "made": _l("Made"),
    "refused": _l("Refused by Stripe"),
    "declined": _l("Declined"),
}
ENTRIES = {
    "payment": _l("Payment"),
    "fee": _l("Fee"),
    "refund": _l("Refund"),
    "refund_failure": _l("Refund that came back"),
    "dispute": _l("Taken by a dispute"),
    "dispute_fee": _l("Fee of a dispute"),
    "dispute_reversal": _l("Won back"),
    "exchange_out": _l("Exchanged from"),
    "exchange_in": _l("Exchanged to"),
    "payout": _l("Payout"),
    "payout_failure": _l("Payout that came back"),
    "adjustment": _l("Adjustment"),
    "manual": _l("Entered by hand"),
}


def said(words: Mapping[str, Any], word: object) -> str:
    """Return what `words` says for Stripe's `word`; one that has no words yet is shown as it is."""
    return str(words.get(str(word), word))
