"""Stripe's test cards, tokens and IBANs, and what each of them does when it is charged."""

import hashlib
from dataclasses import dataclass

from patronage.sandbox.store import Json


@dataclass(frozen=True)
class Refusal:
    """Why a payment is refused, in Stripe's codes and words."""

    code: str
    decline_code: str | None
    message: str
    param: str | None = None


DECLINED = Refusal("card_declined", "generic_decline", "Your card was declined.")
LOST = Refusal("card_declined", "lost_card", "Your card was declined.")
STOLEN = Refusal("card_declined", "stolen_card", "Your card was declined.")
FRAUDULENT = Refusal("card_declined", "fraudulent", "Your card was declined.")
TOO_OFTEN = Refusal("card_declined", "card_velocity_exceeded", "Your card was declined.")
POOR = Refusal("card_declined", "insufficient_funds", "Your card has insufficient funds.")
EXPIRED = Refusal("expired_card", None, "Your card has expired.", "exp_month")
WRONG_CVC = Refusal("incorrect_cvc", None, "Your card's security code is incorrect.", "cvc")
PROCESSING = Refusal(
    "processing_error", None, "An error occurred while processing your card. Try again in a little bit."
)
UNKNOWN_NUMBER = Refusal("incorrect_number", None, "Your card number is incorrect.", "number")
BAD_MONTH = Refusal("invalid_expiry_month", None, "Your card's expiration month is invalid.", "exp_month")
BAD_YEAR = Refusal("invalid_expiry_year", None, "Your card's expiration year is invalid.", "exp_year")
AUTHENTICATION = Refusal(
    "authentication_required",
    "authentication_required",
    "Your card was declined. This transaction requires authentication.",
)
UNAUTHENTICATED = Refusal(
    "payment_intent_authentication_failure",
    None,
    "We are unable to authenticate your payment method. Please choose a different payment method and try again.",
)
DEBIT_FAILED = Refusal(
    "payment_intent_payment_attempt_failed", None, "The customer's bank account could not be debited."
)
DEBIT_UNCOVERED = Refusal(
    "insufficient_funds", None, "The customer's account has insufficient funds to cover this payment."
)


@dataclass(frozen=True)
class Means:
    """A card or a bank account of the test world.

    `refusal` meets every charge; when `attaches`, it can be kept by a customer nonetheless.
    `asks` tells when 3-D Secure is needed: never (""), when a reader is present ("once"), or at every charge.
    `takes` is how long the bank takes for a debit, in seconds; three minutes are Stripe's own test of a slow one.
    `sequel` is what comes right after a charge: "dispute", "undelivered", "inquiry", "fraud_warning", or nothing.
    """

    number: str
    brand: str = "visa"
    funding: str = "credit"
    refusal: Refusal | None = None
    attaches: bool = True
    asks: str = ""
    at_once: bool = False
    takes: int = 3 * 86400
    sequel: str = ""
    refund_fails: bool = False

    @property
    def fingerprint(self) -> str:
        """The same for the same number, as Stripe's own: by it the behaviour is found again."""
        return hashlib.sha256(self.number.encode()).hexdigest()[:16]

    @property
    def is_bank_account(self) -> bool:
        """Whether this is an IBAN, debited over days, and no card."""
        return self.brand == "sepa"


MEANS = (
    Means("4242424242424242"),
    Means("4000056655665556", funding="debit"),
    Means("5555555555554444", brand="mastercard"),
    Means("6011111111111117", brand="discover"),
    Means("378282246310005", brand="amex"),
    Means("5200828282828210", brand="mastercard", funding="debit"),
    Means("5105105105105100", brand="mastercard", funding="prepaid"),
    Means("3056930009020004", brand="diners"),
    Means("3566002020360505", brand="jcb"),
    Means("6200000000000005", brand="unionpay"),
    Means("4000000000000077", at_once=True),
    Means("4000000000000259", sequel="dispute"),
    Means("4000000000002685", sequel="undelivered"),
    Means("4000000000001976", sequel="inquiry"),
    Means("4000000000005423", sequel="fraud_warning"),
    Means("4000000000005126", refund_fails=True),
    Means("4000000000007726", refund_fails=True),
    Means("4000000000000002", refusal=DECLINED, attaches=False),
    Means("4000000000009995", refusal=POOR, attaches=False),
    Means("4000000000000069", refusal=EXPIRED, attaches=False),
    Means("4000000000000127", refusal=WRONG_CVC, attaches=False),
    Means("4000000000000119", refusal=PROCESSING, attaches=False),
    Means("4000000000009987", refusal=LOST, attaches=False),
    Means("4000000000009979", refusal=STOLEN, attaches=False),
    Means("4100000000000019", refusal=FRAUDULENT, attaches=False),
    Means("4000000000006975", refusal=TOO_OFTEN, attaches=False),
    Means("4000000000000341", refusal=DECLINED),
    Means("4000002500003155", asks="once"),
    Means("4000002760003184", asks="always"),
    Means("4000000000003220", asks="always"),
    Means("DE89370400440532013000", brand="sepa"),
    Means("AT611904300234573201", brand="sepa"),
    Means("AT861904300235473202", brand="sepa", refusal=DEBIT_FAILED),
    Means("DE62370400440532013001", brand="sepa", refusal=DEBIT_FAILED),
    Means("AT321904300235473204", brand="sepa", takes=180),
    Means("DE08370400440532013003", brand="sepa", takes=180),
    Means("AT051904300235473205", brand="sepa", refusal=DEBIT_FAILED, takes=180),
    Means("DE78370400440532013004", brand="sepa", refusal=DEBIT_FAILED, takes=180),
    Means("AT981904300002222227", brand="sepa", refusal=DEBIT_UNCOVERED),
)
BY_NUMBER = {means.number: means for means in MEANS}
BY_FINGERPRINT = {means.fingerprint: means for means in MEANS}
GOOD_ACCOUNT = "DE89370400440532013000"
BAD_ACCOUNT = "DE62370400440532013001"

# What follows `pm_card_` and `tok_` in Stripe's well-known names; a decline may have `visa_` before it.
NAMED = {
    "visa": "4242424242424242",
    "us": "4242424242424242",
    "visa_debit": "4000056655665556",
    "mastercard": "5555555555554444",
    "mastercard_debit": "5200828282828210",
    "mastercard_prepaid": "5105105105105100",
    "discover": "6011111111111117",
    "amex": "378282246310005",
    "diners": "3056930009020004",
    "jcb": "3566002020360505",
    "unionpay": "6200000000000005",
    "bypassPending": "4000000000000077",
    "createDispute": "4000000000000259",
    "createDisputeProductNotReceived": "4000000000002685",
    "createDisputeInquiry": "4000000000001976",
    "createIssuerFraudRecord": "4000000000005423",
    "refundFail": "4000000000005126",
    "pendingRefund": "4000000000007726",
    "chargeDeclined": "4000000000000002",
    "chargeDeclinedInsufficientFunds": "4000000000009995",
    "chargeDeclinedLostCard": "4000000000009987",
    "chargeDeclinedStolenCard": "4000000000009979",
    "chargeDeclinedFraudulent": "4100000000000019",
    "chargeDeclinedVelocityLimitExceeded": "4000000000006975",
    "chargeDeclinedExpiredCard": "4000000000000069",
    "chargeDeclinedIncorrectCvc": "4000000000000127",
    "chargeDeclinedProcessingError": "4000000000000119",
    "chargeCustomerFail": "4000000000000341",
    "authenticationRequiredOnSetup": "4000002500003155",
    "authenticationRequired": "4000002760003184",
    "threeDSecure2Required": "4000000000003220",
    "threeDSecureRequired": "4000000000003220",
}


def well_known(name: str) -> Means | None:
    """The card behind `pm_card_…` or `tok_…`, or None."""
    for prefix in ("pm_card_", "tok_"):
        if name.startswith(prefix):
            known = name.removeprefix(prefix).replace("visa_charge", "charge")
            return BY_NUMBER.get(NAMED.get(known, ""))
    return None


def means_of(payment_method: Json) -> Means:
    """The card or account a payment method (or a card made from a token) stands for."""
    if payment_method["object"] == "card":
        return BY_FINGERPRINT[payment_method["fingerprint"]]
    return BY_FINGERPRINT[payment_method[payment_method["type"]]["fingerprint"]]
