"""What lines of the month view, kinds of entries, accounts and ways of giving are called, in the reader's language."""

from typing import Any

from flask_babel import lazy_gettext as _l

LINES: dict[str, Any] = {
    "gross": _l("Gifts, gross"),
    "refunds": _l("Refunds"),
    "refund_failures": _l("Refunds that failed"),
    "disputes": _l("Disputes"),
    "reversals": _l("Disputes won back"),
    "fees": _l("Fees"),
    "dispute_fees": _l("Fees of disputes"),
    "exchange": _l("Exchanged"),
    "adjustments": _l("Other movements at Stripe"),
    "manual": _l("Entered by hand"),
    "payouts": _l("Payouts"),
    "payout_failures": _l("Payouts that came back"),
    "net": _l("Net"),
    "paid_out": _l("Paid out"),
    "given_back": _l("Given back"),
    "disputed": _l("Disputes and their fees"),
    "gifts": _l("Gifts past Stripe"),
    "corrections": _l("Corrections"),
}
KINDS: dict[str, Any] = {
    "payment": _l("Gift"),
    "fee": _l("Fee"),
    "refund": _l("Refund"),
    "refund_failure": _l("Refund that failed"),
    "dispute": _l("Dispute"),
    "dispute_fee": _l("Fee of a dispute"),
    "dispute_reversal": _l("Dispute won back"),
    "payout": _l("Payout"),
    "payout_failure": _l("Payout that came back"),
    "exchange_out": _l("Exchanged, from"),
    "exchange_in": _l("Exchanged, into"),
    "adjustment": _l("Other movement at Stripe"),
    "manual": _l("Entered by hand"),
}
ACCOUNTS: dict[str, Any] = {
    "stripe balance": _l("Balance at Stripe"),
    "bank": _l("Bank"),
    "gifts": _l("Gifts"),
    "fees": _l("Fees"),
    "disputes": _l("Disputes"),
    "exchange": _l("Exchange"),
    "adjustments": _l("Adjustments"),
    "cash": _l("Cash"),
    "paypal": _l("PayPal"),
    "crypto": _l("Crypto"),
}
CHANNELS: dict[str, Any] = {
    "stripe": _l("Stripe"),
    "bank transfer": _l("Bank transfer"),
    "cash": _l("Cash"),
    "grant": _l("Grant"),
    "cheque": _l("Cheque"),
    "paypal": _l("PayPal"),
    "crypto": _l("Crypto"),
}
