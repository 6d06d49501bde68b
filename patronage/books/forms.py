"""The forms of the bookkeeper's desk: a correction, the closing of a month, the span of a journal."""

from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, SelectField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.books.papers.forms import SpanForm
from patronage.foundation.web.forms import PageForm


def _stripped(typed: Any) -> Any:
    return typed.strip() if isinstance(typed, str) else typed


class CorrectionForm(PageForm):
    """Why an entry is wrong, and on which account it belongs."""

    belongs_to = SelectField(_l("It belongs to"), choices=[], validate_choice=False)  # the rule knows what is possible
    why = StringField(
        _l("Reason"),
        [InputRequired(_l("Say why, for whoever reads the books in some years.")), Length(max=200)],
        filters=[_stripped],
    )


class CloseForm(PageForm):
    """Whether a month is closed though something of it is not settled."""

    nevertheless = BooleanField(_l("Close the month though this is not settled"))


FIRST_YEAR, LAST_YEAR = 2000, 2099


class JournalForm(SpanForm):
    """From which day to which the journal reaches, and the form it has."""

    format = SelectField(
        _l("Form"), choices=[SelectChoice(name) for name in ("csv", "xlsx", "beancount")], default="csv"
    )

    def validate_begins(self, field: Field) -> None:
        """Refuse days of no newsroom."""
        _check_year(field)

    def validate_ends(self, field: Field) -> None:
        """Refuse days of no newsroom, and an end before the beginning."""
        _check_year(field)
        super().validate_ends(field)


def _check_year(field: Field) -> None:
    if field.data and not FIRST_YEAR <= field.data.year <= LAST_YEAR:
        raise ValidationError(_("Choose a day of this century."))
