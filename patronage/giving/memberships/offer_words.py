"""Says exactly what a code does: on the button, beneath it, and in a line of its own."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time

from babel.dates import format_date
from flask_babel import gettext
from flask_babel import ngettext as counted

from patronage.foundation.money import shown
from patronage.giving import cycles
from patronage.giving.memberships.offers import Reduction
from patronage.giving.models import Interval

_: Callable[..., str] = gettext
ngettext: Callable[..., str] = counted  # under the name by which the catalogues are gathered


def gives(offer: Reduction, language: str) -> str:
    """Return what the code gives: "50 % less for the first 3 months"."""
    if offer.is_trial:
        return ngettext("nothing to pay for %(num)s month", "nothing to pay for the first %(num)s months", offer.months)
    off = shown(offer.amount_off_minor or 0, offer.currency, language)
    less = (
        _("%(percent)s %% less", percent=offer.percent_off) if offer.percent_off else _("%(amount)s less", amount=off)
    )
    if offer.interval == Interval.YEAR:
        return _("%(less)s for the first year", less=less)
    return ngettext("%(less)s for %(num)s month", "%(less)s for the first %(num)s months", offer.months, less=less)


def button(offer: Reduction, first: str, amount: str) -> str:
    """Return what the button says: "Give €2.50 a month for 3 months, then €5 every month".

    `first` and `amount` are amounts in words; `first` is empty when nothing is charged at first.
    """
    if offer.interval == Interval.YEAR:
        if offer.is_trial:
            return ngettext(
                "Try it for %(num)s month, then give %(amount)s every year",
                "Try it for %(num)s months, then give %(amount)s every year",
                offer.months, amount=amount,
            )  # fmt: skip
        if not first:
            return _("Give nothing for the first year, then %(amount)s every year", amount=amount)
        return _("Give %(first)s for the first year, then %(amount)s every year", first=first, amount=amount)
    if not first:
        return ngettext(
            "Try it for %(num)s month, then give %(amount)s every month",
            "Try it for %(num)s months, then give %(amount)s every month",
            offer.months, amount=amount,
        )  # fmt: skip
    return ngettext(
        "Give %(first)s for %(num)s month, then %(amount)s every month",
        "Give %(first)s a month for %(num)s months, then %(amount)s every month",
        offer.months, first=first, amount=amount,
    )  # fmt: skip


def sentence(offer: Reduction, first: str, amount: str, today: date, language: str, monthly: str) -> str:
    """Return what is charged when; `monthly` is the day in words ("on the 22nd of each month")."""
    begins = _day(today, _months(offer), language)
    start = _("%(first)s today.", first=first) if first else _("Nothing today.")
    if offer.interval == Interval.YEAR:
        then = _("From %(day)s on %(amount)s every year. Stop in two clicks.", day=begins, amount=amount)
        return f"{start} {then}"
    if first and offer.months > 1:
        start = _("%(first)s today and %(when)s, %(count)s payments in all.", first=first, when=monthly,
                  count=offer.months)  # fmt: skip
    then = _("From %(day)s on %(amount)s %(when)s. Stop in two clicks.", day=begins, amount=amount, when=monthly)
    return f"{start} {then}"


def _months(offer: Reduction) -> int:
    """Return after how many months the full amount is charged first."""
    return 12 if offer.interval == Interval.YEAR and not offer.is_trial else offer.months


def _day(today: date, months: int, language: str) -> str:
    return str(format_date(day_after(today, months), "d MMMM y", locale=language))


def day_after(today: date, months: int) -> date:
    """Return the day so many months after `today`."""
    return cycles.months_later(datetime.combine(today, time(12), UTC), months).date()


def trial_days(offer: Reduction, today: date) -> int:
    """Return for how many days nothing is charged, so that the first charge comes on the day the page says."""
    return (day_after(today, offer.months) - today).days if offer.is_trial else 0
