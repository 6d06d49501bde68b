"""What of a pledge can be changed just now, and what will follow: another amount or interval, another day, a pause."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l

from patronage.foundation import money
from patronage.foundation.refused import Refused, Why
from patronage.giving import cycles
from patronage.giving.confirmations import UNPAID_FOR_GOOD
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import DeedKind
from patronage.giving.models import Interval, Pledge, PledgeState

DAYS = range(1, 29)  # every month has them
MONTHS_PAUSED = range(1, 7)
RESUMED_BEFORE = timedelta(hours=12)  # the charge that is to be taken again: its invoice must not be void


class NotNow(Refused):
    """The pledge is in a state in which this cannot be changed; the reason says what comes first."""

    why = Why.CONFLICT


STOPPED = _l("This pledge is stopped. Let it go on first, then you can change it.")
PAUSED = _l("This pledge is paused. Let it go on first, then you can change this.")
LATE = _l("A payment of this pledge is due. Once it is paid, you can change this.")
BEING_CHARGED = _l("A payment of this pledge is being taken just now. You can change this once it has arrived.")
YEARLY = _l("A yearly pledge is charged once a year, so there is nothing to pause. You can stop it, or pay monthly.")


class NothingChanges(Refused):
    """What is asked for is how it is already."""

    reason = _l("That is how it is already. Choose something else, or go back.")


@dataclass(frozen=True)
class Terms:
    """What a pledge is to be: `amount_minor` and, on top, `fee_cover_minor`, each `interval`."""

    interval: Interval
    amount_minor: int
    fee_cover_minor: int

    @property
    def total_minor(self) -> int:
        """What is charged."""
        return self.amount_minor + self.fee_cover_minor


@dataclass(frozen=True)
class Choice:
    """One thing to choose: its `value` in the form, and when the next payment comes then."""

    value: int
    charge_at: datetime


def terms_of(pledge: Pledge) -> Terms:
    """Return what `pledge` is now."""
    return Terms(pledge.interval, pledge.amount_minor, pledge.fee_cover_minor)


def next_charge(pledge: Pledge) -> datetime | None:
    """Return when `pledge` is charged next, as far as that is known."""
    return pledge.next_charge_at or (None if pledge.ends_at else pledge.paid_until)


def stays_until(pledge: Pledge) -> datetime | None:
    """Return until when whoever stops `pledge` now stays a patron: to the end of what is paid, or its moved day."""
    return next_charge(pledge) if pledge.state == PledgeState.ACTIVE else pledge.paid_until


def rests(pledge: Pledge) -> bool:
    """Tell whether `pledge` is paused by choice, so that it can simply go on; Stripe may let it rest unpaid, too."""
    return pledge.paused_at is not None and pledge.stripe_status != UNPAID_FOR_GOOD


def check_terms(pledge: Pledge, terms: Terms, now: datetime) -> None:
    """Refuse `terms` that cannot be had now. Raises `NotNow`, `NothingChanges`.

    Another amount can be chosen at any time, as it counts from the next charge on; another interval only while
    nothing is due, so that what is paid stays what it is.
    """
    if pledge.ends_at:
        raise NotNow(STOPPED)
    if terms == terms_of(pledge):
        raise NothingChanges
    if terms.interval != pledge.interval:
        _check_quiet(pledge, now)


def change(pledge: Pledge, terms: Terms, now: datetime) -> Wish:
    """Return the wish for other `terms`, from the next charge on. Raises `NotNow`, `NothingChanges`."""
    check_terms(pledge, terms, now)
    return Wish(DeedKind.CHANGE, _asked(terms))


def less(pledge: Pledge, smallest_minor: int) -> Terms | None:
    """Return about half of what `pledge` gives, in whole units if there are any; None if that is too small a gift."""
    half, step = pledge.amount_minor // 2, money.step(pledge.currency)
    major = max(10 ** money.exponent(pledge.currency), step)
    half = half // major * major or half // step * step
    if half < smallest_minor or half <= 0 or pledge.ends_at:
        return None
    return Terms(pledge.interval, half, 0)


def give_less(terms: Terms) -> Wish:
    """Return the wish for the smaller amount that `less` offered, which is taken once."""
    return Wish(DeedKind.LESS, _asked(terms), once=True)


def _asked(terms: Terms) -> dict[str, str | int]:
    return {
        "interval": str(terms.interval),
        "amount_minor": terms.amount_minor,
        "fee_cover_minor": terms.fee_cover_minor,
    }


def days(pledge: Pledge, zone: ZoneInfo, now: datetime) -> list[Choice]:
    """Return the days of the month on which `pledge` can be charged, with the next charge each. Raises `NotNow`.

    It is the first such day on which the period that is paid is over: never earlier than paid for, never twice in a
    month, and never more than a month later, however often the day is moved. Once it has been moved, some of these
    days may have passed.
    """
    paid_until = _check_quiet(pledge, now)
    choices = [Choice(day, _first_on(day, paid_until, zone)) for day in DAYS]
    return [choice for choice in choices if choice.charge_at > now]


def move(pledge: Pledge, day: int, zone: ZoneInfo, now: datetime) -> Wish:
    """Return the wish to be charged on another `day` of the month. Raises `NotNow`, `NothingChanges`."""
    charge_at = next((each.charge_at for each in days(pledge, zone, now) if each.value == day), None)
    if charge_at is None:  # it has begun since the page was drawn
        raise NotNow(BEING_CHARGED)
    if charge_at == next_charge(pledge):
        raise NothingChanges
    return Wish(DeedKind.DATE, {"charge_at": int(charge_at.timestamp())})


def _first_on(day: int, paid_until: datetime, zone: ZoneInfo) -> datetime:
    paid = paid_until.astimezone(zone)
    months = 0 if paid.day <= day else 1
    first = cycles.months_later(paid.replace(day=1, tzinfo=None), months).replace(day=day)
    return first.replace(tzinfo=zone).astimezone(UTC)


def pauses(pledge: Pledge, now: datetime) -> list[Choice]:
    """Return for how many months `pledge` can rest, with the next charge each. Raises `NotNow`."""
    _check_quiet(pledge, now)
    if pledge.interval == Interval.YEAR:
        raise NotNow(YEARLY)
    return [Choice(months, _charge_after(pledge, _resumes(pledge, months))) for months in MONTHS_PAUSED]


def pause(pledge: Pledge, months: int, now: datetime) -> Wish:
    """Return the wish to skip as many charges as there are `months`. Raises `NotNow`."""
    pauses(pledge, now)
    return Wish(DeedKind.PAUSE, {"resumes_at": int(_resumes(pledge, months).timestamp())})


def _resumes(pledge: Pledge, months: int) -> datetime:
    first_skipped = next_charge(pledge)
    assert first_skipped  # noqa: S101 - what is paid has a next charge
    return cycles.months_later(first_skipped, months) - RESUMED_BEFORE


def _charge_after(pledge: Pledge, resumes_at: datetime) -> datetime:
    """Return the first charge after a pause. The anchor is where the day was last moved to, else the first payment."""
    known = next_charge(pledge)
    assert known  # noqa: S101 - as above
    for anchor in (pledge.trial_until, pledge.settled_at):
        if (
            anchor
            and cycles.charge_at_or_after(anchor, pledge.interval, known - timedelta(days=1)).date() == known.date()
        ):
            return cycles.charge_at_or_after(anchor, pledge.interval, resumes_at)
    return cycles.charge_at_or_after(known, pledge.interval, resumes_at)


def _check_quiet(pledge: Pledge, now: datetime) -> datetime:
    """Return until when `pledge` is paid. Raises `NotNow` while it is stopped, paused, late or being charged."""
    if pledge.ends_at:
        raise NotNow(STOPPED)
    if pledge.state == PledgeState.PAUSED:
        raise NotNow(PAUSED)
    if pledge.state == PledgeState.PAST_DUE:
        raise NotNow(LATE)
    due = next_charge(pledge)
    if pledge.paid_until is None or due is None or due <= now or _is_unpaid(pledge, due):
        raise NotNow(BEING_CHARGED)
    return pledge.paid_until


def _is_unpaid(pledge: Pledge, due: datetime) -> bool:
    """Tell whether the period that runs until `due` is not paid yet, and not a wait for a day that was moved either."""
    return pledge.paid_until is not None and pledge.paid_until < due and pledge.trial_until != due
