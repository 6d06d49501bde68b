"""What the worker does for people: decides whether a letter answers a request to sign in, and forgets old ones."""

from typing import Any

from patronage.foundation import outbox
from patronage.foundation.tools import Tools
from patronage.people import sessions, signing_in
from patronage.people.models import Person, SignIn

SEND_LINK = "people/send-link"


def send_link(tools: Tools, data: dict[str, Any]) -> None:
    """Write the letter for the request `data["sign_in"]`, if somebody here has the address and it can still be used.

    Nobody waits for this decision, so that no answer tells by its haste whether an address is known.
    """
    now = tools.clock.now()
    with tools.database.transaction() as session:
        asked = session.get(SignIn, data["sign_in"])
        if asked and asked.person_id and asked.used_at is None and asked.expires_at > now:
            person = session.get_one(Person, asked.person_id)
            outbox.write(
                session, "people/sign_in", person.email, {"nonce": asked.nonce}, now,
                recipient_id=person.id, language=person.language, once=f"sign-in:{asked.id}",
            )  # fmt: skip
        signing_in.forget_expired(session, now)
        sessions.forget_expired(session, now)


HANDLERS = {SEND_LINK: send_link}
