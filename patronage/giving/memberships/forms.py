"""The forms of presents and of memberships without payment: shapes are checked here, meaning by the rules."""

import secrets
from datetime import date

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, Field, HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.foundation.money import shown
from patronage.foundation.web.forms import PageForm
from patronage.giving.memberships.forms_of_terms import kept_lines, tidy
from patronage.giving.memberships.presents import Choice
from patronage.people.people import BadAddress, email_key

ADDRESS = {"type": "email", "autocomplete": "email", "spellcheck": "false", "maxlength": "254"}
THEIRS = {**ADDRESS, "autocomplete": "off"}
LATEST_DAYS = 366


def check_address(field: Field) -> None:
    """Refuse what is no e-mail address, beside its field."""
    field.data = (field.data or "").strip()
    try:
        email_key(field.data)
    except BadAddress as refusal:
        raise ValidationError(str(refusal)) from refusal


class PresentForm(PageForm):
    """What somebody buys for somebody else; `offer_on` fills in what can be bought, and what day it is."""

    length = RadioField(_l("How long"), validate_choice=False)
    recipient_name = StringField(
        _l("Name of whoever gets it"), [InputRequired(_l("Write the name of whoever gets it.")), Length(max=80)],
        filters=[tidy], render_kw={"maxlength": "80", "autocomplete": "off"},
    )  # fmt: skip
    recipient_email = StringField(
        _l("Their e-mail address"), [InputRequired(_l("Write the address the present is mailed to."))],
        render_kw=THEIRS,
    )  # fmt: skip
    message = TextAreaField(
        _l("A few words from you"), [Length(max=500)], filters=[kept_lines], render_kw={"rows": "3", "maxlength": "500"}
    )
    deliver_on = DateField(_l("Mailed on"), [InputRequired(_l("Choose the day on which it is mailed."))])
    giver_name = StringField(
        _l("Your name, as it stands on the present"), [InputRequired(_l("Write your name.")), Length(max=80)],
        filters=[tidy], render_kw={"maxlength": "80", "autocomplete": "name"},
    )  # fmt: skip
    email = StringField(
        _l("Your e-mail address"), [InputRequired(_l("Enter your e-mail address: the receipt goes there."))],
        render_kw=ADDRESS,
    )  # fmt: skip
    currency = HiddenField()

    def offer_on(self, choices: list[Choice], currency: str, language: str, today: date) -> "PresentForm":
        """Fill in what can be bought today; return the form itself."""
        self._known, self._today = {each.key: each for each in choices}, today
        self.length.choices = [
            SelectChoice(each.key, said_of(each) + ": " + shown(each.amount_minor, currency, language))
            for each in choices
        ]
        if not self.is_submitted():
            self.length.data = choices[min(2, len(choices) - 1)].key
            self.deliver_on.data = today
        self.currency.data = currency
        return self

    @property
    def choice(self) -> Choice:
        """What was chosen; to be asked once the form is valid."""
        return self._known[self.length.data]

    def validate_length(self, field: Field) -> None:
        """Refuse what is not offered."""
        if field.data not in self._known:
            raise ValidationError(_("Choose how long the membership lasts."))

    def validate_recipient_email(self, field: Field) -> None:
        """Refuse what is no address."""
        check_address(field)

    def validate_email(self, field: Field) -> None:
        """Refuse what is no address."""
        check_address(field)

    def validate_deliver_on(self, field: Field) -> None:
        """Take a day from today to a year from now, and yesterday: so says a page that was opened before midnight."""
        if field.data and not -1 <= (field.data - self._today).days <= LATEST_DAYS:
            raise ValidationError(_("Choose a day between today and a year from now."))


def said_of(choice: Choice) -> str:
    """Return how long a present lasts, in words, with its tier."""
    months = {1: _("1 month"), 3: _("3 months"), 6: _("6 months"), 12: _("1 year")}[choice.months]
    return f"{choice.tier_name}, {months}" if choice.tier_name else str(months)


class RedeemForm(PageForm):
    """Whose membership it becomes."""

    email = StringField(
        _l("Your e-mail address"), [InputRequired(_l("Enter your e-mail address: you sign in with it."))],
        render_kw=ADDRESS,
    )  # fmt: skip

    def validate_email(self, field: Field) -> None:
        """Refuse what is no address."""
        check_address(field)


class ComplimentaryForm(PageForm):
    """Who becomes a patron without paying, until when, and why; `submission` makes a double click one membership."""

    email = StringField(_l("E-mail address"), [InputRequired(_l("Write an e-mail address."))], render_kw=THEIRS)
    until = DateField(_l("Until and including"), [InputRequired(_l("Choose the last day."))])
    why = StringField(
        _l("Why"), [InputRequired(_l("Say in a few words why.")), Length(max=300)], filters=[tidy],
        render_kw={"maxlength": "300"},
    )  # fmt: skip
    submission = HiddenField(default=lambda: secrets.token_urlsafe(16))

    def validate_email(self, field: Field) -> None:
        """Refuse what is no address."""
        check_address(field)


class ReasonForm(PageForm):
    """Why something is taken back."""

    reason = StringField(
        _l("Why"), [InputRequired(_l("Say in a few words why.")), Length(min=3, max=300)], filters=[tidy],
        render_kw={"maxlength": "300"},
    )  # fmt: skip
