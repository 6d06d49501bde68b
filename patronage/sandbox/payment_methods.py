"""Payment methods: cards and bank accounts, by number or by Stripe's well-known test names."""

from datetime import UTC, datetime
from typing import Any

from patronage.sandbox import events
from patronage.sandbox.cards import BAD_MONTH, BAD_YEAR, BY_NUMBER, Means, Refusal, means_of, well_known
from patronage.sandbox.errors import StripeError, invalid, missing
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import NO_ADDRESS, address_of, change, fetched, merged, named, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

SHOWN_AS = {"amex": "american_express", "diners": "diners_club", "unionpay": "union_pay"}
VALID_UNTIL = (12, 2034)  # month and year on a card nobody has described
NOBODY: Json = {"address": NO_ADDRESS, "email": None, "name": None, "phone": None, "tax_id": None}
CHECKS = {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"}


def new_payment_method(
    tx: Tx,
    means: Means,
    billing: Json | None = None,
    metadata: Json | None = None,
    expiry: tuple[int, int] = VALID_UNTIL,
) -> Json:
    """Store a payment method, attached to nobody; `expiry` is the (month, year) printed on a card."""
    kind = "sepa_debit" if means.is_bank_account else "card"
    details = _account(means) if means.is_bank_account else _card(means, expiry)
    return tx.put(
        {
            "id": new_id("pm"),
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": {**NOBODY, **(billing or {})},
            kind: details,
            "created": tx.now(),
            "customer": None,
            "customer_account": None,
            "livemode": False,
            "metadata": metadata or {},
            "type": kind,
        }
    )


def _card(means: Means, expiry: tuple[int, int]) -> Json:
    return {
        "brand": means.brand,
        "checks": CHECKS,
        "country": "US",
        "display_brand": SHOWN_AS.get(means.brand, means.brand),
        "exp_month": expiry[0],
        "exp_year": expiry[1],
        "fingerprint": means.fingerprint,
        "funding": means.funding,
        "generated_from": None,
        "last4": means.number[-4:],
        "networks": {"available": [means.brand], "preferred": None},
        "regulated_status": "unregulated",
        "three_d_secure_usage": {"supported": True},
        "wallet": None,
    }


def _account(means: Means) -> Json:
    return {
        "bank_code": means.number[4:12],
        "branch_code": "",
        "country": means.number[:2],
        "fingerprint": means.fingerprint,
        "generated_from": {"charge": None, "setup_attempt": None},
        "last4": means.number[-4:],
    }


def shown_as(method: Json | None) -> str | None:
    """`Visa •••• 4242`, or None for none."""
    if method is None:
        return None
    if method["type"] == "card":
        return f"{method['card']['brand'].title()} •••• {method['card']['last4']}"
    return f"Bank account •••• {method['sepa_debit']['last4']}"


def replace_automatically(tx: Tx, id: str, card: str | None = None) -> Json:
    """The bank has issued the card anew, with a later date and, if given, another number: the network tells of it."""
    method = fetched(tx, "payment_method", id)
    if method["type"] != "card":
        raise invalid("Only cards are updated by their networks.", "id")
    means = BY_NUMBER.get(card.replace(" ", "")) if card else means_of(method)
    if means is None or means.is_bank_account:
        raise invalid("There is no such test card.", "card")
    expiry = (method["card"]["exp_month"], method["card"]["exp_year"] + 4)
    return change(tx, method, {"card": _card(means, expiry)}, "payment_method.automatically_updated")


def card_error(refusal: Refusal, *, keeps: bool = False, **more: Any) -> StripeError:
    """The 402 with which Stripe answers a refused card."""
    return StripeError(
        402,
        refusal.message,
        type="card_error",
        code=refusal.code,
        param=refusal.param,
        decline_code=refusal.decline_code,
        keeps=keeps,
        **more,
    )


def resolved(tx: Tx, id: str, param: str = "payment_method") -> Json:
    """The payment method of that id; a well-known name such as `pm_card_visa` makes a fresh one."""
    means = well_known(id)
    if means is not None:
        return new_payment_method(tx, means)
    if tx.fact(f"let_go:{id}") is not None:
        raise invalid(
            "This PaymentMethod was previously used without being attached to a Customer or was detached from a"
            " Customer, and may not be used again.",
            param,
        )
    return named(tx, "payment_method", id, param)


def attach(tx: Tx, id: str, customer_id: str) -> Json:
    """Give a payment method to a customer; raises StripeError 402 when the card refuses to be kept."""
    method = resolved(tx, id)
    means = means_of(method)
    if means.refusal is not None and not means.attaches:
        raise card_error(means.refusal)
    if method["customer"] not in (None, customer_id):
        raise invalid(
            "The payment method you provided has already been attached to a customer.",
            code="payment_method_unexpected_state",
        )
    if method["customer"] is None:
        method["customer"] = customer_id
        tx.put(method)
        events.emit(tx, "payment_method.attached", method)
    return method


def from_params(tx: Tx, params: Json) -> Json:
    """A fresh payment method from `type` and `card[number]`, `card[token]` or `sepa_debit[iban]`."""
    kind = params.get("type")
    if kind is None:
        raise missing_param("type")
    if kind not in ("card", "sepa_debit"):
        raise invalid(f"The sandbox has no payment methods of the type {kind}.", "type")
    given = params.get(kind)
    if not given:
        raise missing_param(kind)
    means = _means(kind, given)
    metadata = merged({}, params.get("metadata"))
    expiry = _expiry(tx, given) if "number" in given else VALID_UNTIL
    return new_payment_method(tx, means, _billing(params.get("billing_details")), metadata, expiry)


def _means(kind: str, given: Json) -> Means:
    if kind == "sepa_debit":
        means = BY_NUMBER.get(given.get("iban", "").replace(" ", ""))
        if means is None or not means.is_bank_account:
            raise invalid("The IBAN you provided is invalid.", "sepa_debit[iban]", "invalid_bank_account_iban")
        return means
    if "token" in given:
        means = well_known(given["token"])
        if means is None:
            raise missing("token", given["token"], "card[token]")
        return means
    means = BY_NUMBER.get(given.get("number", "").replace(" ", ""))
    if means is None or means.is_bank_account:
        raise StripeError(
            402,
            "Your card number is incorrect.",
            type="card_error",
            code="incorrect_number",
            param="card[number]",
        )
    return means


def _expiry(tx: Tx, given: Json) -> tuple[int, int]:
    for name in ("exp_month", "exp_year"):
        if name not in given:
            raise missing_param(f"card[{name}]")
    month, year = int(given["exp_month"]), int(given["exp_year"])
    year += 2000 if year < 100 else 0
    today = datetime.fromtimestamp(tx.now(), UTC)
    if not today.year <= year <= today.year + 50:
        raise card_error(BAD_YEAR)
    if not 1 <= month <= 12 or (year, month) < (today.year, today.month):
        raise card_error(BAD_MONTH)
    return month, year


def _billing(given: Json | None) -> Json:
    filled = {name: None if value == "" else value for name, value in (given or {}).items()}
    if "address" in filled:
        filled["address"] = address_of(filled["address"] or {})
    return filled


@endpoint("POST", "/v1/payment_methods", "PaymentMethodCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(
        params, {"type", "card", "sepa_debit", "billing_details", "metadata", "expand", "allow_redisplay"}
    )
    return from_params(tx, params)


@endpoint("GET", "/v1/payment_methods/<id>", "PaymentMethodRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "payment_method", id)


@endpoint("POST", "/v1/payment_methods/<id>", "PaymentMethodUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"billing_details", "metadata", "card", "expand", "allow_redisplay"})
    method = fetched(tx, "payment_method", id)
    updates: Json = {}
    if "metadata" in params:
        updates["metadata"] = merged(method["metadata"], params["metadata"])
    if "billing_details" in params:
        updates["billing_details"] = {**method["billing_details"], **_billing(params["billing_details"])}
    dates = {name: value for name, value in params.get("card", {}).items() if name in ("exp_month", "exp_year")}
    if dates:
        updates["card"] = {**method["card"], **dates}
    return change(tx, method, updates, "payment_method.updated")


@endpoint("POST", "/v1/payment_methods/<id>/attach", "PaymentMethodAttachParams")
def attach_to(tx: Tx, params: Json, id: str) -> Json:
    if "customer" not in params:
        raise missing_param("customer")
    customer = named(tx, "customer", params["customer"], "customer")
    if well_known(id) is None:
        fetched(tx, "payment_method", id)
    return attach(tx, id, customer["id"])


@endpoint("POST", "/v1/payment_methods/<id>/detach", "PaymentMethodDetachParams")
def detach(tx: Tx, _params: Json, id: str) -> Json:
    method = fetched(tx, "payment_method", id)
    if method["customer"] is None:
        raise invalid(
            "The payment method you provided is not attached to a customer so detachment is impossible.",
            "payment_method",
        )
    before = method["customer"]
    method["customer"] = None
    tx.put(method)
    tx.remember(f"let_go:{id}", "1")
    events.emit(tx, "payment_method.detached", method, {"customer": before})
    return method


@endpoint("GET", "/v1/payment_methods", "PaymentMethodListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "payment_method", params, "/v1/payment_methods", ("customer", "type"))


@endpoint("GET", "/v1/customers/<customer>/payment_methods", "CustomerPaymentMethodListParams")
def list_of_customer(tx: Tx, params: Json, customer: str) -> Json:
    fetched(tx, "customer", customer)
    url = f"/v1/customers/{customer}/payment_methods"
    return page(tx, "payment_method", {**params, "customer": customer}, url, ("customer", "type"))


@endpoint("GET", "/v1/customers/<customer>/payment_methods/<id>", "CustomerPaymentMethodRetrieveParams")
def retrieve_of_customer(tx: Tx, _params: Json, customer: str, id: str) -> Json:
    method = fetched(tx, "payment_method", id)
    if method["customer"] != customer:
        raise missing("payment_method", id, "payment_method")
    return method
