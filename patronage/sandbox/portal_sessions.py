"""Sessions of the billing portal through the API: for whom, what they may do there, and the way back."""

from urllib.parse import urlsplit

from patronage.sandbox import portal_configurations
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.objects import named, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

KIND = "billing_portal.session"
SUPPORTED = {"configuration", "customer", "expand", "flow_data", "locale", "return_url"}
# The feature a configuration must allow for each kind of flow.
FLOWS = {
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
    "subscription_pause": "subscription_pause",
}
ABOUT = ("customer_update", "subscription_cancel", "subscription_pause", "subscription_update")
NO_FLOW: Json = dict.fromkeys((*ABOUT, "subscription_update_confirm"))


@endpoint("POST", "/v1/billing_portal/sessions", "billing_portal.SessionCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    if "customer" not in params:
        raise missing_param("customer")
    customer = named(tx, "customer", params["customer"], "customer")
    configuration = _configuration(tx, params)
    return_url = params.get("return_url") or configuration["default_return_url"]
    _check_address(return_url, "return_url")
    flow = _flow(tx, customer, configuration, params["flow_data"]) if "flow_data" in params else None
    id = new_id("bps")
    return tx.put(
        {
            "id": id,
            "object": KIND,
            "after_expiration": None,
            "configuration": configuration["id"],
            "created": tx.now(),
            "customer": customer["id"],
            "customer_account": None,
            "flow": flow,
            "livemode": False,
            "locale": params.get("locale"),
            "on_behalf_of": None,
            "return_url": return_url,
            "url": f"{tx.fact('base_url')}/p/session/{id}",
        }
    )


def _configuration(tx: Tx, params: Json) -> Json:
    if "configuration" not in params:
        return portal_configurations.default(tx)
    found = named(tx, portal_configurations.KIND, params["configuration"], "configuration")
    if not found["active"]:
        raise invalid("The configuration of a portal session must be active.", "configuration")
    return found


def _check_address(url: str | None, param: str) -> None:
    parts = urlsplit(url or "https://none.example")
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise invalid("Not a valid URL", param, "url_invalid")


def _flow(tx: Tx, customer: Json, configuration: Json, given: Json) -> Json:
    kind = given["type"]
    if kind not in FLOWS:
        raise invalid(f"The sandbox's portal has no flow of the type {kind}.", "flow_data[type]")
    if not configuration["features"][FLOWS[kind]]["enabled"]:
        feature = FLOWS[kind]
        raise invalid(f"The {feature} feature in the portal configuration is disabled.", "flow_data[type]")
    flow: Json = {**NO_FLOW, "after_completion": _after(given.get("after_completion")), "type": kind}
    if kind != "payment_method_update":
        if kind not in given:
            raise missing_param(f"flow_data[{kind}]")
        flow[kind] = _about(tx, customer, kind, given[kind])
    return flow


def _after(given: Json | None) -> Json:
    wished = given or {"type": "portal_homepage"}
    redirect, confirmation = wished.get("redirect"), wished.get("hosted_confirmation")
    if wished["type"] == "redirect":
        if redirect is None:
            raise missing_param("flow_data[after_completion][redirect]")
        _check_address(redirect["return_url"], "flow_data[after_completion][redirect][return_url]")
    shown = {"custom_message": None, **(confirmation or {})} if wished["type"] == "hosted_confirmation" else None
    return {"hosted_confirmation": shown, "redirect": redirect, "type": wished["type"]}


def _about(tx: Tx, customer: Json, kind: str, given: Json) -> Json:
    param = f"flow_data[{kind}][subscription]"
    refuse_unsupported(given, {"subscription"}, f"flow_data[{kind}]")
    subscription = named(tx, "subscription", given["subscription"], param)
    if subscription["customer"] != customer["id"]:
        raise invalid("The subscription does not belong to the customer of this session.", param)
    if subscription["status"] in ("canceled", "incomplete_expired"):
        raise invalid("The subscription is canceled and cannot be changed any more.", param)
    if kind == "subscription_cancel":
        if subscription["cancel_at"] is not None:
            raise invalid("This subscription is already set to be canceled.", param)
        return {"retention": None, "subscription": subscription["id"]}
    return {"subscription": subscription["id"]}
