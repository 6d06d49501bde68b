"""Subscription items: what a subscription charges for, and for which period."""

from patronage.sandbox.catalog import price_from
from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import whole
from patronage.sandbox.objects import merged, named, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

SUPPORTED = {"price", "price_data", "quantity", "metadata"}


def priced(tx: Tx, given: list[Json]) -> list[Json]:
    """The items a request asks for, each with its price as an object, a quantity and metadata."""
    wanted = []
    for position, wish in enumerate(given):
        at = f"items[{position}]"
        refuse_unsupported(wish, SUPPORTED, at)
        price = recurring_price(tx, wish, at)
        wanted.append({"price": price, "quantity": wish.get("quantity", 1), "metadata": wish.get("metadata")})
    return wanted


def new_item(tx: Tx, subscription_id: str, wanted: Json, period: tuple[int, int]) -> Json:
    """An item for a price, not yet stored; it lives inside its subscription."""
    return {
        "id": new_id("si"),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": tx.now(),
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": merged({}, wanted.get("metadata")),
        "plan": plan_of(wanted["price"]),
        "price": wanted["price"],
        "quantity": wanted["quantity"],
        "subscription": subscription_id,
        "tax_rates": [],
    }


def recurring_price(tx: Tx, given: Json, at: str) -> Json:
    """The price of an item; raises StripeError when it is paid once only."""
    price = price_from(tx, given, at)
    if price["recurring"] is None:
        raise invalid(
            "The price specified is set to `type=one_time` but this field only accepts prices with `type=recurring`.",
            f"{at}[price]",
        )
    return price


def plan_of(price: Json) -> Json:
    """The plan that Stripe still shows beside each recurring price."""
    recurring = price["recurring"]
    return {
        "id": price["id"],
        "object": "plan",
        "active": price["active"],
        "amount": price["unit_amount"],
        "amount_decimal": price["unit_amount_decimal"],
        "billing_scheme": "per_unit",
        "created": price["created"],
        "currency": price["currency"],
        "interval": recurring["interval"],
        "interval_count": recurring["interval_count"],
        "livemode": False,
        "metadata": price["metadata"],
        "meter": None,
        "nickname": price["nickname"],
        "product": price["product"],
        "tiers_mode": None,
        "transform_usage": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def changed_items(tx: Tx, subscription: Json, given: list[Json]) -> list[Json]:
    """The items after an update: those named by id change, the rest stay; adding or taking away is refused."""
    by_id = {item["id"]: item for item in subscription["items"]["data"]}
    for position, wish in enumerate(given):
        at = f"items[{position}]"
        refuse_unsupported(wish, {*SUPPORTED, "id"}, at)
        if "id" not in wish:
            raise invalid("The sandbox keeps a subscription's items; name the one to change.", f"{at}[id]")
        if wish["id"] not in by_id:
            raise invalid(f"No such subscription_item: '{wish['id']}'", f"{at}[id]", "resource_missing")
        item = dict(by_id[wish["id"]])
        if "price" in wish or "price_data" in wish:
            price = recurring_price(tx, wish, at)
            if price["currency"] != subscription["currency"]:
                raise invalid(
                    f"The price specified only supports `{price['currency']}`. This doesn't match the expected"
                    f" currency: `{subscription['currency']}`.",
                    f"{at}[price]",
                )
            item.update(price=price, plan=plan_of(price))
        item["quantity"] = wish.get("quantity", item["quantity"])
        if "metadata" in wish:
            item["metadata"] = merged(item["metadata"], wish["metadata"])
        by_id[item["id"]] = item
    return list(by_id.values())


@endpoint("GET", "/v1/subscription_items", "SubscriptionItemListParams")
def list_all(tx: Tx, params: Json) -> Json:
    if "subscription" not in params:
        raise missing_param("subscription")
    items: Json = named(tx, "subscription", params["subscription"], "subscription")["items"]
    return whole(items["data"], params, "/v1/subscription_items")


@endpoint("GET", "/v1/subscription_items/<id>", "SubscriptionItemRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    for subscription in tx.all("subscription"):
        for item in subscription["items"]["data"]:
            if item["id"] == id:
                found: Json = item
                return found
    raise not_found("subscription_item", id)
