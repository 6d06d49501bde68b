"""What is done to objects of every kind: found, or refused as missing; changed, and told of."""

from typing import Any

from patronage.sandbox import events
from patronage.sandbox.errors import invalid, missing, not_found
from patronage.sandbox.store import Json, Tx


def fetched(tx: Tx, kind: str, id: str) -> Json:
    """The object the path names; 404 when there is none, or it is deleted."""
    found = tx.get(id)
    if found is None or found["object"] != kind or found.get("deleted"):
        raise not_found(kind, id)
    return found


def named(tx: Tx, kind: str, id: str, param: str) -> Json:
    """The object a parameter names; 400 when there is none."""
    found = tx.get(id)
    if found is None or found["object"] != kind or found.get("deleted"):
        raise missing(kind, id, param)
    return found


def change(tx: Tx, obj: Json, updates: Json, event: str | None = None) -> Json:
    """Store the object with updates applied; when something changed, tell it with the old values."""
    previous = difference(obj, {**obj, **updates})
    obj.update(updates)
    tx.put(obj)
    if event is not None and previous:
        events.emit(tx, event, obj, previous)
    return obj


def difference(old: Json, new: Json) -> Json:
    """The old values of what differs; inside a hash only the keys that differ."""
    changed: Json = {}
    for name, value in new.items():
        before = old.get(name)
        if before == value:
            continue
        if isinstance(before, dict) and isinstance(value, dict) and value.get("object") != "list":
            gone_or_changed = {key: before.get(key) for key in before | value if before.get(key) != value.get(key)}
            changed[name] = gone_or_changed
        else:
            changed[name] = before
    return changed


def merged(old: Json | None, given: Any) -> Json:
    """Metadata after an update: keys given replace, keys given as "" go, all of it "" clears."""
    if given == "":
        return {}
    both = {**(old or {}), **(given or {})}
    kept = {key: value for key, value in both.items() if value != ""}
    if len(kept) > 50:
        raise invalid("Metadata can have at most 50 keys.", "metadata")
    for key, value in kept.items():
        if len(key) > 40 or len(value) > 500:
            raise invalid(
                f"Metadata keys can have at most 40 characters and values at most 500: '{key}'.",
                f"metadata[{key}]",
            )
    return kept


def picked(params: Json, *names: str) -> Json:
    """Those of the named parameters that were given; an empty value unsets, and so becomes null."""
    return {name: None if params[name] == "" else params[name] for name in names if name in params}


NO_ADDRESS = {"city": None, "country": None, "line1": None, "line2": None, "postal_code": None, "state": None}


def address_of(given: Json | str | None) -> Json | None:
    """An address with every part, null where nothing was given; none at all where "" unsets it."""
    return {**NO_ADDRESS, **{part: text or None for part, text in given.items()}} if isinstance(given, dict) else None


def refuse_unsupported(params: Json, supported: set[str], at: str = "") -> None:
    """Refuse what Stripe knows and this sandbox does not: a wrong answer would be worse than none."""
    for name in params:
        if name not in supported:
            full = f"{at}[{name}]" if at else name
            raise invalid(f"The sandbox does not support the parameter {full}.", full)
