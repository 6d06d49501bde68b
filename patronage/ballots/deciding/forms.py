"""The forms of deciding: which topics are covered and why, and what is said to those who asked."""

from collections.abc import Iterable
from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectMultipleField, TextAreaField
from wtforms.validators import Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from patronage.ballots.deciding import decisions, telling
from patronage.ballots.deciding.decisions import Decided, Wanted
from patronage.ballots.forms import squeezed
from patronage.ballots.frozen import Frozen
from patronage.foundation.web.forms import PageForm
from patronage.foundation.web.languages import LANGUAGES

TOO_LONG = _l("Use at most %(most)s characters.", most=decisions.LONGEST_REASON)


class DecisionForm(PageForm):
    """A tick and a reason for every topic of a round; made by `decision_form`, which knows the topics."""

    topic_ids: tuple[int, ...] = ()

    def ticked(self, topic_id: int) -> Any:
        """Return the field that says whether a topic is covered."""
        return self[f"chosen-{topic_id}"]

    def reason(self, topic_id: int) -> Any:
        """Return the field that says why, where that departs from the result."""
        return self[f"reason-{topic_id}"]

    def wanted(self) -> Wanted:
        """Return what the form says."""
        chosen = frozenset(each for each in self.topic_ids if self.ticked(each).data)
        return Wanted(chosen, {each: self.reason(each).data or "" for each in self.topic_ids})


def decision_form(decided: Iterable[Decided], *, filled: bool) -> DecisionForm:
    """Return the form for these topics, showing what holds now if `filled`, else what was sent."""
    lines = list(decided)
    fields: dict[str, Any] = {"topic_ids": tuple(each.line.topic_id for each in lines)}
    values: dict[str, Any] = {}
    for each in lines:
        topic_id = each.line.topic_id
        fields[f"chosen-{topic_id}"] = BooleanField(each.line.title)
        fields[f"reason-{topic_id}"] = TextAreaField(
            _l("Why"), [Optional(), Length(max=decisions.LONGEST_REASON, message=TOO_LONG)], filters=[squeezed],
            render_kw={"rows": 2},
        )  # fmt: skip
        values |= {f"chosen-{topic_id}": each.chosen, f"reason-{topic_id}": each.reason or ""}
    form: type[DecisionForm] = type("TheDecisionForm", (DecisionForm,), fields)
    return form(formdata=None, data=values) if filled else form()


class PickForm(PageForm):
    """Some topics of a result by position, to see how fair they would be together."""

    pick = SelectMultipleField(
        _l("Topics"), coerce=int, option_widget=CheckboxInput(), widget=ListWidget(prefix_label=False)
    )


def pick_form(result: Frozen, picked: Iterable[int]) -> PickForm:
    """Return the form with the topics of `result`, those at the `picked` positions ticked."""
    form = PickForm(formdata=None, data={"pick": list(picked)})
    form.pick.choices = [(line.position, line.title) for line in result.lines]
    return form


class NotesForm(PageForm):
    """What the desk says to those who asked, in each language that letters speak; made by `notes_form`."""

    def notes(self) -> dict[str, str]:
        """Return what was written, by language."""
        return {code: self[code].data or "" for code in LANGUAGES}

    @property
    def written(self) -> list[Any]:
        """The fields, in the order of the languages."""
        return [self[code] for code in LANGUAGES]


def notes_form(notes: dict[str, str] | None = None) -> NotesForm:
    """Return the form with one field a language; `notes` fill it, None reads what was sent."""
    wrong = _l("Use at most %(most)s characters.", most=telling.LONGEST_NOTE)
    fields = {
        code: TextAreaField(
            _l("Your words in %(language)s", language=name),
            [Optional(), Length(max=telling.LONGEST_NOTE, message=wrong)],
            render_kw={"rows": 6, "lang": code},
        )
        for code, name in LANGUAGES.items()
    }  # fmt: skip
    form: type[NotesForm] = type("TheNotesForm", (NotesForm,), fields)
    return form() if notes is None else form(formdata=None, data=notes)
