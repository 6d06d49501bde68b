"""The forms of signing in: an address, a code, a button."""

from flask_babel import lazy_gettext as _l
from wtforms import EmailField, Field, Form, HiddenField, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, Length, StopValidation, ValidationError

from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import LANGUAGES
from patronage.people.people import BadAddress, email_key


def bare(typed: str | None) -> str:
    """Return what was typed without the spaces that phones leave around an address."""
    return (typed or "").strip(" ")


class Needed(DataRequired):
    """Says what is missing, as plain text: the field macros show no error that is still waiting to be translated."""

    def __call__(self, form: Form, field: Field) -> None:
        """Refuse an empty `field`."""
        try:
            super().__call__(form, field)
        except StopValidation as missing:
            raise StopValidation(str(missing)) from missing


class AddressForm(PageForm):
    """Asks for the address to which link and code are sent; `next` is where the person was going."""

    email = EmailField(
        _l("E-mail address"),
        filters=[bare],
        validators=[Needed(_l("Enter your e-mail address."))],
        render_kw={"autocomplete": "email", "spellcheck": "false", "autocapitalize": "none"},
    )
    next = HiddenField()

    def validate_email(self, email: EmailField) -> None:
        """Refuse what no letter could reach."""
        try:
            email_key(email.data)
        except BadAddress as refusal:
            raise ValidationError(str(refusal)) from refusal


class CodeForm(PageForm):
    """Takes the code of the letter, however it is typed: small letters, spaces and dashes do no harm."""

    code = StringField(
        _l("Code from the letter"),
        filters=[bare],
        validators=[Needed(_l("Enter the code from the letter.")), Length(max=40)],
        render_kw={"autocomplete": "one-time-code", "spellcheck": "false", "autocapitalize": "characters"},
    )


class LanguageForm(PageForm):
    """The language that a person's pages and letters speak."""

    language = SelectField(_l("Pages and letters speak"), choices=[SelectChoice(*each) for each in LANGUAGES.items()])


class LinkForm(PageForm):
    """The button behind the link; `confirmed` says that another browser was asked whether it means it."""

    confirmed = HiddenField()
