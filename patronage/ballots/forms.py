"""The forms of topics, rounds and ballots: shapes are checked here, meaning by the rules."""

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, NumberRange, Optional

from patronage.ballots import topics
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import LANGUAGES

LONGEST_PROMISE = 500


def squeezed(typed: str | None) -> str:
    """Return what was typed in one line, without signs nobody sees."""
    return topics.clean(typed or "")


def _words(least: int, most: int, missing: object) -> list[object]:
    wrong = _l("Use between %(least)s and %(most)s characters.", least=least, most=most)
    return [InputRequired(missing), Length(min=least, max=most, message=wrong)]


class TopicForm(PageForm):
    """A topic in the desk's own words."""

    title = StringField(_l("Title"), _words(3, topics.LONGEST_TITLE, _l("Write a title.")), filters=[squeezed])
    summary = TextAreaField(
        _l("What it is about"), _words(3, topics.LONGEST_SUMMARY, _l("Say what it is about.")),
        filters=[squeezed], render_kw={"rows": 4},
    )  # fmt: skip
    reporter_days = IntegerField(
        _l("Cost in reporter days"),
        [Optional(), NumberRange(1, topics.MOST_REPORTER_DAYS, _l("Write a number of days between 1 and 365."))],
        render_kw={"inputmode": "numeric"},
    )
    language = SelectField(
        _l("Language"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()], validate_choice=False
    )


class StoryForm(PageForm):
    """Where the story stands."""

    story_url = StringField(
        _l("Address of the story"),
        [InputRequired(_l("Write the address of the story.")), Length(max=topics.LONGEST_ADDRESS)],
        render_kw={"inputmode": "url", "placeholder": "https://"},
    )


class AddTopicForm(PageForm):
    """Which topic joins the ballot."""

    topic = SelectField(_l("Add a topic"), coerce=int, validate_choice=False)


class BallotForm(PageForm):
    """What a ballot carries besides its ticks: the one-time id of the form."""

    submission = HiddenField()
