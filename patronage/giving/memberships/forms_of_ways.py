"""The administrator's forms of offers by code and of other ways to give."""

from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional, StopValidation, ValidationError

from patronage.foundation import money
from patronage.foundation.money import NotAnAmount
from patronage.foundation.refused import Refused
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said
from patronage.giving.memberships import bank_codes
from patronage.giving.memberships.forms_of_terms import kept_lines, tidy
from patronage.giving.memberships.models import WayKind
from patronage.giving.memberships.offers import CODE
from patronage.giving.models import Interval

NUMBER = {"inputmode": "numeric", "autocomplete": "off"}
LARGEST_NUMBER = 1_000_000
PERCENT = _l("Write a number between 1 and 100.")


def _text(label: Any, most: int, **more: Any) -> StringField:
    kw = {"maxlength": str(most), "autocomplete": "off", **more}
    return StringField(label, [Length(max=most)], filters=[tidy], render_kw=kw)


class NeededFor:
    """Asks for a number where the offer gives it; must stand before `Optional`, which ends all asking."""

    def __init__(self, gives: str) -> None:
        self._gives = gives

    def __call__(self, form: Any, field: Field) -> None:
        """Refuse an empty field, if it is the one that counts."""
        if form.gives.data == self._gives and not any(each.strip() for each in field.raw_data or ()):
            raise StopValidation(PERCENT)


class OfferForm(PageForm):
    """A new offer; what it gives is a percentage, an amount, or a trial. `tiers` and currencies come from the page."""

    code = StringField(
        _l("Code"), [InputRequired(_l("Write the code."))], filters=[lambda typed: tidy(typed).upper()],
        render_kw={"maxlength": "30", "autocomplete": "off"},
    )  # fmt: skip
    gives = RadioField(
        _l("What it gives"), default="percent",
        choices=[
            SelectChoice("percent", _l("A percentage off")),
            SelectChoice("amount", _l("An amount off")),
            SelectChoice("trial", _l("Nothing to pay at first, to try it")),
        ],
    )  # fmt: skip
    percent = IntegerField(_l("Percentage"), [NeededFor("percent"), Optional(), NumberRange(1, 100, PERCENT)],
                           render_kw=NUMBER)  # fmt: skip
    amount = _text(_l("Amount off each payment"), 30, inputmode="decimal")
    currency = SelectField(_l("Currency of the amount"), validate_choice=False)
    interval = RadioField(
        _l("For which pledges"), default=Interval.MONTH.value,
        choices=[
            SelectChoice(Interval.MONTH.value, _l("Monthly ones")),
            SelectChoice(Interval.YEAR.value, _l("Yearly ones")),
        ],
    )  # fmt: skip
    months = IntegerField(
        _l("For how many months"), [InputRequired(_l("Write a number of months.")),
                                    NumberRange(1, 24, _l("Write a number between 1 and 24."))],
        default=3, render_kw=NUMBER,
    )  # fmt: skip
    tier = SelectField(_l("From which tier on"), coerce=int, validate_choice=False)
    valid_until = DateField(_l("Valid until and including"), [Optional()])
    most_uses = IntegerField(
        _l("How often it may be used"),
        [Optional(), NumberRange(1, LARGEST_NUMBER, _l("Write a number above zero, or nothing."))], render_kw=NUMBER,
    )  # fmt: skip

    amount_minor: int | None = None

    def offer_on(self, currencies: tuple[str, ...], tiers: list[tuple[int, str]]) -> "OfferForm":
        """Fill in currencies and tiers; return the form itself."""
        self.currency.choices = [SelectChoice(each, each) for each in currencies]
        self.tier.choices = [SelectChoice(0, _("Any amount")), *(SelectChoice(*each) for each in tiers)]
        return self

    def validate_code(self, field: Field) -> None:
        """Take what can be said over the telephone."""
        if not CODE.fullmatch(field.data):
            raise ValidationError(_("Use 3 to 30 letters from A to Z, digits and hyphens."))

    def validate_amount(self, field: Field) -> None:
        """Read the amount where one is given."""
        if self.gives.data != "amount":
            return
        try:
            self.amount_minor = money.parse(field.data, str(self.currency.data))
        except NotAnAmount as refusal:
            raise ValidationError(said(refusal)) from refusal
        if not 0 < self.amount_minor <= money.LARGEST_MINOR:
            raise ValidationError(_("Write an amount above zero."))

    def validate_currency(self, field: Field) -> None:
        """Take a currency that is offered."""
        if self.gives.data == "amount" and field.data not in {each.value for each in field.choices}:
            raise ValidationError(_("Choose a currency that is offered."))

    def validate_tier(self, field: Field) -> None:
        """Take a tier there is, or none."""
        if field.data not in {each.value for each in field.choices}:
            raise ValidationError(_("Choose a tier from the list."))


KINDS = [
    (WayKind.BANK.value, _l("Bank transfer")),
    (WayKind.CRYPTO.value, _l("Crypto")),
    (WayKind.PAYPAL.value, _l("PayPal")),
    (WayKind.CHEQUE.value, _l("Cheque")),
    (WayKind.OTHER.value, _l("Something else")),
]


class WayForm(PageForm):
    """One other way to give."""

    kind = SelectField(_l("What it is"), choices=[SelectChoice(*each) for each in KINDS])
    title = StringField(
        _l("Title"),
        [InputRequired(_l("Write a title.")), Length(max=80)],
        filters=[tidy],
        render_kw={"maxlength": "80"},
    )
    account_holder = _text(_l("Account holder"), bank_codes.LONGEST_NAME)
    iban = _text(_l("IBAN"), 42, spellcheck="false")
    bic = _text(_l("BIC"), 14, spellcheck="false")
    remittance = _text(_l("What to write beside the transfer"), bank_codes.LONGEST_REMITTANCE)
    details = TextAreaField(_l("More details, one a line"), [Length(max=2000)], filters=[kept_lines],
                            render_kw={"rows": "4", "spellcheck": "false"})  # fmt: skip
    currency = _text(_l("Currency"), 3)
    url = _text(_l("Link"), 500, inputmode="url", placeholder="https://")
    note = TextAreaField(_l("Note"), [Length(max=500)], filters=[kept_lines], render_kw={"rows": "2"})

    def validate_iban(self, field: Field) -> None:
        """Prove the check digits."""
        if self.kind.data == WayKind.BANK and field.data:
            self._proved(field, bank_codes.iban)
            if not self.account_holder.data:
                raise ValidationError(_("Write the account holder too: banks compare the name."))

    def validate_bic(self, field: Field) -> None:
        """Take a BIC that can be one."""
        self._proved(field, bank_codes.bic)

    def validate_currency(self, field: Field) -> None:
        """Take a currency there is, or none."""
        field.data = field.data.upper()
        if field.data and field.data not in Locale("en").currencies:
            raise ValidationError(_("There is no such currency. Its code has three letters, such as EUR."))

    def validate_url(self, field: Field) -> None:
        """Take only addresses that are safe to follow."""
        if field.data and not field.data.startswith("https://"):
            raise ValidationError(_("Write an address that begins with https://."))

    @staticmethod
    def _proved(field: Field, check: Any) -> None:
        try:
            field.data = check(field.data)
        except Refused as refusal:
            raise ValidationError(str(refusal)) from refusal
