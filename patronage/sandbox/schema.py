"""What Stripe's own package says a request may hold, at the pinned version."""

import importlib
import re
import types
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, Literal, NotRequired, Required, Union, get_args, get_origin, get_type_hints

from stripe._api_version import _ApiVersion
from stripe._object_classes import get_object_class
from stripe._request_options import RequestOptions
from typing_extensions import is_typeddict

from patronage.sandbox.errors import StripeError, invalid
from patronage.sandbox.store import Json

API_VERSION = _ApiVersion.CURRENT
WHOLE = re.compile(r"-?[0-9]{1,15}")
PLACE = re.compile(r"[0-9]{1,4}")  # of a value in a list
UNIONS = (Union, types.UnionType)
# Texts that Stripe's classes declare as plain strings, and that an empty value unsets all the same.
UNSETTABLE = {
    *("description", "email", "phone", "receipt_email", "nickname", "footer", "comment", "carrier"),
    *("tracking_number", "city", "country", "line1", "line2", "postal_code", "state", "statement_descriptor"),
}
UNSETTABLE_OF_PEOPLE = {*UNSETTABLE, "name", "business_name", "individual_name"}


def checked(params_name: str, raw: Json) -> Json:
    """The parsed form as typed values, held against a class of `stripe.params`, e.g. `checkout.SessionListParams`.

    Raises StripeError as Stripe would: parameter_unknown, parameter_missing, a wrong type, an empty value.
    """
    return _hash(_class(params_name), raw, "")


@cache
def _class(name: str) -> Any:
    module, _, attribute = f"stripe.params.{name}".rpartition(".")
    return getattr(importlib.import_module(module), attribute)


@cache
def _fields(typed: Any) -> dict[str, tuple[Any, bool]]:
    hints = get_type_hints(typed, localns={"StripeContext": Any, "Mapping": dict}, include_extras=True)
    return {
        name: (_bare(hint), name in typed.__required_keys__)
        for name, hint in hints.items()
        if name not in RequestOptions.__annotations__
    }


def _bare(hint: Any) -> Any:
    return _bare(get_args(hint)[0]) if get_origin(hint) in (NotRequired, Required) else hint


@cache
def _options(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in UNIONS:
        return tuple(option for part in get_args(hint) for option in _options(part))
    return (hint,)


def _hash(typed: Any, raw: Json, at: str) -> Json:
    fields = _fields(typed)
    unknown = [_name(at, key) for key in raw if key not in fields]
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        message = f"Received unknown parameter{plural}: {', '.join(unknown)}"
        raise invalid(message, unknown[0], "parameter_unknown")
    for key, (_, required) in fields.items():
        if required and key not in raw:
            raise missing_param(_name(at, key))
    return {
        key: "" if value == "" and _unsets(typed, key) else _value(fields[key][0], value, _name(at, key))
        for key, value in raw.items()
    }


def _unsets(typed: Any, key: str) -> bool:
    texts = UNSETTABLE if typed.__name__.startswith("Product") else UNSETTABLE_OF_PEOPLE
    return key in texts and not _fields(typed)[key][1]


@cache
def expandable(kind: str) -> frozenset[str]:
    """The fields of a resource class that hold an id or, when expanded, the object itself."""
    annotations = get_object_class("V1", kind).__annotations__
    return frozenset(name for name, hint in annotations.items() if _is_expandable(hint))


def _is_expandable(hint: Any) -> bool:
    options = _options(hint)
    objects = [option for option in options if option not in (str, type(None)) and get_origin(option) is not Literal]
    return str in options and bool(objects)


def missing_param(name: str) -> StripeError:
    """Stripe's refusal of a request that lacks a parameter it needs."""
    return invalid(f"Missing required param: {name}.", name, "parameter_missing")


def _name(at: str, key: str) -> str:
    return f"{at}[{key}]" if at else key


def _value(hint: Any, value: Any, name: str) -> Any:
    options = _options(hint)
    if isinstance(value, dict):
        return _nested(options, value, name)
    if isinstance(value, list):
        raise invalid("Invalid array", name)
    if value == "":
        return _empty(options, name)
    return _scalar(options, value, name)


def _nested(options: tuple[Any, ...], value: Json, name: str) -> Any:
    for option in options:
        if get_origin(option) is list and all(key == "" or PLACE.fullmatch(key) for key in value):
            (inner,) = get_args(option)
            return [_value(inner, item, f"{name}[{key}]") for key, item in _in_order(value)]
    for option in options:
        if is_typeddict(option):
            return _hash(option, value, name)
        if get_origin(option) is dict:
            inner = get_args(option)[1]
            return {key: item if item == "" else _value(inner, item, _name(name, key)) for key, item in value.items()}
    kind = "array" if any(get_origin(option) is list for option in options) else "string"
    raise invalid(f"Invalid {kind}: {value}", name)


def _in_order(value: Json) -> list[tuple[str, Any]]:
    if isinstance(value.get(""), dict):
        return [("", value[""])]
    if "" in value:
        return [(str(position), item) for position, item in enumerate(value[""])]
    return sorted(value.items(), key=lambda pair: int(pair[0]))


def _empty(options: tuple[Any, ...], name: str) -> Any:
    if any(get_origin(option) is Literal and "" in get_args(option) for option in options):
        return ""
    if options and get_origin(options[0]) is list:
        return []
    raise invalid(
        f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter;"
        f" however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty"
        " value.",
        name,
        "parameter_invalid_empty",
    )


def _scalar(options: tuple[Any, ...], value: str, name: str) -> Any:
    literals = [text for option in options if get_origin(option) is Literal for text in get_args(option) if text]
    if value in literals:
        return value
    if bool in options and value in ("true", "false"):
        return value == "true"
    if int in options and WHOLE.fullmatch(value):
        return int(value)
    if (float in options or Decimal in options) and _is_decimal(value):
        return float(value) if float in options else value
    if str in options and not literals:
        return value
    raise _wrong(options, literals, value, name)


def _is_decimal(value: str) -> bool:
    try:
        return Decimal(value).is_finite()
    except InvalidOperation:
        return False


def _wrong(options: tuple[Any, ...], literals: list[str], value: str, name: str) -> StripeError:
    if int in options:
        return invalid(f"Invalid integer: {value}", name, "parameter_invalid_integer")
    if literals:
        choices = ", ".join(literals[:-1]) + f"{',' if len(literals) > 2 else ''} or {literals[-1]}"
        return invalid(f"Invalid {name}: must be one of {choices if len(literals) > 1 else literals[0]}", name)
    if bool in options:
        return invalid(f"Invalid boolean: {value}", name)
    if float in options or Decimal in options:
        return invalid(f"Invalid decimal: {value}", name)
    kind = "array" if any(get_origin(option) is list for option in options) else "object"
    return invalid(f"Invalid {kind}", name)
