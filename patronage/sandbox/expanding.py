"""Expansion: ids in an answer replaced by the objects they name, up to four deep."""

import copy
from typing import Any

from patronage.sandbox import schema
from patronage.sandbox.errors import invalid
from patronage.sandbox.store import Json, Tx

DEPTH = 4
OMITTED = ("line_items", "payments", "refunds", "sources", "subscriptions", "tax", "tax_ids")


def expanded(tx: Tx, answer: Json, paths: list[str]) -> Json:
    """A copy of the answer with every path (`data.customer`, `latest_invoice.payments`) expanded."""
    answer = copy.deepcopy(answer)
    for path in paths:
        parts = path.split(".")
        if len(parts) > DEPTH:
            raise invalid(
                f"You cannot expand more than {DEPTH} levels of a property. Property: {path}",
                "expand",
                "property_expansion_max_depth",
            )
        _walk(tx, answer, parts, path)
    return answer


def _walk(tx: Tx, node: Any, parts: list[str], path: str) -> None:
    if isinstance(node, list):
        for item in node:
            _walk(tx, item, parts, path)
    elif parts and node is not None:
        if not isinstance(node, dict):
            raise _cannot(path)
        _expand(tx, node, parts[0], path)
        if len(parts) == 1 and not _holds_an_object(node, parts[0]):
            raise _cannot(path)
        _walk(tx, node[parts[0]], parts[1:], path)


def _expand(tx: Tx, node: Json, name: str, path: str) -> None:
    if name not in node and node.get("object") == "list" and "." not in path:
        raise _cannot(path, f" You may want to try expanding 'data.{path}' instead.")
    if name not in node:
        node[name] = _omitted_list(tx, node, name, path)
    if isinstance(node[name], str):
        found = tx.get(node[name])
        if found is None or name == "id":
            raise _cannot(path)
        node[name] = found
    elif name == "discounts" and isinstance(node[name], list):
        node[name] = [tx.get(id) if isinstance(id, str) else id for id in node[name]]
    elif not isinstance(node[name], dict | list | None):
        raise _cannot(path)


def _holds_an_object(node: Json, name: str) -> bool:
    """Whether there is an object in the field, or (null now) can be; a mere hash is none."""
    value = node[name]
    if isinstance(value, list):
        return True
    if isinstance(value, dict) and "object" in value:
        return True
    return "object" not in node or name in (*OMITTED, *schema.expandable(node["object"]))


def _omitted_list(tx: Tx, node: Json, name: str, path: str) -> Json | None:
    """Lists that an object holds only when asked for them."""
    kind = (node.get("object"), name)
    if kind == ("checkout.session", "line_items"):
        data = line_items(tx, node["id"])
        return listed(data, f"/v1/checkout/sessions/{node['id']}/line_items")
    if kind == ("invoice", "payments"):
        return listed(tx.find("invoice_payment", invoice=node["id"]), "/v1/invoice_payments")
    if kind == ("charge", "refunds"):
        return listed(tx.find("refund", charge=node["id"]), f"/v1/charges/{node['id']}/refunds")
    if kind == ("customer", "subscriptions"):
        alive = [sub for sub in tx.find("subscription", customer=node["id"]) if sub["status"] != "canceled"]
        return listed(alive, f"/v1/customers/{node['id']}/subscriptions")
    if kind == ("customer", "sources"):
        return listed(tx.find("card", customer=node["id"]), f"/v1/customers/{node['id']}/sources")
    if kind == ("customer", "tax_ids"):
        return listed([], f"/v1/customers/{node['id']}/{name}")
    if kind == ("customer", "tax"):
        return None
    raise _cannot(path)


def line_items(tx: Tx, session_id: str) -> list[Json]:
    """The line items of a checkout session, in the order they were given."""
    kept = tx.get(f"{session_id}:line_items")
    return [] if kept is None else list(kept["data"])


def listed(data: list[Json], url: str) -> Json:
    """A whole list as Stripe wraps it inside other objects."""
    return {"object": "list", "data": data, "has_more": False, "url": url}


def _cannot(path: str, advice: str = "") -> Exception:
    return invalid(f"This property cannot be expanded ({path}).{advice}", "expand")
