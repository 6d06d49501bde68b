"""Form bodies as Stripe reads them: names with brackets become nested hashes and lists."""

from urllib.parse import parse_qsl

from patronage.sandbox.errors import invalid
from patronage.sandbox.store import Json

DEEPEST = 10  # brackets in the name of a parameter


def parse_form(encoded: bytes) -> Json:
    """`a[b][0][c]=1` as nested dicts of strings; repeated `a[]=` gather in a list under the key ""."""
    try:
        pairs = parse_qsl(encoded.decode(), keep_blank_values=True, errors="strict", max_num_fields=2000)
    except ValueError:
        raise invalid("Invalid request: the body must be form-encoded UTF-8") from None
    tree: Json = {}
    for name, value in pairs:
        first, *rest = name.split("[")
        if len(rest) > DEEPEST:
            raise invalid(f"Invalid request: {first} is nested too deeply", first)
        _plant(tree, [first, *(part.removesuffix("]") for part in rest)], value)
    return tree


def _plant(tree: Json, path: list[str], value: str) -> None:
    *above, last = path
    for part in above:
        if not isinstance(tree.setdefault(part, {}), dict):
            raise invalid(f"Invalid request: {part} is given twice, in two shapes", part)
        tree = tree[part]
    if last == "":
        tree.setdefault("", []).append(value)
    else:
        tree[last] = value
