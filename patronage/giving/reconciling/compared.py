"""What comes of comparing a page of Stripe's things with our rows: what differs, what is not ours."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.giving import marks
from patronage.giving.intake.stripe_events import Subject
from patronage.giving.intake.told import inside
from patronage.giving.models import Pledge


@dataclass(frozen=True)
class Difference:
    """One thing that stands otherwise at Stripe: a sentence, and what is to be applied to mend it, if anything is."""

    stripe_id: str
    says: str
    subject: Subject | None = None


@dataclass
class Compared:
    """What a page held. `met` are our own rows it showed: the id of each, and when it happened by our books.

    `doubtful` may be ours, which only another question to Stripe can tell.
    """

    differences: list[Difference] = field(default_factory=list)
    doubtful: list[Difference] = field(default_factory=list)
    met: list[tuple[int, datetime | None]] = field(default_factory=list)
    strangers: int = 0


def marked_pledges(session: Session, holders: Iterable[object]) -> dict[str, Pledge]:
    """Return the pledges whose mark is in the metadata `holders`, by their reference."""
    references = {inside(holder, marks.PLEDGE) for holder in holders}
    return by(session, Pledge.reference, references)


def by(session: Session, column: object, values: Iterable[object]) -> dict[str, Pledge]:
    """Return the pledges whose `column` is one of `values`, by that column."""
    wanted = [value for value in values if isinstance(value, str)]
    if not wanted:
        return {}
    name = column.key  # type: ignore[attr-defined]  # any column of the table
    found = session.scalars(select(Pledge).where(column.in_(wanted)))  # type: ignore[attr-defined]  # as above
    return {getattr(pledge, name): pledge for pledge in found}


def told(names: Iterable[tuple[str, object, object]]) -> str:
    """Return "status is active here and canceled at Stripe" for each name whose two values differ, joined."""
    return "; ".join(f"{name} is {_word(ours)} here and {_word(theirs)} at Stripe" for name, ours, theirs in names)


def differing(names: Iterable[tuple[str, object, object]]) -> list[tuple[str, object, object]]:
    """Return those of (name, ours, theirs) that differ."""
    return [each for each in names if each[1] != each[2]]


def _word(value: object) -> str:
    if value is None:
        return "nothing"
    return f"{value:%Y-%m-%d %H:%M}" if isinstance(value, datetime) else str(value)
