"""Cards of the older kind: made from a token, charged directly, or kept by a customer as the default source."""

from patronage.sandbox.cards import Means, means_of, well_known
from patronage.sandbox.errors import StripeError, missing
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import named
from patronage.sandbox.payment_methods import CHECKS, NOBODY, VALID_UNTIL, card_error
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

BRANDS = {
    "visa": "Visa",
    "mastercard": "MasterCard",
    "amex": "American Express",
    "discover": "Discover",
    "diners": "Diners Club",
    "jcb": "JCB",
    "unionpay": "UnionPay",
}
ADDRESS_PARTS = ("city", "country", "line1", "line1_check", "line2", "state", "zip", "zip_check")


def card_from(tx: Tx, token: str, customer: str | None = None) -> Json:
    """Store the card behind a well-known token such as `tok_visa`; raises StripeError for any other token."""
    means = well_known(token) if token.startswith("tok_") else None
    if means is None or means.is_bank_account:
        raise missing("token", token, "source")
    return tx.put(_card(means, customer))


def _card(means: Means, customer: str | None) -> Json:
    return {
        "id": new_id("card"),
        "object": "card",
        **{f"address_{part}": None for part in ADDRESS_PARTS},
        "allow_redisplay": "unspecified",
        "brand": BRANDS[means.brand],
        "country": "US",
        "customer": customer,
        "cvc_check": "pass",
        "dynamic_last4": None,
        "exp_month": VALID_UNTIL[0],
        "exp_year": VALID_UNTIL[1],
        "fingerprint": means.fingerprint,
        "funding": means.funding,
        "last4": means.number[-4:],
        "metadata": {},
        "name": None,
        "networks": {"preferred": None},
        "regulated_status": "unregulated",
        "tokenization_method": None,
    }


def kept_by(tx: Tx, customer_id: str, token: str) -> Json:
    """A token's card as a customer's own; raises StripeError 402 when the card refuses to be kept."""
    card = card_from(tx, token, customer_id)
    means = means_of(card)
    if means.refusal is not None and not means.attaches:
        raise card_error(means.refusal)
    return card


def payer(tx: Tx, params: Json) -> Json:
    """The card a charge is to be made to: a token's, or the customer's own."""
    customer = named(tx, "customer", params["customer"], "customer") if "customer" in params else None
    if customer is None:
        if "source" not in params:
            raise missing_param("source")
        return card_from(tx, params["source"])
    id = params.get("source", customer["default_source"])
    if id is None:
        raise _missing_card("Cannot charge a customer that has no active card", "card")
    card = tx.get(id)
    if card is None or card["object"] != "card" or card["customer"] != customer["id"]:
        raise _missing_card(f"Customer {customer['id']} does not have a linked source with ID {id}.", "source")
    return card


def _missing_card(message: str, param: str) -> StripeError:
    return StripeError(402, message, type="card_error", code="missing", param=param)


def as_method(card: Json) -> Json:
    """The card in the shape of a payment method, for what a charge says of it."""
    brand = next(name for name, shown in BRANDS.items() if shown == card["brand"])
    same = ("country", "exp_month", "exp_year", "fingerprint", "funding", "last4")
    details = {**{name: card[name] for name in same}, "brand": brand, "checks": CHECKS, "wallet": None}
    return {"id": card["id"], "type": "card", "card": details, "billing_details": NOBODY}
