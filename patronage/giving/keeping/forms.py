"""What patrons send when they change something about their pledge."""

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, HiddenField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.foundation.money import NotAnAmount
from patronage.foundation.settings import Settings
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import language, said
from patronage.giving import terms as rules
from patronage.giving.models import Interval
from patronage.giving.terms import Bounds, NotThatAmount
from patronage.giving.typed import seen


class StopForm(PageForm):
    """A patron stops; why is theirs to say or not."""

    reason = TextAreaField(
        _l("Why do you stop?"), [Length(max=1000)], filters=[lambda typed: seen(typed or "")],
        render_kw={"rows": "3", "maxlength": "1000"},
    )  # fmt: skip


class SignedForm(StopForm):
    """The same from the page that needs no sign-in: `pledge` is the signed reference, `deed` what is wanted."""

    pledge = HiddenField()
    deed = HiddenField()


class ChangeForm(PageForm):
    """Another amount, interval, or cover of the fee. `sure` is "yes" once what will happen has been read."""

    interval = RadioField(
        _l("How often"),
        choices=[
            SelectChoice(Interval.MONTH.value, _l("Every month")),
            SelectChoice(Interval.YEAR.value, _l("Every year")),
        ],
    )
    amount = StringField(
        _l("Your gift"),
        [InputRequired(_l("Enter how much you want to give."))],
        render_kw={"inputmode": "decimal", "autocomplete": "off", "maxlength": "30"},
    )
    cover_fees = BooleanField(_l("Add what the payment fee would take of your gift"))
    sure = HiddenField()

    amount_minor: int = 0

    def within(self, currency: str, settings: Settings, bounds: Bounds | None) -> "ChangeForm":
        """Remember the currency of the pledge and the `bounds` of gifts in it; return the form itself."""
        self._currency, self._settings, self._bounds = currency, settings, bounds
        return self

    def validate_amount(self, field: Field) -> None:
        """Read the amount, as the support page does."""
        typed = (field.data or "").strip()
        try:
            if typed != seen(typed):
                raise ValidationError(_("Enter how much you want to give."))
            self.amount_minor = rules.gift(typed, self._currency, self._settings, language(), self._bounds)
        except (NotAnAmount, NotThatAmount) as refusal:
            raise ValidationError(said(refusal)) from refusal

    @property
    def fee_cover_minor(self) -> int:
        """What is added for the fee, once the amount has been read."""
        if not self.cover_fees.data:
            return 0
        return rules.fee_cover(self.amount_minor, self._currency, self._settings, self._bounds)


class DayForm(PageForm):
    """Another day of the month to be charged on."""

    day = SelectField(_l("Day of the month"), coerce=int)


class PauseForm(PageForm):
    """For how many months nothing is charged."""

    months = RadioField(_l("How long"), [InputRequired(_l("Choose how long your pledge is to rest."))], coerce=int)
