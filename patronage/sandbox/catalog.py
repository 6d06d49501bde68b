"""Products and prices."""

from patronage.sandbox import events
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import LARGEST, known_currency
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

PLAIN = ("active", "description", "name", "statement_descriptor", "unit_label", "url", "shippable")
LISTS = ("images", "marketing_features")
INTERVALS = {"day": 1095, "week": 156, "month": 36, "year": 3}  # at most three years between two payments
INLINE = {
    "currency",
    "product",
    "product_data",
    "recurring",
    "unit_amount",
    "unit_amount_decimal",
    "tax_behavior",
}


def new_product(tx: Tx, params: Json, active: bool = True) -> Json:
    """Store a product and tell of it."""
    product: Json = {
        "id": params.get("id") or new_id("prod"),
        "object": "product",
        "active": active,
        "created": tx.now(),
        "default_price": None,
        "description": None,
        "images": [],
        "livemode": False,
        "marketing_features": [],
        "metadata": merged({}, params.get("metadata")),
        "package_dimensions": None,
        "shippable": None,
        "statement_descriptor": None,
        "tax_code": None,
        "type": "service",
        "unit_label": None,
        "updated": tx.now(),
        "url": None,
        **picked(params, *PLAIN),
    }
    product.update({name: params[name] or [] for name in LISTS if name in params})
    if tx.get(product["id"]) is not None:
        raise invalid("Product already exists.", "id", "resource_already_exists")
    tx.put(product)
    events.emit(tx, "product.created", product)
    return product


@endpoint("POST", "/v1/products", "ProductCreateParams")
def create_product(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, {*PLAIN, *LISTS, "id", "metadata", "default_price_data", "expand", "type"})
    product = new_product(tx, params)
    if "default_price_data" in params:
        inline = {**params["default_price_data"], "product": product["id"]}
        price = new_price(tx, inline)
        product = change(tx, product, {"default_price": price["id"]})
    return product


@endpoint("GET", "/v1/products/<id>", "ProductRetrieveParams")
def retrieve_product(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "product", id)


@endpoint("POST", "/v1/products/<id>", "ProductUpdateParams")
def update_product(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {*PLAIN, *LISTS, "metadata", "default_price", "expand"})
    product = fetched(tx, "product", id)
    updates = picked(params, *PLAIN, "default_price")
    updates.update({name: params[name] or [] for name in LISTS if name in params})
    if updates.get("default_price"):
        named(tx, "price", updates["default_price"], "default_price")
    if "metadata" in params:
        updates["metadata"] = merged(product["metadata"], params["metadata"])
    return change(tx, product, {**updates, "updated": tx.now()}, "product.updated")


@endpoint("DELETE", "/v1/products/<id>", "ProductDeleteParams")
def delete_product(tx: Tx, _params: Json, id: str) -> Json:
    product = fetched(tx, "product", id)
    if tx.find("price", product=id):
        raise invalid(
            "This product cannot be deleted because it has one or more user-created prices.",
            "id",
            "product_has_prices",
        )
    tx.delete(id)
    events.emit(tx, "product.deleted", product)
    return {"id": id, "object": "product", "deleted": True}


@endpoint("GET", "/v1/products", "ProductListParams")
def list_products(tx: Tx, params: Json) -> Json:
    where, values = "", []
    if "ids" in params:
        values = params["ids"]
        where = f"id IN ({', '.join('?' for _ in values)})"
    return page(tx, "product", params, "/v1/products", ("active", "shippable", "type", "url"), where, values, ("ids",))


def new_price(tx: Tx, params: Json, active: bool = True) -> Json:
    """Store a price and tell of it; `product` or `product_data` names what it is for."""
    amount = _amount(params)
    recurring = _recurring(params.get("recurring"))
    price: Json = {
        "id": new_id("price"),
        "object": "price",
        "active": active,
        "billing_scheme": "per_unit",
        "created": tx.now(),
        "currency": known_currency(params["currency"], "currency"),
        "custom_unit_amount": None,
        "livemode": False,
        "lookup_key": params.get("lookup_key"),
        "metadata": merged({}, params.get("metadata")),
        "nickname": params.get("nickname"),
        "product": _product_of(tx, params, active),
        "recurring": recurring,
        "tax_behavior": params.get("tax_behavior", "unspecified"),
        "tiers_mode": None,
        "transform_quantity": None,
        "type": "recurring" if recurring else "one_time",
        "unit_amount": amount,
        "unit_amount_decimal": str(amount),
    }
    tx.put(price)
    events.emit(tx, "price.created", price)
    return price


def _product_of(tx: Tx, params: Json, active: bool) -> str:
    if ("product" in params) == ("product_data" in params):
        raise invalid("You must pass exactly one of `product` and `product_data`.", "product")
    if "product" in params:
        return str(named(tx, "product", params["product"], "product")["id"])
    return str(new_product(tx, params["product_data"], active)["id"])


def _amount(params: Json) -> int:
    if ("unit_amount" in params) == ("unit_amount_decimal" in params):
        raise invalid("You must pass exactly one of `unit_amount` and `unit_amount_decimal`.", "unit_amount")
    if "unit_amount_decimal" in params:
        text = str(params["unit_amount_decimal"])
        if not text.isdecimal():
            raise invalid("The sandbox supports whole minor units only.", "unit_amount_decimal")
        return int(text)
    amount = int(params["unit_amount"])
    if amount < 0:
        raise invalid("Invalid non-negative integer", "unit_amount", "parameter_invalid_integer")
    if amount > LARGEST:
        message = f"Amount must be no more than {LARGEST} in minor units."
        raise invalid(message, "unit_amount", "amount_too_large")
    return amount


def _recurring(given: Json | None) -> Json | None:
    if not given:
        return None
    refuse_unsupported(given, {"interval", "interval_count", "usage_type"}, "recurring")
    count = given.get("interval_count", 1)
    if not 1 <= count <= INTERVALS[given["interval"]]:
        raise invalid("Prices may recur at most every three years.", "recurring[interval_count]")
    if given.get("usage_type", "licensed") != "licensed":
        raise invalid("The sandbox has no metered prices.", "recurring[usage_type]")
    return {
        "interval": given["interval"],
        "interval_count": count,
        "meter": None,
        "trial_period_days": None,
        "usage_type": "licensed",
    }


def price_from(tx: Tx, given: Json, at: str) -> Json:
    """The price that a line names (`price`), or one made for it alone (`price_data`)."""
    if ("price" in given) == ("price_data" in given):
        raise invalid(f"You must specify either `price` or `price_data` in `{at}`.", at)
    if "price" in given:
        price = named(tx, "price", given["price"], f"{at}[price]")
        if not price["active"]:
            raise invalid("The price specified is inactive. This field only accepts active prices.", f"{at}[price]")
        return price
    refuse_unsupported(given["price_data"], INLINE, f"{at}[price_data]")
    return new_price(tx, given["price_data"], active=False)


@endpoint("POST", "/v1/prices", "PriceCreateParams")
def create_price(tx: Tx, params: Json) -> Json:
    known = {*INLINE, "active", "lookup_key", "metadata", "nickname", "billing_scheme", "transfer_lookup_key"}
    refuse_unsupported(params, {*known, "expand"})
    if params.get("billing_scheme", "per_unit") != "per_unit":
        raise invalid("The sandbox has no tiered prices.", "billing_scheme")
    _claim_lookup_key(tx, params)
    return new_price(tx, params, params.get("active", True))


def _claim_lookup_key(tx: Tx, params: Json) -> None:
    if "lookup_key" not in params:
        return
    for price in tx.all("price"):
        if price["lookup_key"] == params["lookup_key"]:
            if not params.get("transfer_lookup_key"):
                message = f"A price (`{price['id']}`) already uses that lookup key."
                raise invalid(message, "lookup_key", "resource_already_exists")
            change(tx, price, {"lookup_key": None}, "price.updated")


@endpoint("GET", "/v1/prices/<id>", "PriceRetrieveParams")
def retrieve_price(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "price", id)


@endpoint("POST", "/v1/prices/<id>", "PriceUpdateParams")
def update_price(tx: Tx, params: Json, id: str) -> Json:
    known = {"active", "lookup_key", "metadata", "nickname", "tax_behavior", "transfer_lookup_key", "expand"}
    refuse_unsupported(params, known)
    price = fetched(tx, "price", id)
    if price["lookup_key"] != params.get("lookup_key"):
        _claim_lookup_key(tx, params)
    updates = picked(params, "active", "lookup_key", "nickname", "tax_behavior")
    if "metadata" in params:
        updates["metadata"] = merged(price["metadata"], params["metadata"])
    return change(tx, price, updates, "price.updated")


@endpoint("GET", "/v1/prices", "PriceListParams")
def list_prices(tx: Tx, params: Json) -> Json:
    where, values = "1", []
    if "lookup_keys" in params:
        values = list(params["lookup_keys"])
        where = f"json_extract(body, '$.lookup_key') IN ({', '.join('?' for _ in values)})"
    for name in ("interval", "usage_type"):
        if name in params.get("recurring", {}):
            where += f" AND json_extract(body, '$.recurring.{name}') = ?"
            values.append(params["recurring"][name])
    equal = ("active", "currency", "product", "type")
    return page(tx, "price", params, "/v1/prices", equal, where, values, ("lookup_keys", "recurring"))
