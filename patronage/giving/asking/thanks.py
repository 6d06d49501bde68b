"""The page after paying, at a signed address: what has come in, and the ballot that is open to whoever just paid."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import Blueprint, current_app, make_response, render_template, request
from flask import session as cookie
from flask.typing import ResponseReturnValue
from flask_login import current_user, login_user
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from patronage.foundation.web.guards import public
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import language
from patronage.giving import signed, wording
from patronage.giving.asking import paying_browser
from patronage.giving.keeping import once
from patronage.giving.models import Checkout, Pledge
from patronage.people import sessions
from patronage.people.models import Person, SessionToken, StaffRole
from patronage.people.people import SignedIn
from patronage.people.signing_in import masked

blueprint = Blueprint("giving_thanks", __name__)

EXTRAS = "patronage-thanks-extras"

# What other rooms add to the page for somebody signed in: {"template": …, and what it is drawn with}, or None.
Extra = Callable[[Session, int, datetime], dict[str, Any] | None]


class Stand(StrEnum):
    """How far a payment has come."""

    CONFIRMING = "confirming"  # Stripe has not told us yet
    ON_ITS_WAY = "on its way"  # a bank debit: promised, not settled
    SETTLED = "settled"
    FAILED = "failed"
    EXPIRED = "expired"


@dataclass(frozen=True)
class Thanked:
    """A pledge as its page knows it, with the newest checkout and the giver."""

    pledge: Pledge
    checkout: Checkout
    person: Person

    @property
    def stand(self) -> Stand:
        """How far the payment has come, from the facts alone."""
        if self.pledge.settled_at is not None or self.pledge.free_until is not None:
            return Stand.SETTLED
        told = {"unpaid": Stand.ON_ITS_WAY, "failed": Stand.FAILED, "expired": Stand.EXPIRED}
        return told.get(self.checkout.outcome or "", Stand.CONFIRMING)


def find(session: Session, reference: str) -> Thanked:
    """Return what is known of the pledge `reference`. Raises `NoSuchPledge`."""
    row = session.execute(
        select(Pledge, Checkout, Person)
        .join(Checkout, Checkout.pledge_id == Pledge.id)
        .join(Person, Person.id == Pledge.person_id)
        .where(Pledge.reference == reference)
        .order_by(Checkout.id.desc())
        .limit(1)
    ).first()
    if row is None:
        raise signed.NoSuchPledge
    return Thanked(*row)


@blueprint.get("/support/thanks")
@public
def thanks() -> ResponseReturnValue:
    """Show how far the payment has come; in the browser that paid, a newcomer is signed in by having paid."""
    reference = signed.thanked(request.args.get("pledge", ""))
    with tools().database.reading() as session:
        thanked = find(session, reference)
    newcomer = _let_in(thanked) if thanked.stand == Stand.SETTLED else None
    is_theirs = newcomer is not None or (current_user.is_authenticated and current_user.id == thanked.person.id)
    page = render_template(
        "giving/thanks.html",
        pledge=thanked.pledge,
        stand=thanked.stand,
        stands=Stand,
        gift=_gift(thanked.pledge),
        masked=masked(thanked.person.email),
        is_theirs=is_theirs,
        may_be_once=is_theirs and once.is_open(thanked.pledge, tools().clock.now()),
        extras=_extras(thanked) if is_theirs and thanked.stand == Stand.SETTLED else [],
        here=signed.thanks_path(reference),
        status_url=signed.thanks_path(reference).replace("/thanks?", "/thanks/status?"),
    )
    response = make_response(page)
    # The signed address stays out of other sites' logs.
    response.headers["Referrer-Policy"] = "same-origin"
    return response


@blueprint.get("/support/thanks/status")
@public
def status() -> ResponseReturnValue:
    """Tell a waiting page how far the payment has come: `{"state": "confirming", "waiting": true}`."""
    reference = signed.thanked(request.args.get("pledge", ""))
    with tools().database.reading() as session:
        stand = find(session, reference).stand
    return {"state": str(stand), "waiting": stand == Stand.CONFIRMING}


def _gift(pledge: Pledge) -> str:
    total = pledge.amount_minor + pledge.fee_cover_minor
    return wording.gift(pledge.interval, total, pledge.currency, language())


def _let_in(thanked: Thanked) -> SignedIn | None:
    """Sign in the newcomer who has just paid in this browser, once; anybody else asks for a link by mail."""
    held = paying_browser.token()
    if held is None or current_user.is_authenticated or thanked.checkout.browser_hash != paying_browser.hashed(held):
        return None
    now = tools().clock.now()
    with tools().database.transaction() as session:
        checkout = session.get_one(Checkout, thanked.checkout.id, with_for_update=True)
        if checkout.browser_hash is None or not is_newcomer(session, thanked.person.id, thanked.pledge.id):
            return None
        checkout.browser_hash = None
        token = sessions.begin(session, thanked.person.id, now)
        person = sessions.whose(session, token, now)
    if person is None:
        raise LookupError("a session that has just begun is not there")
    cookie.clear()
    cookie.permanent = True
    login_user(person)
    return person


def is_newcomer(session: Session, person_id: int, pledge_id: int) -> bool:
    """Tell whether nothing of value lies behind an address yet: no other payment, no role, never signed in.

    Nobody has proved to read that address, so paying may open only what the payment itself has made.
    """
    has_paid_before = exists().where(
        Pledge.person_id == person_id, Pledge.id != pledge_id, Pledge.settled_at.is_not(None)
    )
    has_role = exists().where(StaffRole.person_id == person_id)
    was_here = exists().where(SessionToken.person_id == person_id)
    return bool(session.scalar(select(~(has_paid_before | has_role | was_here))))


def _extras(thanked: Thanked) -> list[dict[str, Any]]:
    """Return what other rooms have to say to this giver, such as the open ballot."""
    asked: list[Extra] = current_app.extensions.get(EXTRAS, [])
    now = tools().clock.now()
    with tools().database.reading() as session:
        said = [extra(session, thanked.person.id, now) for extra in asked]
    return [each for each in said if each is not None]
