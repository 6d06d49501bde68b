"""How a checkout session is opened: what is sold in it, to whom, and until when."""

from typing import Any
from urllib.parse import urlsplit

from patronage.sandbox import checkout_totals, clock, discounts, trials
from patronage.sandbox.blanks import blank
from patronage.sandbox.catalog import price_from
from patronage.sandbox.customers import check_email
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.money import check_amount
from patronage.sandbox.objects import merged, named, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

HALF_AN_HOUR, A_DAY = 1800, 86400
ECHOED = (
    "allow_promotion_codes",
    "allowed_payment_method_types",
    "billing_address_collection",
    "cancel_url",
    "client_reference_id",
    "consent_collection",
    "customer_email",
    "excluded_payment_method_types",
    "locale",
    "payment_method_collection",
    "phone_number_collection",
    "submit_type",
    "success_url",
)
KEPT_ASIDE = ("payment_intent_data", "subscription_data", "setup_intent_data")
SUPPORTED = {
    *ECHOED,
    *KEPT_ASIDE,
    "currency",
    "custom_text",
    "customer",
    "customer_creation",
    "customer_update",
    "discounts",
    "expand",
    "expires_at",
    "line_items",
    "metadata",
    "mode",
    "payment_method_options",
    "saved_payment_method_options",
    "ui_mode",
}
NO_TEXT = {"after_submit": None, "shipping_address": None, "submit": None, "terms_of_service_acceptance": None}
INTENT_DATA = {"metadata", "description", "receipt_email", "setup_future_usage", "statement_descriptor"}
SUBSCRIPTION_DATA = {"metadata", "description", "proration_behavior", "trial_end", "trial_period_days"}
SUBSCRIPTION_DATA |= {"trial_settings"}


@endpoint("POST", "/v1/checkout/sessions", "checkout.SessionCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    mode = params.get("mode") or _refuse_missing("mode")
    _check_together(mode, params)
    _check_addresses(params)
    if "customer" in params:
        named(tx, "customer", params["customer"], "customer")
    items = _lines(tx, mode, params)
    currency = items[0]["currency"] if items else params.get("currency", "eur").lower()
    checkout_totals.check_together(params)
    chosen = discounts.wished(tx, params.get("discounts", []), currency, params.get("customer"))
    free = trials.asked_for(tx, params.get("subscription_data", {}), "subscription_data") is not None
    totals = checkout_totals.reckon(items, chosen, free=free) if items else {}
    if items and not free:
        _check_total(totals, currency)
    session = {**_session(tx, params, mode, totals.get("amount_total"), currency), **totals}
    session["discounts"] = checkout_totals.named(chosen)
    aside = {name: params.get(name) for name in KEPT_ASIDE}
    tx.put({"id": f"{session['id']}:line_items", "object": "sandbox.line_items", "data": items, **aside})
    clock.schedule(tx, session["expires_at"], "session", session["id"])
    return tx.put(session)


def _check_total(totals: Json, currency: str) -> None:
    if totals["amount_total"] > 0 or totals["total_details"]["amount_discount"] == 0:
        check_amount(totals["amount_total"], currency, "line_items")


def _refuse_missing(name: str) -> Any:
    raise missing_param(name)


def _check_together(mode: str, params: Json) -> None:
    if "customer" in params and "customer_email" in params:
        message = "You may only specify one of these parameters: customer, customer_email."
        raise invalid(message, "customer_email")
    for name, only in (("payment_intent_data", "payment"), ("subscription_data", "subscription")):
        if name in params and mode != only:
            raise invalid(f"You can not pass `{name}` in `{mode}` mode.", name)
    if "customer_creation" in params and mode == "subscription":
        raise invalid("`customer_creation` can only be used in `payment` and `setup` mode.", "customer_creation")
    if params.get("ui_mode", "hosted_page") != "hosted_page":
        raise invalid("The sandbox has hosted pages only.", "ui_mode")
    refuse_unsupported(params.get("payment_intent_data", {}), INTENT_DATA, "payment_intent_data")
    refuse_unsupported(params.get("subscription_data", {}), SUBSCRIPTION_DATA, "subscription_data")


def _check_addresses(params: Json) -> None:
    if "success_url" not in params:
        raise missing_param("success_url")
    for name in ("success_url", "cancel_url"):
        address = urlsplit(params.get(name, "https://ok.example"))
        if address.scheme not in ("http", "https") or not address.netloc:
            raise invalid("Not a valid URL", name, "url_invalid")
    check_email(params.get("customer_email"), "customer_email")


def _lines(tx: Tx, mode: str, params: Json) -> list[Json]:
    given = params.get("line_items")
    if mode == "setup":
        if given:
            raise invalid("You can not pass `line_items` in `setup` mode.", "line_items")
        return []
    if not given:
        raise missing_param("line_items")
    items = [_line(tx, mode, wish, f"line_items[{position}]") for position, wish in enumerate(given)]
    if len({item["currency"] for item in items}) > 1:
        raise invalid("All line items must have the same currency.", "line_items")
    return items


def _line(tx: Tx, mode: str, given: Json, at: str) -> Json:
    refuse_unsupported(given, {"price", "price_data", "quantity", "metadata"}, at)
    if "quantity" not in given:
        raise invalid(f"Quantity is required. Add `quantity` to `{at}`", f"{at}[quantity]", "parameter_missing")
    if given["quantity"] < 1:
        message = "This value must be greater than or equal to 1."
        raise invalid(message, f"{at}[quantity]", "parameter_invalid_integer")
    price = price_from(tx, given, at)
    if mode == "payment" and price["recurring"]:
        raise invalid(
            "You specified `payment` mode but passed a recurring price. Either switch to `subscription` mode or use"
            " only one-time prices.",
            at,
        )
    if mode == "subscription" and not price["recurring"]:
        raise invalid("The sandbox takes only recurring prices in `subscription` mode.", at)
    product = tx.get(price["product"])
    amount = price["unit_amount"] * given["quantity"]
    return {
        "id": new_id("li"),
        "object": "item",
        "amount_discount": 0,
        "amount_subtotal": amount,
        "amount_tax": 0,
        "amount_total": amount,
        "currency": price["currency"],
        "description": product["name"] if product else None,
        "metadata": merged({}, given.get("metadata")),
        "price": price,
        "quantity": given["quantity"],
    }


def _session(tx: Tx, params: Json, mode: str, total: int | None, currency: str) -> Json:
    id = new_id("cs_test")
    return {
        "id": id,
        "object": "checkout.session",
        **blank("checkout.session"),
        "amount_subtotal": total,
        "amount_total": total,
        "created": tx.now(),
        "currency": currency if total is not None or "currency" in params else None,
        "custom_text": {**NO_TEXT, **params.get("custom_text", {})},
        "customer": params.get("customer"),
        "customer_creation": _creation(params, mode),
        "expires_at": _expiry(tx, params),
        "metadata": merged({}, params.get("metadata")),
        "mode": mode,
        "payment_method_options": params.get("payment_method_options", {}),
        "payment_method_types": ["card", "sepa_debit"] if currency == "eur" else ["card"],
        "payment_status": "no_payment_required" if total is None else "unpaid",
        "url": f"{tx.fact('base_url')}/c/pay/{id}",
        **picked(params, *ECHOED),
    }


def _creation(params: Json, mode: str) -> str | None:
    if "customer" in params:
        return None
    return "always" if mode == "subscription" else str(params.get("customer_creation", "if_required"))


def _expiry(tx: Tx, params: Json) -> int:
    now = tx.now()
    expires_at = int(params.get("expires_at", now + A_DAY))
    if expires_at > now + A_DAY:
        raise invalid(
            "The `expires_at` timestamp must be less than 24 hours from Checkout Session creation.", "expires_at"
        )
    if expires_at < now + HALF_AN_HOUR - 60:
        raise invalid(
            "The `expires_at` timestamp must be at least 30 minutes from Checkout Session creation.", "expires_at"
        )
    return expires_at
