"""The forms of hooks: what an administrator says of an address that is told."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectMultipleField, StringField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import DataRequired, InputRequired, Length, Optional
from wtforms.widgets import CheckboxInput, ListWidget

from patronage.ballots.announcing import Event
from patronage.ballots.forms import squeezed
from patronage.foundation.outside import LONGEST_URL
from patronage.foundation.web.forms import PageForm
from patronage.newsroom.hooks import wording
from patronage.newsroom.hooks.models import HookKind

EVENTS = {
    Event.ROUND_OPENED: _l("Voting begins (round.opened)"),
    Event.ROUND_CLOSED: _l("A vote is closed (round.closed)"),
    Event.RESULT_CERTIFIED: _l("A result is certified (result.certified)"),
    Event.TOPIC_CHOSEN: _l("A topic is chosen (topic.chosen)"),
    Event.TOPIC_PUBLISHED: _l("A story is published (topic.published)"),
}
NAMES = {**{event.value: words for event, words in EVENTS.items()}, wording.PING: _l("A test (test.ping)")}


def _name() -> StringField:
    asked = DataRequired(_l("Write a name by which you know it."))
    return StringField(_l("Name"), [asked, Length(max=80)], filters=[squeezed])


def _address(label: Any, asked: Any) -> StringField:
    keys = {"inputmode": "url", "autocomplete": "off", "spellcheck": "false"}
    return StringField(label, [asked, Length(max=LONGEST_URL)], render_kw=keys)


def _events() -> SelectMultipleField:
    return SelectMultipleField(
        _l("What it is told"),
        [DataRequired(_l("Tick at least one."))],
        choices=[SelectChoice(event.value, words) for event, words in EVENTS.items()],
        option_widget=CheckboxInput(),
        widget=ListWidget(prefix_label=False),
    )


class HookForm(PageForm):
    """What is said of a hook that is there already; its address is only typed to change it."""

    name = _name()
    url = _address(_l("Another address"), Optional())
    events = _events()


class NewHookForm(PageForm):
    """What is said of a new hook."""

    name = _name()
    kind = RadioField(
        _l("Who listens there"),
        choices=[
            SelectChoice(HookKind.STANDARD.value, _l("A program: signed JSON")),
            SelectChoice(HookKind.CHAT.value, _l("A chat room: Slack or Mattermost")),
        ],
        default=HookKind.STANDARD.value,
    )
    url = _address(_l("Address"), InputRequired(_l("Write the address.")))
    events = _events()
