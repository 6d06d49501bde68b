"""Leads to Stripe's page: writes the pledge down, asks Stripe outside any transaction, writes its answer down."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.giving import marks, pledging
from patronage.giving.gateway import CheckoutOrder, GatewayRefused, GatewayUnknown
from patronage.giving.intake import janitor
from patronage.giving.models import Checkout, Pledge
from patronage.giving.pledging import Asker, Offer
from patronage.people import people

ATTEMPTS = 3
SERVER_ERROR = 500
EXPIRE = "giving/expire-checkout"
SPOKEN_AT_STRIPE = {"uk": "auto"}  # Checkout has no Ukrainian; "auto" follows the browser


Also = Callable[[Session, Pledge], None]


@dataclass(frozen=True)
class Way:
    """Where readers come back to: full addresses for a pledge's reference, paid (`thanks`) or not (`back`)."""

    thanks: Callable[[str], str]
    back: Callable[[str], str]


def page_for(tools: Tools, email: str, offer: Offer, asker: Asker, way: Way, also: Also | None = None) -> str:
    """Return the address at which `offer` can be paid: Stripe's page, or our thanks if it was paid there already.

    `also` is done with the pledge in the transaction that writes it down, and again whenever it is found once more.
    A page that has expired is replaced by a new one. Raises `GatewayUnknown` (the pledge stays offered and the same
    form leads to the same page later) and `GatewayRefused` (the checkout is given up).
    """
    for _attempt in range(ATTEMPTS):
        pledge, checkout = _written_down(tools, email, offer, asker, also)
        if checkout.url is None:
            return _opened(tools, order_of(pledge, checkout, email, offer, way), checkout)
        status = _status(tools, checkout)
        if status == "complete" and asker.browser is not None and checkout.browser_hash == asker.browser:
            return way.thanks(pledge.reference)
        if status != "expired":
            return checkout.url
        with tools.database.transaction() as session:
            pledging.give_up(session, checkout.id, "expired", tools.clock.now())
    raise GatewayUnknown


def order_of(pledge: Pledge, checkout: Checkout, email: str, offer: Offer, way: Way) -> CheckoutOrder:
    """Return what Stripe is asked: made of what is written down alone, so that asking again asks the same."""
    return CheckoutOrder(
        reference=pledge.reference,
        interval=str(pledge.interval),
        amount_minor=offer.total_minor,
        currency=offer.currency,
        email=email,
        customer_id=None,  # known addresses must look like unknown ones, also at Stripe
        description=offer.description,
        success_url=way.thanks(pledge.reference) + "&session_id={CHECKOUT_SESSION_ID}",
        cancel_url=way.back(pledge.reference),
        locale=SPOKEN_AT_STRIPE.get(offer.language, offer.language),
        metadata=marks.of_checkout(pledge.reference, checkout.idempotency_key),
        expires_at=checkout.asked_at + pledging.PAGE_LIVES,
        coupon=offer.coupon,
        trial_days=offer.trial_days,
    )


def _written_down(tools: Tools, email: str, offer: Offer, asker: Asker, also: Also | None) -> tuple[Pledge, Checkout]:
    now = tools.clock.now()
    with tools.database.transaction() as session:
        person = people.find_or_add(session, email, now, language=offer.language)
        checkout = pledging.begin(session, person, offer, now, asker)
        janitor.arrange(session, checkout)
        _close_others(session, person.id, checkout, asker, tools)
        pledge = session.get_one(Pledge, checkout.pledge_id)
        if also:
            also(session, pledge)
        return pledge, checkout


def _close_others(session: Session, person_id: int, checkout: Checkout, asker: Asker, tools: Tools) -> None:
    """Have the pages closed that this browser opened before with another amount: two open pages are paid twice."""
    if asker.browser is None:
        return
    others = session.scalars(
        select(Checkout)
        .join(Pledge, Pledge.id == Checkout.pledge_id)
        .where(Pledge.person_id == person_id, Checkout.browser_hash == asker.browser, Checkout.id != checkout.id)
        .where(Checkout.closed_at.is_(None), Checkout.stripe_session_id.is_not(None))
    )
    for other in others:
        data = {"session_id": other.stripe_session_id}
        jobs.put(session, EXPIRE, data, tools.clock.now(), once=f"expire:{other.stripe_session_id}")


def expire(tools: Tools, data: dict[str, Any]) -> None:
    """Close a page at Stripe that was left for another; one that is paid or closed already stays as it is."""
    try:
        tools.payments.expire_checkout(data["session_id"])
    except GatewayRefused:
        return


def _opened(tools: Tools, order: CheckoutOrder, checkout: Checkout) -> str:
    try:
        page = tools.payments.open_checkout(order, checkout.idempotency_key)
    except GatewayUnknown as unknown:
        if url := _opened_by_another_click(tools, checkout):
            return url
        # Stripe keeps a 500 under our key and would repeat it all day. A page it may have opened is known to nobody,
        # so it cannot be paid; after silence the same key is the way to the same page.
        if unknown.status is not None and unknown.status >= SERVER_ERROR:
            _give_up(tools, checkout)
        raise
    except GatewayRefused:
        _give_up(tools, checkout)
        raise
    with tools.database.transaction() as session:
        pledging.opened(session, checkout.id, page.session_id, page.url)
    url = page.url
    assert isinstance(url, str)  # noqa: S101 - the gateway is typed Any down in the foundation
    return url


def _give_up(tools: Tools, checkout: Checkout) -> None:
    with tools.database.transaction() as session:
        pledging.give_up(session, checkout.id, "failed", tools.clock.now())


def _opened_by_another_click(tools: Tools, checkout: Checkout) -> str | None:
    with tools.database.reading() as session:
        return session.get_one(Checkout, checkout.id).url


def _status(tools: Tools, checkout: Checkout) -> str:
    """Return how the page stands at Stripe: open, complete, expired, or "unknown" when Stripe does not say."""
    try:
        return str(tools.payments.fetch_session(checkout.stripe_session_id)["status"])
    except (GatewayUnknown, GatewayRefused):
        return "unknown"
