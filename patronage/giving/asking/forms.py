"""The forms of giving: what a reader sends to begin, what a patron sends to stop."""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, RadioField, StringField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, ValidationError

from patronage.foundation.money import NotAnAmount, shown
from patronage.foundation.settings import Settings
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said
from patronage.giving import terms as rules
from patronage.giving.models import Interval
from patronage.giving.terms import NotThatAmount, Terms
from patronage.giving.typed import seen, story
from patronage.people.people import BadAddress, email_key

LONGEST_CODE = 30
NO = ("", "0", "false", "False", "no", "No", "off", "Off")
# Common slips of the finger in the domain of an address, and what was likely meant; suggested, never enforced.
SLIPS = {
    "gmial.com": "gmail.com", "gmai.com": "gmail.com", "gmal.com": "gmail.com", "gmail.con": "gmail.com",
    "gmail.co": "gmail.com", "gnail.com": "gmail.com", "hotmial.com": "hotmail.com", "hotmail.con": "hotmail.com",
    "outlok.com": "outlook.com", "outlook.con": "outlook.com", "yaho.com": "yahoo.com", "yahoo.con": "yahoo.com",
    "iclod.com": "icloud.com", "icloud.con": "icloud.com", "urk.net": "ukr.net", "ukr.ner": "ukr.net",
}  # fmt: skip


class CodeForm(PageForm):
    """A reader has a code; it is sent by GET, so that a link can carry it as well."""

    offer = StringField(
        _l("I have a code"), id="offer-code",
        render_kw={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false", "maxlength": "30"},
    )  # fmt: skip


class SupportForm(PageForm):
    """What a reader gives. `amount`, `currency`, `interval`, `email`, `cover_fees` and `source` alone suffice.

    The page also sends which suggested amount is ticked for each interval; an amount that was typed wins over it.
    """

    interval = RadioField(
        _l("How often"),
        choices=[
            SelectChoice(Interval.ONCE.value, _l("Once")),
            SelectChoice(Interval.MONTH.value, _l("Every month")),
            SelectChoice(Interval.YEAR.value, _l("Every year")),
        ],
        validate_choice=False,
    )
    once_amount = RadioField(_l("Your gift, once"), validate_choice=False)
    month_amount = RadioField(_l("Your gift every month"), validate_choice=False)
    year_amount = RadioField(_l("Your gift every year"), validate_choice=False)
    amount = StringField(
        _l("Another amount"),
        # The blank placeholder lets a style sheet see whether anything was typed.
        render_kw={"inputmode": "decimal", "autocomplete": "off", "maxlength": "30", "placeholder": " "},
    )
    email = StringField(
        _l("Your e-mail address"),
        [InputRequired(_l("Enter your e-mail address: the receipt goes there."))],
        render_kw={"type": "email", "autocomplete": "email", "spellcheck": "false", "maxlength": "254"},
    )
    cover_fees = BooleanField(_l("Cover the fee of the payment too"), false_values=(False, *NO))
    currency = HiddenField()
    source = HiddenField(filters=[story])
    offer = HiddenField(filters=[lambda typed: seen(typed or "")[:LONGEST_CODE].strip().upper()])
    another = HiddenField()  # "yes" once a patron has said that a second running pledge is meant

    amount_minor: int = 0

    def offer_on(self, terms: Terms, settings: Settings, language: str) -> "SupportForm":
        """Fill the choices in with what is suggested now, and remember the limits; return the form itself."""
        self._terms, self._settings, self._language = terms, settings, language
        for suggested in terms.suggested:
            field = self.amounts(suggested.interval)
            field.choices = [
                SelectChoice(str(each), shown(each, terms.currency, language)) for each in suggested.amounts
            ]
            if field.data is None and not self.is_submitted():
                field.data = str(suggested.amounts[suggested.preselected])
        if self.interval.data is None and not self.is_submitted():
            self.interval.data = Interval.ONCE.value
        self.currency.data = self.currency.data or terms.currency
        return self

    def put_right(self) -> "SupportForm":
        """Have something ticked for each period before the form is shown again; what was typed is kept.

        What nobody sees is set right: a page from before the newsroom's currency changed would never get through.
        """
        self.currency.data, self.another.data = self._terms.currency, "yes" if self.another.data == "yes" else ""
        self.amount.data, self.email.data = seen(self.amount.data or ""), seen(self.email.data or "")
        ticked = self._ticked()
        for suggested in self._terms.suggested:
            field = self.amounts(suggested.interval)
            if field.data not in {str(each) for each in suggested.amounts}:
                if suggested.interval == self.interval.data and ticked and not self.amount.data:
                    self.amount.data = rules.as_typed(ticked, self._terms.currency)
                field.data = str(suggested.amounts[suggested.preselected])
        if self.interval.data not in set(Interval):
            self.interval.data = Interval.ONCE.value
        return self

    def amounts(self, interval: str) -> Field:
        """Return the field that holds the suggested amounts of `interval`."""
        return self[f"{Interval(interval)}_amount"]

    def validate_interval(self, field: Field) -> None:
        """Refuse a period we do not know."""
        if field.data not in set(Interval):
            raise ValidationError(_("Choose how often you want to give."))

    def validate_currency(self, field: Field) -> None:
        """Refuse a currency that is not offered; the terms are already those of the one that was sent."""
        if field.data.upper() != self._terms.currency:
            raise ValidationError(_("Gifts are taken in %(currency)s.", currency=", ".join(self._terms.currencies)))

    def validate_amount(self, field: Field) -> None:
        """Read the amount: what was typed, else what is ticked for the chosen period."""
        typed, ticked = (field.data or "").strip(), self._ticked()
        limits = (self._terms.currency, self._settings, self._language, self._terms.bounds)
        try:
            if typed != seen(typed):
                raise ValidationError(_("Enter how much you want to give."))
            if typed:
                self.amount_minor = rules.gift(typed, *limits)
            elif ticked is not None:
                self.amount_minor = rules.within(ticked, *limits)
            else:
                raise ValidationError(_("Enter how much you want to give."))
        except (NotAnAmount, NotThatAmount) as refusal:
            raise ValidationError(said(refusal)) from refusal

    def _ticked(self) -> int | None:
        """Return the ticked amount in minor units; one that is not suggested any more counts as well."""
        if self.interval.data not in set(Interval):
            return None
        ticked = self.amounts(self.interval.data).data or ""
        return int(ticked) if re.fullmatch(r"[0-9]{1,12}", ticked) else None

    def validate_email(self, field: Field) -> None:
        """Refuse what is no address; whether anybody reads it, the receipt will show."""
        field.data = (field.data or "").strip()
        try:
            email_key(field.data)
        except BadAddress as refusal:
            raise ValidationError(str(refusal)) from refusal

    @property
    def meant(self) -> str | None:
        """The address that was probably meant, if the one typed looks like a slip of the finger."""
        local, _at, domain = (self.email.data or "").strip().rpartition("@")
        better = SLIPS.get(domain.lower())
        return f"{local}@{better}" if local and better else None
