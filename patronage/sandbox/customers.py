"""Customers."""

import re
from contextlib import AbstractContextManager, nullcontext

from patronage.sandbox import events
from patronage.sandbox.blanks import blank
from patronage.sandbox.card_tokens import kept_by
from patronage.sandbox.ending import end
from patronage.sandbox.errors import invalid, not_found
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import address_of, change, fetched, merged, named, picked, refuse_unsupported
from patronage.sandbox.payment_methods import attach
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

ADDRESS = re.compile(r"[^@\s]+@[^@\s]+")
PLAIN = ("address", "description", "email", "name", "phone", "shipping", "preferred_locales", "tax_exempt")
SUPPORTED = {*PLAIN, "balance", "expand", "invoice_settings", "metadata", "payment_method", "source", "test_clock"}


def check_email(email: str | None, param: str) -> None:
    """Refuse what cannot be an address."""
    if email and not ADDRESS.fullmatch(email):
        raise invalid(f"Invalid email address: {email}", param, "email_invalid")


def in_time_of(tx: Tx, customer: Json | None) -> AbstractContextManager[None]:
    """Live in the time of the customer's test clock, if there is one."""
    if customer is None or not customer.get("test_clock") or tx.clock:
        return nullcontext()
    clock = fetched(tx, "test_helpers.test_clock", customer["test_clock"])
    return tx.at(clock["frozen_time"], clock["id"])


def new_customer(tx: Tx, **fields: object) -> Json:
    """Store a customer and tell of it."""
    customer: Json = {
        "id": new_id("cus"),
        "object": "customer",
        **blank("customer"),
        "created": tx.now(),
        "invoice_prefix": new_id("in")[3:11].upper(),
        **fields,
    }
    tx.put(customer)
    events.emit(tx, "customer.created", customer)
    return customer


def _told(params: Json) -> Json:
    told = picked(params, *PLAIN, "balance")
    if "address" in told:
        told["address"] = address_of(told["address"])
    if told.get("shipping"):
        shipping = told["shipping"]
        told["shipping"] = {
            "address": address_of(shipping["address"]),
            "carrier": None,
            "name": shipping["name"] or None,
            "phone": shipping.get("phone") or None,
            "tracking_number": None,
        }
    if told.get("preferred_locales", 0) is None:
        told["preferred_locales"] = []
    if told.get("tax_exempt", 0) is None:
        told["tax_exempt"] = "none"
    return told


@endpoint("POST", "/v1/customers", "CustomerCreateParams")
def create(tx: Tx, params: Json) -> Json:
    refuse_unsupported(params, SUPPORTED)
    check_email(params.get("email"), "email")
    clock_id = params.get("test_clock")
    clock = named(tx, "test_helpers.test_clock", clock_id, "test_clock") if clock_id else None
    moment = (clock["frozen_time"], clock["id"]) if clock else (None, "")
    with tx.at(*moment):
        customer = new_customer(
            tx,
            **_told(params),
            metadata=merged({}, params.get("metadata")),
            test_clock=clock_id,
        )
        if "payment_method" in params:
            attach(tx, params["payment_method"], customer["id"])
        return _settle(tx, customer, params)


@endpoint("GET", "/v1/customers/<id>", "CustomerRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    customer = tx.get(id)
    if customer is None or customer["object"] != "customer":
        raise not_found("customer", id)
    return customer


@endpoint("POST", "/v1/customers/<id>", "CustomerUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, SUPPORTED)
    check_email(params.get("email"), "email")
    customer = fetched(tx, "customer", id)
    updates = _told(params)
    if "metadata" in params:
        updates["metadata"] = merged(customer["metadata"], params["metadata"])
    customer = change(tx, customer, updates, "customer.updated")
    return _settle(tx, customer, params)


def _settle(tx: Tx, customer: Json, params: Json) -> Json:
    if "source" in params:
        card = kept_by(tx, customer["id"], params["source"])
        customer = change(tx, customer, {"default_source": card["id"]}, "customer.updated")
    given = params.get("invoice_settings")
    if not given:
        return customer
    refuse_unsupported(given, {"default_payment_method", "footer", "custom_fields"}, "invoice_settings")
    settings = picked(given, "default_payment_method", "footer", "custom_fields")
    if settings.get("default_payment_method"):
        param = "invoice_settings[default_payment_method]"
        method = named(tx, "payment_method", settings["default_payment_method"], param)
        if method["customer"] != customer["id"]:
            method = attach(tx, method["id"], customer["id"])
    updates = {"invoice_settings": {**customer["invoice_settings"], **settings}}
    return change(tx, customer, updates, "customer.updated")


@endpoint("DELETE", "/v1/customers/<id>", "CustomerDeleteParams")
def delete(tx: Tx, _params: Json, id: str) -> Json:
    customer = fetched(tx, "customer", id)
    for subscription in tx.find("subscription", customer=id):
        if subscription["status"] not in ("canceled", "incomplete_expired"):
            end(tx, subscription, "cancellation_requested")
    events.emit(tx, "customer.deleted", customer)
    return tx.put({"id": id, "object": "customer", "deleted": True})


@endpoint("GET", "/v1/customers", "CustomerListParams")
def list_all(tx: Tx, params: Json) -> Json:
    alive = "json_extract(body, '$.deleted') IS NULL"
    if "test_clock" not in params:
        alive += " AND json_extract(body, '$.test_clock') IS NULL"
    return page(tx, "customer", params, "/v1/customers", ("email", "test_clock"), alive)
