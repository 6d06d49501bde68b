"""Who somebody is: the key by which an e-mail address is known, and the person behind it."""

import unicodedata
from dataclasses import dataclass, field
from datetime import datetime

from email_validator import EmailNotValidError, validate_email
from flask_babel import lazy_gettext as _l
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.refused import Refused, Why
from patronage.people.models import Person

LONGEST_ADDRESS = 254
UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}  # control, format (bidi among them), line and paragraph separators


class BadAddress(Refused):
    """What was typed is not an e-mail address that letters could reach."""

    reason = _l("Enter an e-mail address in the correct format, like name@example.org.")


class NotSpokenHere(Refused):
    """No page and no letter is written in this language."""

    reason = _l("This language is not spoken here. Choose one from the list.")


class NobodyHere(Refused):
    """Nobody with this e-mail address is known here."""

    why = Why.NOT_FOUND
    reason = _l("Nobody with this e-mail address is known here.")


@dataclass(frozen=True)
class SignedIn:
    """The person behind a request: what Flask-Login calls the user, and all that pages may know without asking.

    `roles` holds the names of staff roles ("editor", "bookkeeper", "admin"). The cookie carries `token`, not the id.
    """

    id: int
    email: str
    roles: frozenset[str]
    language: str = "en"
    token: str = field(default="", repr=False)
    is_authenticated = True
    is_active = True
    is_anonymous = False

    def get_id(self) -> str:
        """Return the opaque token of this session, which Flask-Login keeps in the cookie."""
        return self.token


def email_key(email: str) -> str:
    """Return the key under which `email` is known: NFC, lower case, the domain in ASCII (IDNA).

    Compatibility characters stay apart (no NFKC), and nothing is looked up in the DNS. Raises `BadAddress`.
    """
    if len(email) > LONGEST_ADDRESS or any(unicodedata.category(c) in UNSEEN for c in email):
        raise BadAddress
    try:
        parts = validate_email(email, check_deliverability=False)
    except EmailNotValidError as error:
        raise BadAddress from error
    local = unicodedata.normalize("NFC", parts.local_part.lower())
    return f"{local}@{parts.ascii_domain.lower()}"


def find(session: Session, email: str) -> Person | None:
    """Return the person known by `email`, or None. Raises `BadAddress`."""
    return session.scalar(select(Person).where(Person.email_key == email_key(email)))


def known(session: Session, email: str) -> Person:
    """Return the person known by `email`. Raises `BadAddress`, `NobodyHere`."""
    person = find(session, email)
    if person is None:
        raise NobodyHere
    return person


def find_or_add(
    session: Session, email: str, now: datetime, *, name: str | None = None, language: str = "en"
) -> Person:
    """Return the person known by `email`, adding them if need be; whoever is there already stays as they are.

    The address is kept as typed. Two requests at once find the same person. Raises `BadAddress`.
    """
    known = {"email_key": email_key(email), "email": email, "name": name, "language": language, "created_at": now}
    found = find(session, email)
    if found is None:
        insert_ignoring(session, Person, known)
        found = session.scalars(select(Person).where(Person.email_key == known["email_key"])).one()
    return found


def speak(session: Session, person_id: int, language: str) -> None:
    """Have pages and letters speak `language` (a code) to `person_id` from now on."""
    session.execute(update(Person).where(Person.id == person_id).values(language=language))
