"""The forms of the desk that belong to no other room."""

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, EmailField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Email, InputRequired, Length, Optional, Regexp

from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import LANGUAGES


class IdentityForm(PageForm):
    """What an administrator says about the newsroom."""

    name = StringField(_l("Name of the newsroom"), [InputRequired(_l("Write the name.")), Length(max=80)])
    tagline = StringField(_l("One line about it"), [Optional(), Length(max=140)])
    contact_email = EmailField(
        _l("Where readers can write to"), [Optional(), Email(_l("Write an e-mail address such as desk@example.org."))]
    )
    accent = StringField(
        _l("Accent colour"),
        [Regexp(r"^#[0-9a-fA-F]{6}$", message=_l("Write the colour as # and six digits, for example #0b5d5e."))],
    )
    story_line = TextAreaField(_l("What readers' money pays for"), [Optional(), Length(max=400)])
    locale = SelectField(_l("Language of the newsroom"), choices=[SelectChoice(*each) for each in LANGUAGES.items()])


class DigestForm(PageForm):
    """Which letters of the desk somebody wants."""

    at_closing = BooleanField(_l("When a vote has closed"))
    weekly = BooleanField(_l("Once a week"))
