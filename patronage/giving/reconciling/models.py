"""Comparisons with Stripe: how far each has come, and what it found."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from patronage.foundation.database import Base, Id, UTCDateTime


@dataclass
class Walk:
    """How far the walk through one kind has come, and how many of its things were which.

    `after` is the id at Stripe that was looked at last. `upto` is the newest of our own rows when the walk began, and
    `met` how many of those up to it Stripe has shown: what is left over in the end, Stripe may not have.
    """

    after: str | None = None
    upto: int = 0
    seen: int = 0
    met: int = 0
    strangers: int = 0
    differed: int = 0
    mended: int = 0
    is_done: bool = False


class Reconciliation(Base):
    """One comparison with Stripe. `kinds` is what it looks at, in order; `since` from when on, by Stripe's time.

    `walks` holds a `Walk` for each kind that was begun, `said` the first differences, each `{"kind", "stripe_id",
    "says", "state"}` with the state "found", "mended" or "remains".
    """

    __tablename__ = "reconciliation"

    id: Mapped[Id]
    begun_by: Mapped[str]  # "command" or "night"
    kinds: Mapped[list[str]] = mapped_column(JSON)
    since: Mapped[datetime | None] = mapped_column(UTCDateTime)
    is_dry: Mapped[bool]
    began_at: Mapped[datetime] = mapped_column(UTCDateTime)
    ended_at: Mapped[datetime | None] = mapped_column(UTCDateTime)
    walks: Mapped[dict[str, Any]] = mapped_column(JSON)
    said: Mapped[list[dict[str, str]]] = mapped_column(JSON)

    def walk(self, kind: str) -> Walk:
        """Return how far the walk through `kind` has come."""
        return Walk(**self.walks.get(kind, {}))

    def keep(self, kind: str, walk: Walk) -> None:
        """Write down how far the walk through `kind` has come."""
        self.walks = {**self.walks, kind: asdict(walk)}

    @property
    def next_kind(self) -> str | None:
        """The kind that is to be walked through next, or None when all are done."""
        return next((kind for kind in self.kinds if not self.walk(kind).is_done), None)

    def total(self, count: str) -> int:
        """Return the sum of one count of `Walk` ("seen", "strangers", "differed", "mended") over all kinds."""
        return sum(int(walk[count]) for walk in self.walks.values())

    @property
    def remaining(self) -> int:
        """How many differences are left."""
        return self.total("differed") - self.total("mended")
