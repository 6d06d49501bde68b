"""Reads the figures: income a month with what moved it, who stays how long, what a patron is worth."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.giving.figures.models import Figure, Move

TWELFTHS = 12
YEAR = 12
EVERY = YEAR * 100  # months: more than a newsroom has


@dataclass(frozen=True)
class Month:
    """A month in one currency: regular income a month at its end, in minor units, and what changed it.

    `moved` holds for each kind of move how many there were and what they changed, in minor units a month.
    """

    month: str
    income_minor: int
    pledges: int
    pledges_before: int
    moved: dict[Move, tuple[int, int]]

    @property
    def churn(self) -> float | None:
        """The share of pledges running when the month began that were lost in it; None if none ran."""
        return self.moved[Move.LOST][0] / self.pledges_before if self.pledges_before else None


@dataclass(frozen=True)
class Cohort:
    """Those who first gave regularly in `month`: how many, and how many of their pledges run at each month's end."""

    month: str
    size: int
    left: tuple[int, ...]

    @property
    def shares(self) -> tuple[float, ...]:
        """What is left of the cohort at each month's end, as a share of its size."""
        return tuple(each / self.size for each in self.left)


@dataclass(frozen=True)
class Worth:
    """What a pledge brings before it ends, as the last year lets expect: an estimate, in minor units.

    `months` is how long one lasts on average (one over the mean monthly churn), `income_minor` what one brings a month.
    """

    income_minor: int
    months: float
    total_minor: int


def currencies(session: Session) -> list[str]:
    """Return the currencies in which anybody ever gave regularly."""
    return list(session.scalars(select(Figure.currency).distinct().order_by(Figure.currency)))


def months(session: Session, currency: str, until: str, number: int = 2 * YEAR) -> list[Month]:
    """Return the last `number` months up to `until` ("2026-11"), oldest first, from the first month there is."""
    rows = session.execute(
        select(Figure.month, Figure.kind, func.sum(Figure.moves), func.sum(Figure.pledges), func.sum(Figure.twelfths))
        .where(Figure.currency == currency, Figure.month <= until)
        .group_by(Figure.month, Figure.kind)
        .order_by(Figure.month)
    ).all()
    if not rows:
        return []
    known: dict[str, dict[Move, tuple[int, int, int]]] = {}
    for month, kind, times, pledges, twelfths in rows:
        known.setdefault(month, {})[kind] = (int(times), int(pledges), int(twelfths))
    return _added_up(known, _between(rows[0].month, until))[-number:]


def _added_up(known: dict[str, dict[Move, tuple[int, int, int]]], names: list[str]) -> list[Month]:
    found, pledges, twelfths = [], 0, 0
    for name in names:
        before, moved = pledges, known.get(name, {})
        pledges += sum(each[1] for each in moved.values())
        twelfths += sum(each[2] for each in moved.values())
        told = {kind: (moved[kind][0], _minor(moved[kind][2])) if kind in moved else (0, 0) for kind in Move}
        found.append(Month(name, twelfths // TWELFTHS, pledges, before, told))
    return found


def cohorts(session: Session, currency: str, until: str, number: int = YEAR) -> list[Cohort]:
    """Return the last `number` cohorts up to `until`, oldest first; a cohort nobody began in is left out."""
    names = _back(until, number)
    rows = session.execute(
        select(Figure.cohort, Figure.month, Figure.kind, func.sum(Figure.pledges))
        .where(Figure.currency == currency, Figure.cohort >= names[0], Figure.month <= until)
        .group_by(Figure.cohort, Figure.month, Figure.kind)
    )
    steps: dict[str, dict[str, int]] = {}
    sizes: dict[str, int] = {}
    for cohort, month, kind, pledges in rows:
        of_cohort = steps.setdefault(cohort, {})
        of_cohort[month] = of_cohort.get(month, 0) + int(pledges)
        if kind == Move.NEW:
            sizes[cohort] = sizes.get(cohort, 0) + int(pledges)
    return [Cohort(name, sizes[name], _left(steps[name], name, until)) for name in names if sizes.get(name)]


def _left(steps: dict[str, int], first: str, until: str) -> tuple[int, ...]:
    left, total = [], 0
    for month in _between(first, until):
        total += steps.get(month, 0)
        left.append(total)
    return tuple(left)


def worth(known: list[Month]) -> Worth | None:
    """Return what a pledge is worth by the last twelve of the `known` months; None while nothing was ever lost."""
    last = [month for month in known[-YEAR:] if month.pledges_before]
    lost, ran = sum(month.moved[Move.LOST][0] for month in last), sum(month.pledges_before for month in last)
    if not lost or not known[-1].pledges:
        return None
    income = known[-1].income_minor // known[-1].pledges
    return Worth(income, ran / lost, income * ran // lost)


def _minor(twelfths: int) -> int:
    """Return twelfths as minor units, rounded towards zero."""
    return twelfths // TWELFTHS if twelfths >= 0 else -(-twelfths // TWELFTHS)


def _between(first: str, last: str) -> list[str]:
    number = _count(last) - _count(first) + 1
    return _back(last, min(number, EVERY)) if number > 0 else []


def _back(last: str, number: int) -> list[str]:
    end = _count(last)
    return [date(each // 12, each % 12 + 1, 1).strftime("%Y-%m") for each in range(end - number + 1, end + 1)]


def _count(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1
