"""One-time links for the operator and for the demo."""

from datetime import timedelta

from patronage.foundation.tools import Tools
from patronage.people import people, signing_in

OPERATORS_MINUTES = timedelta(minutes=15)


def sign_in_link_for(
    tools: Tools, email: str, *, valid_for: timedelta = OPERATORS_MINUTES, next_path: str = "/account"
) -> str:
    """Return a link that signs `email` in once; raises `Refused` when nobody has that address. Needs an app."""
    with tools.database.transaction() as session:
        now = tools.clock.now()
        person = people.known(session, email)
        return signing_in.sign_in_url_for(session, person.id, now, next_path, valid_for=valid_for)
