"""Why a payment failed, in plain words, and what helps; what banks say of lost and stolen cards is not passed on."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from flask_babel import lazy_gettext as _l


class Way(StrEnum):
    """What most likely mends a failed payment."""

    NEW_CARD = "new card"
    CONFIRM = "confirm"
    AGAIN = "again"


@dataclass(frozen=True)
class Reason:
    """A sentence for the one who pays, a few words for staff, and the way that is offered first."""

    sentence: Any
    short: Any
    way: Way


POOR = Reason(_l("There was not enough money in the account at that moment."), _l("not enough money"), Way.AGAIN)
LIMIT = Reason(_l("The limit of the card was reached."), _l("limit reached"), Way.AGAIN)
EXPIRED = Reason(_l("The card has expired."), _l("card expired"), Way.NEW_CARD)
BANK_SAID_NO = Reason(
    _l("The bank did not accept the card. It knows why; another card helps, too."), _l("bank refused"), Way.NEW_CARD
)
WRONG = Reason(_l("Something in the details of the card is not right."), _l("wrong card details"), Way.NEW_CARD)
ASKS = Reason(_l("Your bank wants you to confirm this payment yourself."), _l("bank wants confirmation"), Way.CONFIRM)
HICCUP = Reason(_l("The bank could not be reached, or did not answer."), _l("bank did not answer"), Way.AGAIN)
NOT_SUCH = Reason(_l("This card cannot be used for a payment of this kind."), _l("card not usable"), Way.NEW_CARD)
DEBIT = Reason(_l("Your bank did not carry out the debit."), _l("debit not carried out"), Way.NEW_CARD)
UNSAID = Reason(_l("The bank refused the payment and did not say why."), _l("refused without a reason"), Way.NEW_CARD)

# Stripe's decline codes (https://docs.stripe.com/declines/codes) and error codes. Those of lost and stolen cards and
# of suspected fraud are told as an ordinary refusal, as Stripe asks.
BY_CODE = {
    "insufficient_funds": POOR,
    "card_velocity_exceeded": LIMIT,
    "withdrawal_count_limit_exceeded": LIMIT,
    "amount_too_large": LIMIT,
    "expired_card": EXPIRED,
    "invalid_expiry_month": EXPIRED,
    "invalid_expiry_year": EXPIRED,
    "incorrect_cvc": WRONG,
    "invalid_cvc": WRONG,
    "incorrect_number": WRONG,
    "invalid_number": WRONG,
    "incorrect_zip": WRONG,
    "incorrect_address": WRONG,
    "invalid_account": WRONG,
    "new_account_information_available": WRONG,
    "authentication_required": ASKS,
    "payment_intent_authentication_failure": ASKS,
    "invoice_payment_intent_requires_action": ASKS,
    "approve_with_id": HICCUP,
    "issuer_not_available": HICCUP,
    "processing_error": HICCUP,
    "reenter_transaction": HICCUP,
    "try_again_later": HICCUP,
    "card_not_supported": NOT_SUCH,
    "currency_not_supported": NOT_SUCH,
    "invalid_amount": NOT_SUCH,
    "not_permitted": NOT_SUCH,
    "service_not_allowed": NOT_SUCH,
    "transaction_not_allowed": NOT_SUCH,
    "testmode_decline": NOT_SUCH,
    "call_issuer": BANK_SAID_NO,
    "do_not_honor": BANK_SAID_NO,
    "do_not_try_again": BANK_SAID_NO,
    "fraudulent": BANK_SAID_NO,
    "lost_card": BANK_SAID_NO,
    "merchant_blacklist": BANK_SAID_NO,
    "no_action_taken": BANK_SAID_NO,
    "pickup_card": BANK_SAID_NO,
    "restricted_card": BANK_SAID_NO,
    "revocation_of_all_authorizations": BANK_SAID_NO,
    "revocation_of_authorization": BANK_SAID_NO,
    "security_violation": BANK_SAID_NO,
    "stolen_card": BANK_SAID_NO,
    "stop_payment_order": BANK_SAID_NO,
    "account_closed": DEBIT,
    "bank_account_declined": DEBIT,
    "debit_not_authorized": DEBIT,
    "payment_intent_payment_attempt_failed": DEBIT,
    "refer_to_customer": DEBIT,
}


def of(code: str | None) -> Reason:
    """Return what Stripe's `code` means; one we do not know is a refusal without a reason."""
    return BY_CODE.get(code or "", UNSAID)
