"""The administrator's forms of what can be given: a currency with its amounts, a tier with its prices."""

from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.foundation import money
from patronage.foundation.money import NotAnAmount
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said
from patronage.giving.memberships.pricing import Price
from patronage.giving.models import Interval
from patronage.giving.terms import CHOICES, Bounds, Suggested, Terms, as_typed
from patronage.giving.typed import seen

PLACES = (_l("The first"), _l("The second"), _l("The third"), _l("The fourth"))
AMOUNT = {"inputmode": "decimal", "autocomplete": "off", "maxlength": "30"}
LINES = {"rows": "4", "autocomplete": "off"}


def tidy(typed: str | None) -> str:
    """Return what was typed in one line without unseen characters."""
    return " ".join(seen(typed or "").split())


def kept_lines(typed: str | None) -> str:
    """Return what was typed with its line ends, without unseen characters."""
    return seen(typed or "").strip()


def _amounts(label: Any) -> TextAreaField:
    return TextAreaField(label, filters=[kept_lines], render_kw=LINES)


def _first(label: Any) -> SelectField:
    choices = [SelectChoice(str(place), words) for place, words in enumerate(PLACES)]
    return SelectField(label, choices=choices, default="1")


class CurrencyForm(PageForm):
    """One currency: its bounds, what the fee costs, and up to four amounts a period, one a line."""

    currency = StringField(
        _l("Currency"), [InputRequired(_l("Write the code of the currency, such as EUR."))],
        filters=[lambda typed: tidy(typed).upper()], render_kw={"maxlength": "3", "autocomplete": "off"},
    )  # fmt: skip
    smallest = StringField(_l("Smallest gift"), [InputRequired(_l("Write an amount."))], render_kw=AMOUNT)
    largest = StringField(_l("Largest gift"), [InputRequired(_l("Write an amount."))], render_kw=AMOUNT)
    fee_fixed = StringField(_l("Fixed part of the payment fee"), render_kw=AMOUNT)
    once = _amounts(_l("Amounts given once"))
    once_first = _first(_l("Ticked beforehand, of those given once"))
    month = _amounts(_l("Amounts given every month"))
    month_first = _first(_l("Ticked beforehand, of the monthly ones"))
    year = _amounts(_l("Amounts given every year"))
    year_first = _first(_l("Ticked beforehand, of the yearly ones"))

    def fill(self, terms: Terms) -> "CurrencyForm":
        """Show what holds now, unless something was typed already."""
        if self.is_submitted():
            return self
        bounds, currency = terms.bounds, terms.currency
        self.currency.data = currency
        self.smallest.data = as_typed(bounds.smallest_minor, currency)
        self.largest.data = as_typed(bounds.largest_minor, currency)
        self.fee_fixed.data = as_typed(bounds.fee_fixed_minor, currency)
        for each in terms.suggested:
            self[str(each.interval)].data = "\n".join(as_typed(amount, currency) for amount in each.amounts)
            self[f"{each.interval}_first"].data = str(each.preselected)
        return self

    def validate_currency(self, field: Field) -> None:
        """Refuse what is no currency."""
        if field.data not in Locale("en").currencies:
            raise ValidationError(_("There is no such currency. Its code has three letters, such as EUR."))

    def validate_smallest(self, field: Field) -> None:
        """Read the smallest gift."""
        self.smallest_minor = self._read(field.data)

    def validate_largest(self, field: Field) -> None:
        """Read the largest gift, which is no less than the smallest."""
        self.largest_minor = self._read(field.data)
        if self.largest_minor < getattr(self, "smallest_minor", 1):
            raise ValidationError(_("The largest gift cannot be less than the smallest."))
        if self.largest_minor > money.LARGEST_MINOR:
            most = money.shown(money.LARGEST_MINOR, self.currency.data)
            raise ValidationError(_("No charge may be larger than %(amount)s.", amount=most))

    def validate_fee_fixed(self, field: Field) -> None:
        """Read the fixed part of the fee; nothing typed is nothing to pay."""
        typed = tidy(field.data)
        self.fee_minor = 0 if typed in {"", "0"} else self._read(typed)

    def validate_once(self, field: Field) -> None:
        """Read the amounts given once."""
        self._take(Interval.ONCE, field)

    def validate_month(self, field: Field) -> None:
        """Read the monthly amounts."""
        self._take(Interval.MONTH, field)

    def validate_year(self, field: Field) -> None:
        """Read the yearly amounts."""
        self._take(Interval.YEAR, field)

    @property
    def bounds(self) -> Bounds:
        """What was read of the bounds."""
        return Bounds(self.smallest_minor, self.largest_minor, self.fee_minor)

    @property
    def suggested(self) -> tuple[Suggested, ...]:
        """What was read of the amounts: smallest first, as the page shows them."""
        return tuple(self._suggested[interval] for interval in Interval)

    def _take(self, interval: Interval, field: Field) -> None:
        read = [self._read(line) for line in field.data.splitlines() if line.strip()]
        if not 1 <= len(read) <= CHOICES:
            raise ValidationError(_("Write one to four amounts, one a line."))
        if len(set(read)) < len(read):
            raise ValidationError(_("Each amount can stand here once."))
        least, most = getattr(self, "smallest_minor", 1), getattr(self, "largest_minor", money.LARGEST_MINOR)
        if min(read) < least or max(read) > most:
            raise ValidationError(_("Every amount must lie between the smallest and the largest gift."))
        place = int(self[f"{interval}_first"].data)
        if place >= len(read):
            raise ValidationError(_("The amount that is ticked beforehand is not among them."))
        ordered = sorted(read)
        known: dict[Interval, Suggested] = self.__dict__.setdefault("_suggested", {})
        known[interval] = Suggested(interval, tuple(ordered), ordered.index(read[place]))

    def _read(self, typed: str) -> int:
        if self.currency.data not in Locale("en").currencies:
            raise ValidationError(_("Write the currency first."))
        try:
            amount = money.parse(tidy(typed), self.currency.data)
        except NotAnAmount as refusal:
            raise ValidationError(said(refusal)) from refusal
        if amount < 1:
            raise ValidationError(_("Write an amount above zero."))
        return amount


class TierForm(PageForm):
    """A tier: its name and what comes with it; `form_of_tier` adds the prices."""

    name = StringField(
        _l("Name"), [InputRequired(_l("Write a name.")), Length(max=60)], filters=[tidy], render_kw={"maxlength": "60"}
    )
    benefits = TextAreaField(
        _l("What comes with it"), [InputRequired(_l("Say what comes with it.")), Length(max=500)],
        filters=[tidy], render_kw={"rows": "3", "maxlength": "500"},
    )  # fmt: skip
    currencies: tuple[str, ...] = ()

    @property
    def prices(self) -> dict[str, Price]:
        """What was read of the prices, by currency."""
        return {
            each: Price(self._minor[f"monthly_{each}"], self._minor[f"yearly_{each}"])
            for each in self.currencies
            if f"monthly_{each}" in self._minor
        }

    def validate(self, extra_validators: Any = None) -> bool:
        """Read the prices too: in each currency both or none, in one at least."""
        self._minor: dict[str, int] = {}
        valid = bool(super().validate(extra_validators))
        for currency in self.currencies:
            valid = self._read_pair(currency) and valid
        if valid and not self._minor:
            self[f"monthly_{self.currencies[0]}"].errors = [_("Write a price in one currency at least.")]
            return False
        return valid

    def _read_pair(self, currency: str) -> bool:
        pair = [self[f"{period}_{currency}"] for period in ("monthly", "yearly")]
        if not any(tidy(field.data) for field in pair):
            return True
        monthly, yearly = (self._read(field, currency) for field in pair)  # both, so that both say what is wrong
        return monthly and yearly

    def _read(self, field: Field, currency: str) -> bool:
        try:
            amount = money.parse(tidy(field.data), currency)
        except NotAnAmount as refusal:
            field.errors = [said(refusal) if tidy(field.data) else _("Write both prices.")]
            return False
        if not 0 < amount <= money.LARGEST_MINOR:
            field.errors = [_("Write an amount above zero.")]
            return False
        self._minor[field.name] = amount
        return True


def form_of_tier(currencies: tuple[str, ...]) -> type[TierForm]:
    """Return the form of a tier with a monthly and a yearly price in each of `currencies`."""
    fields: dict[str, Any] = {"currencies": currencies}
    for each in currencies:
        fields[f"monthly_{each}"] = StringField(_l("A month, in %(currency)s", currency=each), render_kw=AMOUNT)
        fields[f"yearly_{each}"] = StringField(_l("A year, in %(currency)s", currency=each), render_kw=AMOUNT)
    return type("TierFormOfCurrencies", (TierForm,), fields)
