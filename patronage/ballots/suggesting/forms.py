"""The forms of ideas: what a patron suggests, and what the desk says to it; shapes here, meaning by the rules."""

from flask_babel import force_locale
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, HiddenField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired, Length, ValidationError

from patronage.ballots import topics
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import LANGUAGES

LONGEST_COMMON_REASON = 140
TELL = _l("Tell me by mail of every step")


def squeezed(typed: str | None) -> str:
    """Return what was typed in one line, without signs nobody sees."""
    return topics.clean(typed or "")


def _words(least: int, most: int, missing: object) -> list[object]:
    wrong = _l("Use between %(least)s and %(most)s characters.", least=least, most=most)
    return [InputRequired(missing), Length(min=least, max=most, message=wrong)]


class SuggestionForm(PageForm):
    """What a patron thinks should be looked into; `seen` are the ids of the similar ideas they were shown."""

    title = StringField(
        _l("The question or topic"), _words(8, topics.LONGEST_TITLE, _l("Write what it is about.")),
        filters=[squeezed], render_kw={"autocomplete": "off"},
    )  # fmt: skip
    summary = TextAreaField(
        _l("Why it matters"), _words(20, topics.LONGEST_SUMMARY, _l("Write a few sentences about it.")),
        filters=[squeezed], render_kw={"rows": 5},
    )  # fmt: skip
    language = SelectField(
        _l("Language of your idea"), choices=[SelectChoice(code, name) for code, name in LANGUAGES.items()]
    )
    credit = BooleanField(_l("You may name me as the one who suggested it"))
    tell = BooleanField(TELL)
    seen = HiddenField()

    def has_seen(self, topic_ids: list[int]) -> bool:
        """Tell whether all of `topic_ids` were shown beside this form."""
        return set(map(str, topic_ids)) <= set((self.seen.data or "").split(","))


class BackingForm(PageForm):
    """Whether somebody who backs an idea wants to be told of its steps."""

    tell = BooleanField(TELL)


# Offered beside a field of one's own words; said in the language of the idea.
COMMON_REASONS = {
    "covered": _l("We have reported on this already."),
    "elsewhere": _l("This lies outside what we report on."),
    "unclear": _l("We could not tell what exactly we should find out. Please suggest it again with more detail."),
    "unsafe": _l("Reporting on this now could put people in danger."),
    "unlikely": _l("We do not see how we could find this out with the means we have."),
}


class DeclineForm(PageForm):
    """Why a topic is not taken up: a common reason, the desk's own words, or both."""

    common = SelectField(
        _l("A common reason"),
        choices=[SelectChoice("", "–"), *(SelectChoice(name, words) for name, words in COMMON_REASONS.items())],
        validate_choice=False,
    )
    reason = TextAreaField(_l("Why not"), filters=[squeezed], render_kw={"rows": 2})

    def validate_reason(self, field: TextAreaField) -> None:
        """Refuse a no without a reason, and one that is too long."""
        if not field.data and self.common.data not in COMMON_REASONS:
            raise ValidationError(_l("Say in a sentence why."))
        if len(field.data) > topics.LONGEST_REASON - LONGEST_COMMON_REASON:
            raise ValidationError(_l("Say it in fewer words."))

    def said(self, language: str) -> str:
        """Return the reason, a common one in `language`."""
        with force_locale(language):
            common = str(COMMON_REASONS.get(self.common.data or "", ""))
        return f"{common} {self.reason.data}".strip()


class MoveForm(PageForm):
    """What is to be done with a topic on the board."""

    to = SelectField(_l("Move"), validate_choice=False)


class AssigneeForm(PageForm):
    """Who is on a topic."""

    assignee = StringField(
        _l("Who is on it"), _words(2, topics.LONGEST_ASSIGNEE, _l("Write who is on it.")), filters=[squeezed],
        render_kw={"autocomplete": "off", "list": "known-assignees"},
    )  # fmt: skip


class NoteForm(PageForm):
    """A note for the desk's own eyes."""

    desk_note = TextAreaField(
        _l("Note for the desk"), [Length(max=topics.LONGEST_NOTE)], filters=[squeezed], render_kw={"rows": 3}
    )


class IntoForm(PageForm):
    """Which topic a suggestion is merged into."""

    into = SelectField(_l("Merge it into"), coerce=int, validate_choice=False)
