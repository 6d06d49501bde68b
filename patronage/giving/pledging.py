"""How a pledge begins: offered and written down with its idempotency key before Stripe is asked for a Checkout page."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import references
from patronage.giving.models import Checkout, Interval, Pledge, PledgeState
from patronage.people.models import Person

# A page at Stripe lives an hour; it is handed out again only while more than the half hour that Stripe asks for is
# left of that, so that a retry with the same key is never refused for its `expires_at`.
PAGE_LIVES = timedelta(hours=1)
HANDED_OUT_AGAIN_FOR = timedelta(minutes=25)


@dataclass(frozen=True)
class Offer:
    """What somebody wants to give: `amount_minor` and, on top, `fee_cover_minor`, both in minor units of `currency`.

    `language` and `description` are what the page at Stripe will speak and say: they belong to the offer, since a
    request repeated under one idempotency key has to be the same to the letter. `coupon` is Stripe's id of what makes
    it cheaper at first, `trial_days` how long nothing is charged. `apart` is what else sets an offer apart from one of
    the same amount, such as for whom a present is.
    """

    interval: Interval
    amount_minor: int
    currency: str
    fee_cover_minor: int = 0
    source: str | None = None
    language: str = "en"
    description: str = ""
    coupon: str | None = None
    trial_days: int = 0
    apart: str = ""

    @property
    def total_minor(self) -> int:
        """What is charged: the gift and what was added for the fee."""
        return self.amount_minor + self.fee_cover_minor


@dataclass(frozen=True)
class Asker:
    """Who sent the form, as far as a page without cookies can know: hashes of the browser's token and of its network.

    They decide only whether an open Checkout page is handed out again: never to somebody elsewhere who types the
    same address and amount.
    """

    browser: bytes | None = None
    network: bytes | None = None


def begin(session: Session, person: Person, offer: Offer, now: datetime, asker: Asker | None = None) -> Checkout:
    """Write down that `person` is offered `offer` and return the checkout under whose key Stripe may be asked.

    The same offer from the same asker within minutes (a double click, Back and again, a second tab, a retry after
    Stripe did not answer) returns the same checkout, so that it leads to one page and one charge. Another amount, a
    page that was paid, failed or has expired: a new pledge under a new key.
    """
    asker = asker or Asker()
    session.get_one(Person, person.id, with_for_update=True)  # two clicks of one person go one after the other
    for checkout in _open(session, person.id, offer, now):
        if _is_same(checkout, asker):
            return checkout
    pledge = Pledge(
        reference=new_reference(), person_id=person.id, interval=offer.interval, amount_minor=offer.amount_minor,
        fee_cover_minor=offer.fee_cover_minor, currency=offer.currency, source=offer.source,
        state=PledgeState.OFFERED, offered_at=now,
    )  # fmt: skip
    session.add(pledge)
    session.flush()
    checkout = Checkout(
        pledge_id=pledge.id, idempotency_key=f"{_fingerprint(person.id, offer)}-{secrets.token_hex(12)}",
        asked_at=now, browser_hash=asker.browser, network_hash=asker.network,
    )  # fmt: skip
    session.add(checkout)
    session.flush()
    return checkout


def opened(session: Session, checkout_id: int, stripe_session_id: str, url: str) -> None:
    """Write down the page Stripe opened for a checkout."""
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
    checkout.stripe_session_id, checkout.url = stripe_session_id, url


def give_up(session: Session, checkout_id: int, outcome: str, now: datetime) -> None:
    """Close a checkout that leads nowhere (Stripe refused it, or its page has expired): the next try gets a new key."""
    checkout = session.get_one(Checkout, checkout_id, with_for_update=True)
    if checkout.closed_at is None:
        checkout.closed_at, checkout.outcome = now, outcome


def new_reference() -> str:
    """Return a new name for a pledge: "P-7K2M-9QXD-4TRA"."""
    return references.new("P", 3)


def _open(session: Session, person_id: int, offer: Offer, now: datetime) -> list[Checkout]:
    """Return this person's open checkouts of the same offer, young enough to be handed out again, newest first."""
    found = (
        select(Checkout)
        .join(Pledge, Pledge.id == Checkout.pledge_id)
        .where(Pledge.person_id == person_id, Pledge.settled_at.is_(None), Checkout.closed_at.is_(None))
        .where(Checkout.asked_at > now - HANDED_OUT_AGAIN_FOR)
        .where(Checkout.idempotency_key.startswith(_fingerprint(person_id, offer) + "-"))
        .order_by(Checkout.id.desc())
    )
    return list(session.scalars(found))


def _is_same(checkout: Checkout, asker: Asker) -> bool:
    if asker.browser is not None and checkout.browser_hash == asker.browser:
        return True
    return checkout.network_hash == asker.network


def _fingerprint(person_id: int, offer: Offer) -> str:
    return hashlib.sha256(repr((person_id, offer)).encode()).hexdigest()[:24]
