"""What the billing portal lets people do: its configurations, one of which is the default."""

from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

KIND = "billing_portal.configuration"
URL = "/v1/billing_portal/configurations"
WORDED = {"business_profile", "default_return_url", "expand", "features", "login_page", "metadata", "name"}
REASONS = (
    "too_expensive",
    "missing_features",
    "switched_service",
    "unused",
    "customer_service",
    "too_complex",
    "other",
)
PROFILE: Json = {"headline": None, "privacy_policy_url": None, "terms_of_service_url": None}
# What each feature is when a configuration does not speak of it: off.
OFF: Json = {
    "customer_update": {"allowed_updates": [], "enabled": False},
    "invoice_history": {"enabled": False},
    "payment_method_update": {"enabled": False, "payment_method_configuration": None},
    "subscription_cancel": {
        "cancellation_reason": {"enabled": False, "feedback_options": None, "options": list(REASONS)},
        "enabled": False,
        "mode": "at_period_end",
        "proration_behavior": "none",
    },
    "subscription_pause": {"duration": {"interval_options": [], "type": "indefinite"}, "enabled": False},
    "subscription_update": {
        "billing_cycle_anchor": None,
        "default_allowed_updates": [],
        "enabled": False,
        "products": [],
        "proration_behavior": "none",
        "schedule_at_period_end": {"conditions": []},
        "trial_update_behavior": "end_trial",
    },
}
# What the default configuration allows, as an account has it before anybody has changed it.
DEFAULT: Json = {
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"cancellation_reason": {"enabled": True, "options": list(REASONS)}, "enabled": True},
}


def default(tx: Tx) -> Json:
    """The account's default configuration, made when it is first needed."""
    for found in tx.all(KIND):
        if found["is_default"]:
            return found
    return _new(tx, {"features": DEFAULT}, is_default=True)


def _new(tx: Tx, params: Json, *, is_default: bool = False) -> Json:
    return tx.put(
        {
            "id": new_id("bpc"),
            "object": KIND,
            "active": True,
            "application": None,
            "business_profile": {**PROFILE, **picked(params.get("business_profile", {}), *PROFILE)},
            "created": tx.now(),
            "default_return_url": params.get("default_return_url") or None,
            "features": _features(OFF, params["features"]),
            "is_default": is_default,
            "livemode": False,
            "login_page": {"enabled": False, "url": None},
            "metadata": merged({}, params.get("metadata")),
            "name": params.get("name") or None,
            "updated": tx.now(),
        }
    )


def _features(before: Json, given: Json) -> Json:
    """Features after a change: those given are overlaid, inner hashes too; an empty value empties a list."""
    after = dict(before)
    for name, value in given.items():
        old = before.get(name)
        if isinstance(value, dict) and isinstance(old, dict):
            after[name] = _features(old, value)
        elif value == "":
            after[name] = [] if isinstance(old, list) else None
        else:
            after[name] = value
    return after


def _check(params: Json) -> None:
    refuse_unsupported(params, {*WORDED, "active"})
    if params.get("login_page", {}).get("enabled"):
        raise invalid("The sandbox has no login page for the portal.", "login_page[enabled]")
    if params.get("features", {}).get("customer_update", {}).get("enabled"):
        raise invalid("The sandbox's portal changes no customers.", "features[customer_update]")


@endpoint("POST", URL, "billing_portal.ConfigurationCreateParams")
def create(tx: Tx, params: Json) -> Json:
    _check(params)
    return _new(tx, params)


@endpoint("POST", f"{URL}/<id>", "billing_portal.ConfigurationUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    _check(params)
    found = fetched(tx, KIND, id)
    if found["is_default"] and params.get("active") is False:
        raise invalid("You cannot set `active` to false on the default configuration.", "active")
    updates = picked(params, "active", "default_return_url", "name")
    if "business_profile" in params:
        updates["business_profile"] = {**found["business_profile"], **picked(params["business_profile"], *PROFILE)}
    if "features" in params:
        updates["features"] = _features(found["features"], params["features"])
    if "metadata" in params:
        updates["metadata"] = merged(found["metadata"], params["metadata"])
    return change(tx, found, {**updates, "updated": tx.now()})


@endpoint("GET", f"{URL}/<id>", "billing_portal.ConfigurationRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, KIND, id)


@endpoint("GET", URL, "billing_portal.ConfigurationListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, KIND, params, URL, ("active", "is_default"))
