"""The canonical JSON of a result: one way to write it, of which the SHA-256 is taken, and its two schemas."""

import hashlib
import json
from datetime import datetime
from typing import Any

from patronage.foundation.stamps import to_the_second

FIRST_SCHEMA = "patronage/round-result/1"
SCHEMA = "patronage/round-result/2"


def written(content: dict[str, Any]) -> str:
    """Return `content` as canonical JSON: sorted keys, no spaces, no floats, nothing escaped that needs not be."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def sha256(canonical: str) -> str:
    """Return the hex SHA-256 of a canonical result in UTF-8."""
    return hashlib.sha256(canonical.encode()).hexdigest()


def stamp(moment: datetime | None) -> str | None:
    """Return a moment as the canonical JSON holds it: in UTC, to the second."""
    return to_the_second(moment) if moment else None
