"""Says exactly what will happen: on the button, beneath it, and wherever a pledge is named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from flask_babel import gettext

from patronage.foundation.money import shown
from patronage.foundation.settings import Settings
from patronage.giving import terms as rules
from patronage.giving.models import Interval
from patronage.giving.terms import Terms

SHORTEST_MONTH = 28
_: Callable[..., str] = gettext


@dataclass(frozen=True)
class Said:
    """What the page says for one amount: `mark` is what the style sheet shows it by ("month-0", "year-typed").

    `covered_button` and `covered_sentence` are for when the fee is covered, `fee` what that adds. For a typed amount
    they hold no number; `button_for_scripts` and `sentence_for_scripts` have `{amount}` in its place.
    """

    mark: str
    button: str
    sentence: str
    fee: str
    covered_button: str
    covered_sentence: str
    button_for_scripts: str = ""
    sentence_for_scripts: str = ""


def all_of(terms: Terms, settings: Settings, today: date, language: str) -> list[Said]:
    """Return what the page may say: for each interval its suggested amounts, and one that was typed."""
    said = []
    for each in terms.suggested:
        for position, amount in enumerate(each.amounts):
            said.append(_said(f"{each.interval}-{position}", each.interval, amount, terms, settings, today, language))
        said.append(_unknown(f"{each.interval}-typed", each.interval, today, language))
    return said


def _said(
    mark: str, interval: Interval, amount: int, terms: Terms, settings: Settings, today: date, language: str
) -> Said:
    fee = rules.fee_cover(amount, terms.currency, settings, terms.bounds)
    plain, covered = (shown(minor, terms.currency, language) for minor in (amount, amount + fee))
    return Said(
        mark, button(interval, plain), sentence(interval, plain, today, language),
        shown(fee, terms.currency, language), button(interval, covered), sentence(interval, covered, today, language),
    )  # fmt: skip


def _unknown(mark: str, interval: Interval, today: date, language: str) -> Said:
    """What can be said of an amount the server has not read yet; scripts fill it in."""
    amount = _("this amount")
    words = button(interval, ""), sentence(interval, amount, today, language)
    blank = "{amount}"
    for_scripts = button(interval, blank), sentence(interval, blank, today, language)
    return Said(mark, *words, "", *words, *for_scripts)


def button(interval: str, amount: str) -> str:
    """Return what the button says: "Give €5 every month"; without an amount, "Give every month"."""
    if interval == Interval.MONTH:
        return _("Give %(amount)s every month", amount=amount) if amount else _("Give every month")
    if interval == Interval.YEAR:
        return _("Give %(amount)s every year", amount=amount) if amount else _("Give every year")
    return _("Give %(amount)s once", amount=amount) if amount else _("Give once")


def sentence(interval: str, amount: str, today: date, language: str) -> str:
    """Return what is charged when: "€5 today, then €5 on the 22nd of each month. Stop in two clicks."""
    first = amount[:1].upper() + amount[1:]
    if interval == Interval.MONTH:
        when = monthly(today, language)
        return _(
            "%(first)s today, then %(amount)s %(when)s. Stop in two clicks.", first=first, amount=amount, when=when
        )
    if interval == Interval.YEAR:
        when = _("every year on %(day)s", day=format_date(today, "d MMMM", locale=language))
        return _(
            "%(first)s today, then %(amount)s %(when)s. Stop in two clicks.", first=first, amount=amount, when=when
        )
    return _("%(first)s today, and that is all: nothing more is charged.", first=first)


def monthly(today: date, language: str) -> str:
    """Return the day on which a pledge begun today is paid: "on the 22nd of each month"."""
    day = ordinal(today.day) if language == "en" else str(today.day)
    if today.day > SHORTEST_MONTH:
        return _("on the %(day)s of each month, or its last day", day=day)
    return _("on the %(day)s of each month", day=day)


def ordinal(day: int) -> str:
    """Return an English ordinal: 1st, 2nd, 3rd, 11th, 22nd."""
    ending = "th" if day in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(day % 10, "th")
    return f"{day}{ending}"


def gift(interval: str, amount_minor: int, currency: str, language: str) -> str:
    """Return a gift with its period: "€5 every month", "€20 once"."""
    amount = shown(amount_minor, currency, language)
    if interval == Interval.MONTH:
        return _("%(amount)s every month", amount=amount)
    if interval == Interval.YEAR:
        return _("%(amount)s every year", amount=amount)
    return _("%(amount)s once", amount=amount)
