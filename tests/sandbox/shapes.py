"""Holds answers against the classes of the installed stripe package: nothing missing, nothing made up."""

import builtins
import sys
import typing
from decimal import Decimal
from functools import cache
from typing import Any, Literal, get_args, get_origin, get_type_hints

import stripe
from stripe._list_object import ListObject
from stripe._object_classes import get_object_class
from stripe._stripe_object import StripeObject, UntypedStripeObject

Hints = dict[str, Any]


class Names(dict[str, Any]):
    """The names an annotation may use; those only a type checker can see stand for the public class, or anything."""

    def __init__(self, module: str) -> None:
        super().__init__(vars(sys.modules[module]))

    def __missing__(self, name: str) -> Any:
        for place in (builtins, typing, stripe):
            if hasattr(place, name):
                return getattr(place, name)
        return Any


@cache
def hints_of(cls: type) -> Hints:
    """The annotated fields of a resource class, without its class variables."""
    own = get_type_hints(cls, localns=Names(cls.__module__))
    return {name: hint for name, hint in own.items() if not name.startswith("_") and name != "OBJECT_NAME"}


def problems(answer: Any, at: str = "") -> list[str]:
    """What is wrong with an object that Stripe's library will read, one line each; [] when nothing is."""
    if answer.get("deleted") and answer["object"] != "discount":  # which alone is answered whole
        return [] if set(answer) == {"id", "object", "deleted"} else [f"{at}: a deleted object holds more"]
    if answer.get("object") == "list":
        return _each(answer["data"], at)
    cls = get_object_class("V1", answer["object"])
    found = _fields(answer, cls, at or answer["object"])
    return [line for line in found if not line.endswith("invoice.id is missing")]  # invoice.upcoming has none


def _each(items: list[Any], at: str) -> list[str]:
    return [line for position, item in enumerate(items) for line in problems(item, f"{at}[{position}]")]


def _fields(value: Any, cls: Any, at: str) -> list[str]:
    if not isinstance(value, dict):
        return [f"{at} is {value!r}, not an object"]
    hints = hints_of(cls)
    found = [f"{at}.{name} does not exist" for name in value if name not in hints]
    for name, hint in hints.items():
        if name in value:
            found += _value(value[name], hint, f"{at}.{name}")
        elif not _optional(hint):
            found.append(f"{at}.{name} is missing")
    return found


def _optional(hint: Any) -> bool:
    return hint is Any or type(None) in get_args(hint)


def _value(value: Any, hint: Any, at: str) -> list[str]:
    options = _options(hint)
    if Any in options or (value is None and type(None) in options):
        return []
    tried = [_one(value, option, at) for option in options if option is not type(None)]
    literals = [text for option in options if get_origin(option) is Literal for text in get_args(option)]
    if literals and isinstance(value, str) and value not in literals:
        return [f"{at} is {value!r}, none of Stripe's words"]
    return min(tried, key=len)


def _options(hint: Any) -> tuple[Any, ...]:
    if get_origin(hint) in (typing.Union, type(int | str)):
        return tuple(option for part in get_args(hint) for option in _options(part))
    return (hint,)


def _one(value: Any, option: Any, at: str) -> list[str]:
    origin = get_origin(option) or option
    if origin is Literal:
        return [] if value in get_args(option) else [f"{at} is {value!r}"]
    if origin is list:
        if not isinstance(value, list):
            return [f"{at} is {value!r}, not a list"]
        return [line for item in value for line in _value(item, get_args(option)[0], f"{at}[]")]
    if origin is ListObject:
        return _each(value["data"], at) if isinstance(value, dict) else [f"{at} is no list object"]
    if isinstance(origin, type) and issubclass(origin, UntypedStripeObject):
        return [] if isinstance(value, dict) else [f"{at} is {value!r}, not a hash"]
    if isinstance(origin, type) and issubclass(origin, StripeObject):
        return _fields(value, origin, at)
    wanted: Any = {Decimal: str, float: (int, float)}.get(origin, origin)
    right = isinstance(value, wanted) and (origin is bool or not isinstance(value, bool))
    return [] if right else [f"{at} is {value!r}, not {origin.__name__}"]
