"""Says exactly what will happen: on the button, beneath it, and wherever a pledge is named."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from babel.dates import format_date
from flask_babel import gettext

from patronage.foundation.money import shown
from patronage.foundation.settings import Settings
from patronage.giving import terms as rules
from patronage.giving.memberships import offer_words
from patronage.giving.memberships.offers import Reduction
from patronage.giving.models import Interval, PledgeKind
from patronage.giving.terms import Terms

SHORTEST_MONTH = 28
_: Callable[..., str] = gettext


@dataclass(frozen=True)
class Said:
    """What the page says for one amount: `mark` is what the style sheet shows it by ("month-0", "year-typed").

    `covered_button` and `covered_sentence` are for when the fee is covered, `fee` what that adds. For a typed amount
    they hold no number; `button_for_scripts` and `sentence_for_scripts` have `{amount}` in its place, and `{first}` for
    what a code makes of it at first.
    """

    mark: str
    button: str
    sentence: str
    fee: str
    covered_button: str
    covered_sentence: str
    button_for_scripts: str = ""
    sentence_for_scripts: str = ""


@dataclass(frozen=True)
class Speaker:
    """What the words depend on besides the amount: the day, the language, and a code if there is one."""

    today: date
    language: str
    offer: Reduction | None = None

    def words(self, interval: str, gift_minor: int, total_minor: int, currency: str) -> tuple[str, str]:
        """Return button and sentence for a gift of `gift_minor`, with the fee `total_minor`."""
        amount = shown(total_minor, currency, self.language)
        if self.offer is None or not self.offer.applies(interval, gift_minor):
            return button(interval, amount), sentence(interval, amount, self.today, self.language)
        at_first = self.offer.first(total_minor)
        return self.offered(shown(at_first, currency, self.language) if at_first else "", amount)

    def offered(self, first: str, amount: str) -> tuple[str, str]:
        """Return button and sentence with the code, for amounts in words."""
        assert self.offer  # noqa: S101 - asked for with a code alone
        when = monthly(self.today, self.language)
        said = offer_words.sentence(self.offer, first, amount, self.today, self.language, when)
        return offer_words.button(self.offer, first, amount), said


def all_of(terms: Terms, settings: Settings, today: date, language: str, offer: Reduction | None = None) -> list[Said]:
    """Return what the page may say: for each interval its suggested amounts, and one that was typed."""
    said, speaker = [], Speaker(today, language, offer)
    for each in terms.suggested:
        for position, amount in enumerate(each.amounts):
            said.append(_said(f"{each.interval}-{position}", each.interval, amount, terms, settings, speaker))
        said.append(_unknown(f"{each.interval}-typed", each.interval, speaker))
    return said


def _said(mark: str, interval: Interval, amount: int, terms: Terms, settings: Settings, speaker: Speaker) -> Said:
    fee = rules.fee_cover(amount, terms.currency, settings, terms.bounds)
    plain = speaker.words(interval, amount, amount, terms.currency)
    covered = speaker.words(interval, amount, amount + fee, terms.currency)
    return Said(mark, *plain, shown(fee, terms.currency, speaker.language), *covered)


def _unknown(mark: str, interval: Interval, speaker: Speaker) -> Said:
    """What can be said of an amount the server has not read yet; scripts fill it in."""
    amount, blank, today, language = _("this amount"), "{amount}", speaker.today, speaker.language
    if speaker.offer and speaker.offer.interval == interval:
        words = button(interval, ""), _("With the code: %(gives)s.", gives=offer_words.gives(speaker.offer, language))
        return Said(mark, *words, "", *words, *speaker.offered("" if speaker.offer.is_trial else "{first}", blank))
    words = button(interval, ""), sentence(interval, amount, today, language)
    return Said(mark, *words, "", *words, button(interval, blank), sentence(interval, blank, today, language))


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


def membership(kind: PledgeKind) -> str:
    """Return what a membership is called that nobody pays for by Stripe."""
    if kind == PledgeKind.PRESENT:
        return _("A membership as a present")
    if kind == PledgeKind.COMPLIMENTARY:
        return _("A complimentary membership")
    return _("A membership with your gift")


def gift(interval: str, amount_minor: int, currency: str, language: str) -> str:
    """Return a gift with its period: "€5 every month", "€20 once"."""
    amount = shown(amount_minor, currency, language)
    if interval == Interval.MONTH:
        return _("%(amount)s every month", amount=amount)
    if interval == Interval.YEAR:
        return _("%(amount)s every year", amount=amount)
    return _("%(amount)s once", amount=amount)
