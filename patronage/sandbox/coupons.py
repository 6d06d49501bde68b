"""Coupons and promotion codes: what can be taken off, for how long, and the word that does it."""

from patronage.sandbox import events
from patronage.sandbox.errors import invalid
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import known_currency
from patronage.sandbox.objects import change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.schema import missing_param
from patronage.sandbox.store import Json, Tx

PLAIN = ("amount_off", "duration_in_months", "max_redemptions", "name", "percent_off", "redeem_by")
KNOWN = {*PLAIN, "currency", "duration", "expand", "id", "metadata"}
NO_RESTRICTIONS: Json = {"first_time_transaction": False, "minimum_amount": None, "minimum_amount_currency": None}


@endpoint("POST", "/v1/coupons", "CouponCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, KNOWN)
    _check(tx, params)
    coupon: Json = {
        "id": params.get("id") or new_id("co")[3:11].upper(),
        "object": "coupon",
        **dict.fromkeys(PLAIN),
        **picked(params, *PLAIN),
        "created": tx.now(),
        "currency": known_currency(params["currency"], "currency") if "amount_off" in params else None,
        "duration": params.get("duration", "once"),
        "livemode": False,
        "metadata": merged({}, params.get("metadata")),
        "times_redeemed": 0,
        "valid": True,
    }
    if tx.get(coupon["id"]) is not None:
        raise invalid("Coupon already exists.", "id", "resource_already_exists")
    kept = {name: coupon[name] for name in ("amount_off", "percent_off", "duration")}
    tx.put({"id": f"{coupon['id']}:terms", "object": "sandbox.terms", **kept})
    events.emit(tx, "coupon.created", tx.put(coupon))
    return coupon


def _check(tx: Tx, params: Json) -> None:
    if ("percent_off" in params) == ("amount_off" in params):
        raise invalid("You must pass exactly one of `percent_off` and `amount_off`.", "percent_off")
    if "percent_off" in params and not 0 < params["percent_off"] <= 100:
        raise invalid("Invalid percent_off: it must be greater than 0 and at most 100.", "percent_off")
    if "amount_off" in params:
        if "currency" not in params:
            raise missing_param("currency")
        if params["amount_off"] < 1:
            raise invalid("This value must be greater than or equal to 1.", "amount_off", "parameter_invalid_integer")
    if (params.get("duration") == "repeating") != ("duration_in_months" in params):
        raise invalid("`duration_in_months` goes with a `duration` of `repeating`, and only with that.", "duration")
    if params.get("redeem_by", tx.now() + 1) <= tx.now():
        raise invalid("`redeem_by` must be in the future.", "redeem_by")


@endpoint("GET", "/v1/coupons/<id>", "CouponRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "coupon", id)


@endpoint("POST", "/v1/coupons/<id>", "CouponUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"metadata", "name", "expand"})
    coupon = fetched(tx, "coupon", id)
    updates = picked(params, "name")
    if "metadata" in params:
        updates["metadata"] = merged(coupon["metadata"], params["metadata"])
    return change(tx, coupon, updates, "coupon.updated")


@endpoint("DELETE", "/v1/coupons/<id>", "CouponDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    """Nobody can redeem it any more; the discounts it has given stay."""
    coupon = fetched(tx, "coupon", id)
    events.emit(tx, "coupon.deleted", coupon)
    tx.delete(id)
    return {"id": id, "object": "coupon", "deleted": True}


@endpoint("GET", "/v1/coupons", "CouponListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "coupon", params, "/v1/coupons")


@endpoint("POST", "/v1/promotion_codes", "PromotionCodeCreateParams")
def create_code(tx: Tx, params: Json) -> Json:
    known = {"active", "code", "customer", "expand", "expires_at", "max_redemptions", "metadata", "promotion"}
    refuse_unsupported(params, known)
    if "coupon" not in params["promotion"]:
        raise missing_param("promotion[coupon]")
    named(tx, "coupon", params["promotion"]["coupon"], "promotion[coupon]")
    if "customer" in params:
        named(tx, "customer", params["customer"], "customer")
    word = params.get("code") or new_id("pc")[3:11].upper()
    if by_word(tx, word) is not None:
        raise invalid("An active promotion code with this code already exists.", "code", "resource_already_exists")
    code: Json = {
        "id": new_id("promo"),
        "object": "promotion_code",
        "active": params.get("active", True),
        "code": word,
        "created": tx.now(),
        "customer": params.get("customer"),
        "customer_account": None,
        "expires_at": params.get("expires_at"),
        "livemode": False,
        "max_redemptions": params.get("max_redemptions"),
        "metadata": merged({}, params.get("metadata")),
        "promotion": params["promotion"],
        "restrictions": NO_RESTRICTIONS,
        "times_redeemed": 0,
    }
    events.emit(tx, "promotion_code.created", tx.put(code))
    return code


def by_word(tx: Tx, word: str) -> Json | None:
    """The active promotion code that a reader types, in whatever case; or None."""
    for code in tx.all("promotion_code"):
        if code["active"] and code["code"].casefold() == word.strip().casefold():
            return code
    return None


@endpoint("GET", "/v1/promotion_codes/<id>", "PromotionCodeRetrieveParams")
def retrieve_code(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "promotion_code", id)


@endpoint("POST", "/v1/promotion_codes/<id>", "PromotionCodeUpdateParams")
def update_code(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"active", "metadata", "expand"})
    code = fetched(tx, "promotion_code", id)
    updates = picked(params, "active")
    if "metadata" in params:
        updates["metadata"] = merged(code["metadata"], params["metadata"])
    return change(tx, code, updates, "promotion_code.updated")


@endpoint("GET", "/v1/promotion_codes", "PromotionCodeListParams")
def list_codes(tx: Tx, params: Json) -> Json:
    asked = dict(params)
    if "coupon" in params:
        asked["promotion.coupon"] = asked.pop("coupon")
    equal = ("active", "code", "customer", "promotion.coupon")
    return page(tx, "promotion_code", asked, "/v1/promotion_codes", equal)
