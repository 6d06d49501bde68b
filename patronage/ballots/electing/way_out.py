"""The way out of letters about votes: an address in each of them that stops them without signing in."""

import hmac
from datetime import datetime
from typing import Any

from flask import Blueprint, Flask, redirect, render_template
from flask.typing import ResponseReturnValue

from patronage.ballots.electing.letters import TEMPLATES
from patronage.ballots.electing.models import VoteLettersStopped
from patronage.ballots.refusals import NoSuchRound
from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.web import ids
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import settings, tools
from patronage.people.models import Person

blueprint = Blueprint("ballots_vote_letters", __name__)
PLACE = "/topics/letters"
KEY_LENGTH = 32
# Written after a vote has closed, to those who took part or asked for the topic.
AFTERWARDS = ("ballots/round_closed", "ballots/you_asked", "ballots/why_not")


def add_to_letters(app: Flask) -> None:
    """Give letters about votes the address that stops them, and invitations and reminders the closing time."""
    extras = app.extensions["patronage-letter-extras"]
    extras |= dict.fromkeys(TEMPLATES.values(), _for_letter) | dict.fromkeys(AFTERWARDS, _afterwards)


def path(person_id: int) -> str:
    """Return the path that stops the letters about votes to one person; it is good for nothing else."""
    return f"{PLACE}/{person_id}-{_key(person_id)}"


def _for_letter(facts: dict[str, Any]) -> dict[str, Any]:
    return {"unsubscribe_path": path(facts["person"]), "closes_at": datetime.fromisoformat(facts["closes_at"])}


def _afterwards(facts: dict[str, Any]) -> dict[str, Any]:
    return {"unsubscribe_path": path(facts["person"])} if "person" in facts else {}


@blueprint.get(f"{PLACE}/<key>")
@public
def ask(key: str) -> ResponseReturnValue:
    """Show the button that stops the letters; looking at it changes nothing, since mail scanners look too."""
    person_id = _read(key)
    with tools().database.reading() as session:
        stopped = session.get(VoteLettersStopped, person_id) is not None
    return render_template("ballots/electing/letters.html", key=key, stopped=stopped)


@blueprint.post(f"{PLACE}/<key>")
@public
def stop(key: str) -> ResponseReturnValue:
    """Stop the letters: the page's button, or a mail program's own one (RFC 8058). Pressed twice, it is done once."""
    person_id = _read(key)
    with tools().database.transaction() as session:
        if session.get(Person, person_id) is not None:
            insert_ignoring(session, VoteLettersStopped, {"person_id": person_id, "stopped_at": tools().clock.now()})
    return redirect(f"{PLACE}/{key}", 303)


def _read(key: str) -> int:
    """Return the person of an address that we made. Raises `NoSuchRound`."""
    person, _dash, seal = key.partition("-")
    try:
        person_id = ids.read(person)
    except ValueError:
        raise NoSuchRound from None
    if not hmac.compare_digest(seal.encode(), _key(person_id).encode()):
        raise NoSuchRound
    return person_id


def _key(person_id: int) -> str:
    said = f"patronage letters about votes to person {person_id}"
    secret = settings().secret_key.get_secret_value().encode()
    return hmac.new(secret, said.encode(), "sha256").hexdigest()[:KEY_LENGTH]
