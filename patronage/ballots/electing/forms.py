"""The form of a round's draft and of its letters and reasons: shapes are checked here, meaning by the rules."""

from collections.abc import Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, IntegerField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from patronage.ballots.electing import whys
from patronage.ballots.forms import LONGEST_PROMISE, squeezed
from patronage.ballots.models import Policy
from patronage.foundation.web.forms import PageForm
from patronage.giving.models import Tier

NUMBER = {"inputmode": "numeric"}
MOMENT = {"type": "datetime-local"}
WEIGHTS = (1, 2, 3)
POLICIES = {
    Policy.UNTIL_CLOSING: _l("Whoever is a patron when they cast their ballot"),
    Policy.FROZEN: _l("A list of voters, written once"),
}


def _words(least: int, most: int, missing: object) -> list[object]:
    wrong = _l("Use between %(least)s and %(most)s characters.", least=least, most=most)
    return [InputRequired(missing), Length(min=least, max=most, message=wrong)]


def _days(most: int) -> list[object]:
    return [Optional(), NumberRange(1, most, _l("Write a number of days between 1 and %(most)s.", most=most))]


class RoundForm(PageForm):
    """What a round asks, whom, and when; moments are typed in the newsroom's zone. `weights` are fields by tier id."""

    title = StringField(_l("Question"), _words(3, 120, _l("Write what is asked.")), filters=[squeezed])
    places = IntegerField(
        _l("Places"), [InputRequired(_l("Write how many topics can be chosen.")), NumberRange(1, 20)], render_kw=NUMBER
    )
    most_ticks = IntegerField(
        _l("Most ticks on a ballot"), [InputRequired(_l("Write how many topics one may tick.")), NumberRange(1, 50)],
        render_kw=NUMBER,
    )  # fmt: skip
    asks_why = BooleanField(_l("Ask voters why, if they like to say"))
    policy = RadioField(
        _l("The electorate"), [Optional()], default=Policy.UNTIL_CLOSING.value,
        choices=[SelectChoice(key.value, words) for key, words in POLICIES.items()],
    )  # fmt: skip
    cut_off = StringField(_l("Cut-off of the list"), render_kw=MOMENT)
    least_tier = SelectField(_l("From this level of support up"), coerce=int, default=0)
    least_days = IntegerField(_l("Patrons for at least … days"), _days(3650), render_kw=NUMBER)
    admits_named = BooleanField(_l("Complimentary members may vote"))
    weighted = BooleanField(_l("Weigh ballots by level of support"))
    budget_days = IntegerField(_l("Budget in reporter days"), _days(10_000), render_kw=NUMBER)
    opens = StringField(_l("Voting opens"), [InputRequired(_l("Write when voting opens."))], render_kw=MOMENT)
    closes = StringField(_l("Voting closes"), [InputRequired(_l("Write when voting closes."))], render_kw=MOMENT)
    invites = BooleanField(_l("Write to all who may vote when voting opens"))
    remind_days = IntegerField(_l("Remind those who have not voted … days before closing"), _days(30), render_kw=NUMBER)
    promise = TextAreaField(
        _l("What the editors promise"), _words(3, LONGEST_PROMISE, _l("Write what patrons can count on.")),
        filters=[squeezed], render_kw={"rows": 3},
    )  # fmt: skip

    @property
    def weights(self) -> dict[int, Any]:
        """The fields that say what a ballot of each level weighs, by tier id; none where there are no levels."""
        return {int(field.name.removeprefix("weight_")): field for field in self if field.name.startswith("weight_")}


def round_form(tiers: Sequence[Tier]) -> type[RoundForm]:
    """Return the form of a round where `tiers` are the levels of support."""
    choices = [SelectChoice(weight, str(weight)) for weight in WEIGHTS]
    label = _l("Weight of a ballot")
    fields = {f"weight_{tier.id}": SelectField(label, coerce=int, choices=choices, default=1) for tier in tiers}
    for field, tier in zip(fields.values(), tiers, strict=True):
        field.kwargs["description"] = tier.name
    levels = [SelectChoice(0, _l("Every level, and gifts below them"))]
    levels += [SelectChoice(tier.id, tier.name) for tier in tiers]
    least = SelectField(_l("From this level of support up"), coerce=int, default=0, choices=levels)
    return type("RoundForm", (RoundForm,), {**fields, "least_tier": least})


def why_fields(topics: Sequence[tuple[int, str]]) -> type[PageForm]:
    """Return the form in which a voter may say why they ticked each of `topics` (position, title)."""
    too_long = _l("Use at most %(most)s characters.", most=whys.LONGEST)
    fields = {
        f"why-{position}": TextAreaField(
            title, [Optional(), Length(max=whys.LONGEST, message=too_long)], filters=[squeezed],
            render_kw={"rows": 2, "maxlength": whys.LONGEST},
        )
        for position, title in topics
    }  # fmt: skip
    return type("WhyForm", (PageForm,), fields)
