"""The bookkeeper's form of a gift that came past Stripe."""

import re
import secrets
from datetime import date
from decimal import Decimal
from typing import Any

from babel import Locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, Optional, ValidationError

from patronage.books.manual_gifts import Coins
from patronage.books.models import Channel
from patronage.foundation import money
from patronage.foundation.money import NotAnAmount
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said
from patronage.giving.memberships.forms import THEIRS, check_address
from patronage.giving.memberships.forms_of_terms import AMOUNT, kept_lines, tidy

CHANNELS = [
    (Channel.BANK_TRANSFER.value, _l("Bank transfer")),
    (Channel.CASH.value, _l("Cash")),
    (Channel.GRANT.value, _l("Grant")),
    (Channel.CHEQUE.value, _l("Cheque")),
    (Channel.PAYPAL.value, _l("PayPal")),
    (Channel.CRYPTO.value, _l("Crypto, at its value on that day")),
]
DECIMAL = re.compile(r"[0-9]{1,15}(?:[.,][0-9]{1,18})?")
MOST_YEARS = 10
LARGEST_MINOR = 999_999_999_999  # a grant may be larger than any charge


def _line(label: Any, most: int, **more: Any) -> StringField:
    kw = {"maxlength": str(most), "autocomplete": "off", **more}
    return StringField(label, [Length(max=most)], filters=[tidy], render_kw=kw)


class GiftForm(PageForm):
    """A gift that came past Stripe; `submission` makes a double click one gift. `today` is set by the page."""

    channel = SelectField(_l("How it came"), choices=[SelectChoice(*each) for each in CHANNELS])
    received_on = DateField(_l("Received on"), [InputRequired(_l("Choose the day on which it was received."))])
    currency = StringField(
        _l("Currency"), [InputRequired(_l("Write the code of the currency, such as EUR."))],
        filters=[lambda typed: tidy(typed).upper()], render_kw={"maxlength": "3", "autocomplete": "off"},
    )  # fmt: skip
    amount = StringField(_l("Amount"), filters=[tidy], render_kw=AMOUNT)
    coin = _line(_l("Coin"), 12)
    coin_amount = _line(_l("Amount in that coin"), 40, inputmode="decimal")
    coin_rate = _line(_l("What one coin was worth"), 40, inputmode="decimal")
    rate_source = _line(_l("Where this rate is from"), 200)
    giver_name = StringField(
        _l("From whom"), [InputRequired(_l("Write from whom it came.")), Length(max=120)], filters=[tidy],
        render_kw={"maxlength": "120", "autocomplete": "off"},
    )  # fmt: skip
    email = StringField(_l("Their e-mail address"), render_kw=THEIRS)
    until = DateField(_l("Makes them a patron until and including"), [Optional()])
    note = TextAreaField(_l("Note"), [Length(max=500)], filters=[kept_lines], render_kw={"rows": "2"})
    submission = HiddenField(default=lambda: secrets.token_urlsafe(16))

    amount_minor = 0
    today: date

    def on(self, today: date, currency: str) -> "GiftForm":
        """Remember what day it is; begin with the newsroom's currency."""
        self.today = today
        if not self.is_submitted():
            self.received_on.data, self.currency.data = today, currency
        return self

    @property
    def coins(self) -> Coins | None:
        """What came, if it was crypto."""
        if self.channel.data != Channel.CRYPTO:
            return None
        amount, rate = (each.data.replace(",", ".") for each in (self.coin_amount, self.coin_rate))
        return Coins(self.coin.data.upper(), amount, rate, self.rate_source.data)

    def validate_received_on(self, field: Field) -> None:
        """Refuse days to come, and those long before any of our books."""
        if field.data and field.data > self.today:
            raise ValidationError(_("This day is still to come."))
        if field.data and field.data.year < self.today.year - MOST_YEARS:
            raise ValidationError(_("Choose a day within the last ten years."))

    def validate_currency(self, field: Field) -> None:
        """Refuse what is no currency."""
        if field.data not in Locale("en").currencies:
            raise ValidationError(_("There is no such currency. Its code has three letters, such as EUR."))

    def validate_coin(self, field: Field) -> None:
        """Ask for the coin, its amount, rate and source together."""
        if self.channel.data == Channel.CRYPTO and not field.data:
            raise ValidationError(_("Write which coin it was, such as BTC."))

    def validate_coin_amount(self, field: Field) -> None:
        """Read the amount in coins."""
        self._decimal(field)

    def validate_coin_rate(self, field: Field) -> None:
        """Read the rate."""
        self._decimal(field)

    def validate_rate_source(self, field: Field) -> None:
        """Ask where the rate is from."""
        if self.channel.data == Channel.CRYPTO and not field.data:
            raise ValidationError(_("Write where the rate is from, with its date."))

    def validate_amount(self, field: Field) -> None:
        """Read the amount; for crypto it may be left out, or has to be what coins and rate come to."""
        if self.currency.data not in Locale("en").currencies:
            return
        worth = self._worth()
        if not field.data and worth is not None:
            self.amount_minor = worth
        else:
            self.amount_minor = self._read(field.data)
        if worth is not None and abs(worth - self.amount_minor) > 1:
            shown = money.shown(worth, self.currency.data)
            raise ValidationError(_("Coins and rate come to %(amount)s. Mend one of them.", amount=shown))
        if not 0 < self.amount_minor <= LARGEST_MINOR:
            raise ValidationError(_("Write an amount above zero."))

    def validate_email(self, field: Field) -> None:
        """Take no address, or one that is right."""
        if tidy(field.data):
            check_address(field)
        else:
            field.data = ""

    def validate_until(self, field: Field) -> None:
        """A membership needs an address, and a day to come."""
        if field.data and field.data < self.today:
            raise ValidationError(_("This day has passed. Choose one to come, or none."))
        if field.data and not tidy(self.email.data):
            raise ValidationError(_("A membership needs an e-mail address: it is how patrons sign in."))

    def _read(self, typed: str) -> int:
        try:
            return money.parse(typed, self.currency.data)
        except NotAnAmount as refusal:
            raise ValidationError(said(refusal)) from refusal

    def _decimal(self, field: Field) -> None:
        if self.channel.data == Channel.CRYPTO and not _decimal_of(field.data):
            raise ValidationError(_("Write a number such as 0.0125."))

    def _worth(self) -> int | None:
        """Return what coins and rate come to in minor units, or None."""
        coins, rate = _decimal_of(self.coin_amount.data), _decimal_of(self.coin_rate.data)
        if self.channel.data != Channel.CRYPTO or not coins or not rate:
            return None
        value = (coins * rate).scaleb(money.exponent(self.currency.data))
        return int(value.to_integral_value(rounding="ROUND_HALF_UP"))


def _decimal_of(typed: str | None) -> Decimal | None:
    """Read a positive decimal of ASCII digits, or return None."""
    return Decimal((typed or "").replace(",", ".")) if DECIMAL.fullmatch(typed or "") else None
