"""The way out of letters about one idea: an address in each of them that stops them without signing in."""

import hmac
from typing import Any

from flask import Blueprint, Flask, redirect, render_template
from flask.typing import ResponseReturnValue

from patronage.ballots.models import Topic
from patronage.ballots.refusals import NoSuchTopic
from patronage.ballots.suggesting import backing, steps
from patronage.ballots.suggesting.telling_steps import LETTER
from patronage.foundation.web import ids
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_way_out", __name__)
PLACE = "/topics/ideas/letters"
KEY_LENGTH = 32


def add_to_letters(app: Flask) -> None:
    """Give letters about ideas the address that stops them."""
    app.extensions["patronage-letter-extras"][LETTER] = _for_letter


def path(topic_id: int, person_id: int) -> str:
    """Return the path that stops the letters about a topic to one person; it is good for nothing else."""
    return f"{PLACE}/{topic_id}-{person_id}-{_key(topic_id, person_id)}"


def _for_letter(facts: dict[str, Any]) -> dict[str, str]:
    return {"unsubscribe_path": path(facts["topic"], facts["person"])}


@blueprint.get(f"{PLACE}/<key>")
@public
def ask(key: str) -> ResponseReturnValue:
    """Show the button that stops the letters; looking at it changes nothing, since mail scanners look too."""
    topic_id, person_id = _read(key)
    with tools().database.reading() as session:
        topic = session.get(Topic, steps.chain(session, topic_id)[-1])
        if topic is None:
            raise NoSuchTopic
        mine = backing.of_person(session, topic.id, person_id)
    return render_template("ballots/suggesting/letters.html", topic=topic, key=key, told=mine is not None and mine.tell)


@blueprint.post(f"{PLACE}/<key>")
@public
def stop(key: str) -> ResponseReturnValue:
    """Stop the letters: the page's button, or a mail program's own one (RFC 8058). Pressed twice, it is done once."""
    topic_id, person_id = _read(key)
    with tools().database.transaction() as session:
        backing.tell(session, topic_id, person_id, wanted=False)
    return redirect(f"{PLACE}/{key}", 303)


def _read(key: str) -> tuple[int, int]:
    """Return topic and person of an address that we made. Raises `NoSuchTopic`."""
    topic, _dash, rest = key.partition("-")
    person, _dash, seal = rest.partition("-")
    try:
        topic_id, person_id = ids.read(topic), ids.read(person)
    except ValueError:
        raise NoSuchTopic from None
    if not hmac.compare_digest(seal.encode(), _key(topic_id, person_id).encode()):
        raise NoSuchTopic
    return topic_id, person_id


def _key(topic_id: int, person_id: int) -> str:
    said = f"patronage letters about topic {topic_id} to person {person_id}"
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.new(secret, said.encode(), "sha256").hexdigest()[:KEY_LENGTH]
