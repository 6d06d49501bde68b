"""The forms of papers: who issues them, a Gift Aid declaration, the span of a schedule."""

import re
from datetime import date
from typing import Any

from babel import Locale
from flask_babel import get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, DateField, Field, RadioField, SelectField, StringField, TextAreaField, ValidationError
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, Regexp

from patronage.books.papers import entities, gift_aid, statements
from patronage.books.papers.models import LegalEntity, Profile
from patronage.foundation import money, sheets
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said

CURRENCY = r"^([A-Za-z]{3})?$"


def _stripped(typed: str | None) -> str:
    return (typed or "").replace("\r\n", "\n").strip()


def _line(label: object, most: int, *checks: object, **render: str) -> StringField:
    given = [Length(max=most), *checks]
    return StringField(label, given, filters=[_stripped], render_kw=render or None)


class EntityForm(PageForm):
    """What stands on the papers of a legal entity."""

    name = _line(_l("Legal name"), 160)
    address = TextAreaField(_l("Address"), [Length(max=400)], filters=[_stripped], render_kw={"rows": 3})
    country = SelectField(_l("Country"), default="")
    registration_number = _line(_l("Registration number"), 60)
    tax_number = _line(_l("Tax number"), 60)
    charity_number = _line(_l("Charity number"), 60)
    profile = SelectField(
        _l("Wording"),
        default=str(Profile.NONE),
        choices=[
            SelectChoice(str(Profile.NONE), _l("None: the facts alone")),
            SelectChoice(str(Profile.EU), _l("European Union: a voluntary donation, no value added tax")),
            SelectChoice(str(Profile.US_501C3), _l("United States: 501(c)(3) acknowledgment")),
            SelectChoice(str(Profile.UK_GIFT_AID), _l("United Kingdom: charity with Gift Aid")),
        ],
    )
    goods = _line(_l("What patrons receive in return"), 200)
    goods_value = _line(_l("What that is worth, with each payment"), 20, inputmode="decimal")
    goods_currency = _line(
        _l("Currency of that value"), 3, Regexp(CURRENCY, message=_l("Write three letters, such as USD."))
    )
    fiscal_month = SelectField(_l("The year of the books begins in"), coerce=int, default=1)
    prefix = _line(
        _l("Prefix of receipt numbers"), 8,
        Regexp(r"^[A-Za-z0-9]*$", message=_l("Use letters and digits only, up to eight.")),
    )  # fmt: skip
    currencies = _line(
        _l("Issues only for payments in"), 60,
        Regexp(r"^([A-Za-z]{3}([ ,]+[A-Za-z]{3})*)?$", message=_l("Write currencies such as USD GBP.")),
    )  # fmt: skip
    signatory = _line(_l("Signed by"), 120)
    currency_note = TextAreaField(_l("Note on currency"), [Length(max=400)], filters=[_stripped], render_kw={"rows": 2})

    def __init__(self, entity: LegalEntity | None = None, **given: Any) -> None:
        value = ""
        if entity and entity.goods_minor and entity.goods_currency:
            value = sheets.amount(entity.goods_minor, entity.goods_currency)
        super().__init__(obj=entity, goods_value=value, **given)
        locale = Locale.parse(str(get_locale() or "en"))
        known = {code: name for code, name in locale.territories.items() if re.fullmatch(r"[A-Z]{2}", code)}
        self.country.choices = [("", "–"), *sorted(known.items(), key=lambda pair: pair[1])]
        self.fiscal_month.choices = [(month, name) for month, name in locale.months["stand-alone"]["wide"].items()]
        self.goods_minor = entity.goods_minor if entity else 0

    def validate_goods_value(self, field: Field) -> None:
        """Read the value of what patrons receive; it needs a currency."""
        self.goods_minor = 0
        if not field.data:
            if self.goods.data and self.profile.data == Profile.US_501C3:
                raise ValidationError(_("Write what it is worth: American receipts must say so."))
            return
        currency = (self.goods_currency.data or "").upper()
        if not re.fullmatch(r"[A-Z]{3}", currency):
            raise ValidationError(_("Write the currency of the value, such as USD."))
        try:
            self.goods_minor = money.parse(field.data, currency)
        except money.NotAnAmount as refusal:
            raise ValidationError(said(refusal)) from refusal

    def said(self) -> entities.Said:
        """Return what was filled in; call it only when the form is valid."""
        fields = (
            "name", "address", "country", "registration_number", "tax_number", "charity_number", "fiscal_month",
            "signatory", "currency_note", "goods",
        )  # fmt: skip
        return entities.Said(
            **{name: self[name].data for name in fields},
            profile=Profile(self.profile.data), prefix=self.prefix.data.upper(),
            currencies=" ".join(re.findall(r"[A-Z]{3}", self.currencies.data.upper())),
            goods_minor=self.goods_minor, goods_currency=self.goods_currency.data.upper(),
        )  # fmt: skip


class DeclarationForm(PageForm):
    """A UK taxpayer declares that tax may be reclaimed on their donations."""

    title = _line(_l("Form of address, such as Ms or Mr"), 4, Optional(), autocomplete="honorific-prefix")
    first_name = _line(
        _l("First name"), gift_aid.LONGEST_NAME, InputRequired(_l("Write your first name.")), autocomplete="given-name"
    )
    last_name = _line(
        _l("Last name"), gift_aid.LONGEST_NAME, InputRequired(_l("Write your last name.")), autocomplete="family-name"
    )
    house = _line(
        _l("House name or number"), 160, InputRequired(_l("Write the name or number of your house.")),
        autocomplete="address-line1",
    )  # fmt: skip
    postcode = _line(_l("Postcode"), 10, autocomplete="postal-code")
    abroad = BooleanField(_l("I live outside the United Kingdom"))
    covers = RadioField(_l("Which donations"), default="past")
    taxpayer = BooleanField(_l("I am a UK taxpayer and declare this"), [InputRequired(_l("Confirm the declaration."))])

    def __init__(self, charity: str, **given: Any) -> None:
        super().__init__(**given)
        self.covers.choices = [
            ("past", gift_aid.scope(charity, covers_past=True)), ("future", gift_aid.scope(charity, covers_past=False)),
        ]  # fmt: skip

    def validate_postcode(self, field: Field) -> None:
        """Refuse what is no British postcode, unless they live elsewhere."""
        if self.abroad.data:
            return
        try:
            gift_aid.postcode(field.data or "")
        except gift_aid.NotAPostcode as refusal:
            raise ValidationError(said(refusal)) from refusal

    def said(self) -> gift_aid.Said:
        """Return what was declared; call it only when the form is valid."""
        names = ("title", "first_name", "last_name", "house", "postcode", "abroad")
        return gift_aid.Said(**{name: self[name].data for name in names}, covers_past=self.covers.data == "past")


class SpanForm(PageForm):
    """From which day to which a schedule reaches, both included, in the newsroom's zone."""

    begins = DateField(_l("From"), [InputRequired(_l("Choose the first day."))])
    ends = DateField(_l("To"), [InputRequired(_l("Choose the last day."))])

    def validate_begins(self, field: Field) -> None:
        """Refuse days of no newsroom, some of which no moment can be made of."""
        if field.data and not statements.FIRST_YEAR <= field.data.year <= statements.LAST_YEAR:
            raise ValidationError(_("Choose a day of this century."))

    def validate_ends(self, field: Field) -> None:
        """Refuse an end before the beginning, and days of no newsroom."""
        self.validate_begins(field)
        begins: date | None = self.begins.data
        if begins and field.data and field.data < begins:
            raise ValidationError(_("The last day is before the first."))
