"""What staff send when money is to go back: how much and why, and what the bank is told."""

import re

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import Field, HiddenField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.foundation.money import NotAnAmount, parse
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import said
from patronage.giving.returning.orders import LONGEST_EVIDENCE
from patronage.giving.typed import seen

SUBMISSION = re.compile(r"[0-9a-f]{16,64}")


class RefundForm(PageForm):
    """A refund: `amount` as typed, why, and the form's one-time name, so that sent twice it is one refund."""

    amount = StringField(
        _l("How much"),
        [InputRequired(_l("Write how much is to be given back."))],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "maxlength": "30"},
    )
    reason = TextAreaField(
        _l("Why"),
        [InputRequired(_l("Write why, so that others understand it later.")), Length(max=500)],
        filters=[lambda typed: seen(typed or "").strip()],
        render_kw={"rows": "2", "maxlength": "500"},
    )
    submission = HiddenField()

    def amount_minor(self, currency: str) -> int | None:
        """Return the amount in minor units, or None with the reason beside the field."""
        try:
            amount = parse(self.amount.data or "", currency)
        except NotAnAmount as refusal:
            self.amount.errors = [*self.amount.errors, said(refusal)]
            return None
        if amount == 0:
            self.amount.errors = [*self.amount.errors, _("Write how much is to be given back.")]
        return amount or None

    def validate_submission(self, field: Field) -> None:
        """Refuse a form that was made by hand."""
        if not SUBMISSION.fullmatch(field.data or ""):
            raise ValidationError(_("Open the page again, and send the form from there."))


class EvidenceForm(PageForm):
    """What staff write to the bank."""

    text = TextAreaField(
        _l("What shows that the gift was meant"),
        [Length(max=LONGEST_EVIDENCE)],
        filters=[lambda typed: seen(typed or "")],
        render_kw={"rows": "12", "maxlength": str(LONGEST_EVIDENCE)},
    )
