"""The JSON that the sandbox's own controls are given: parsed strictly, refused in plain words."""

import json
import math
from collections.abc import Callable
from typing import Any

from patronage.sandbox.store import Json

Check = Callable[[Any], str | None]  # what is wrong with a value, or None


class Unusable(Exception):
    """A body a control cannot work with; the message says what is wrong."""


def parsed(raw: bytes) -> Any:
    """The body as JSON; an empty one is `{}`."""
    if not raw.strip():
        return {}
    try:
        return json.loads(raw)
    except ValueError as error:
        raise Unusable(f"The body is not JSON: {error}.") from None


def checked(given: Any, fields: dict[str, Check], required: tuple[str, ...] = ()) -> Json:
    """An object that has only these fields, each as it should be."""
    if not isinstance(given, dict):
        raise Unusable(f"A JSON object is needed, with any of: {', '.join(fields)}.")
    for name in given:
        if name not in fields:
            raise Unusable(f"Unknown field “{name}”. There are: {', '.join(fields)}.")
    for name in required:
        if name not in given:
            raise Unusable(f"“{name}” is missing.")
    for name, value in given.items():
        wrong = fields[name](value)
        if wrong is not None:
            raise Unusable(f"“{name}” must be {wrong}, not {json.dumps(value)}.")
    return given


def text(value: Any) -> str | None:
    """A string that is not empty."""
    return None if isinstance(value, str) and value.strip() else "a text"


def text_or_null(value: Any) -> str | None:
    """A string, or null for what is not known."""
    return None if value is None or isinstance(value, str) else "a text or null"


def one_of(*choices: str) -> Check:
    """One of a few words."""
    return lambda value: None if value in choices else f"one of {', '.join(choices)}"


def truth(value: Any) -> str | None:
    """true or false."""
    return None if isinstance(value, bool) else "true or false"


def chance(value: Any) -> str | None:
    """A probability, 0 to 1."""
    return None if _is_number(value) and 0 <= value <= 1 else "a number from 0 to 1"


def between(least: float, most: float) -> Check:
    """A number in a range."""
    return lambda value: None if _is_number(value) and least <= value <= most else f"a number from {least} to {most}"


def whole(least: int, most: int) -> Check:
    """A whole number in a range."""

    def check(value: Any) -> str | None:
        fits = isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
        return None if fits else f"a whole number from {least} to {most}"

    return check


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
