"""A code on the support page: what it does here, and the offer that Stripe is asked for with it."""

from dataclasses import replace
from datetime import date

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from patronage.foundation.money import shown, step
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import language
from patronage.giving.asking.checkouts import Also
from patronage.giving.asking.forms import SupportForm
from patronage.giving.memberships import coupons, offer_words, offers
from patronage.giving.memberships.offers import Reduction
from patronage.giving.models import Pledge
from patronage.giving.pledging import Offer
from patronage.giving.terms import KnownTerms, NotThatAmount, Terms


def known_by(typed: str, known: Terms) -> tuple[Terms, Reduction]:
    """Return what a code does, with the terms in its currency if it is bound to one. Raises as `offers.reduction`."""
    with tools().database.reading() as session:
        bound = offers.currency_of(session, typed)
        if bound and bound in known.currencies and bound != known.currency:
            terms: KnownTerms = current_app.extensions["patronage-terms"]
            known, _version = terms(known.currencies[0], bound)
        return known, offers.reduction(session, typed, known.currency, tools().clock.now())


def sent_with(form: SupportForm, known: Terms) -> Reduction | None:
    """Return what the code in a form does, or None without one. Raises `NoSuchCode`, `CodeUsedUp`."""
    if not form.offer.data:
        return None
    with tools().database.reading() as session:
        return offers.reduction(session, form.offer.data, known.currency, tools().clock.now())


def with_code(offer: Offer, code: Reduction | None, gift_minor: int, today: date) -> Offer:
    """Return `offer` with what the code makes of it; asks Stripe for the coupon if there is none yet.

    Raises `NotThatAmount` where what is left can not be charged, `GatewayUnknown`, `GatewayRefused`.
    """
    if code is None or not code.applies(offer.interval, gift_minor):
        return offer
    first, currency = code.first(offer.total_minor), offer.currency
    if first and (first < smallest_charge(currency) or first % step(currency)):
        left = shown(first, currency, language())
        raise NotThatAmount(_("With this code %(amount)s would be left, which cannot be charged.", amount=left))
    coupon = coupons.coupon_of(tools(), code.offer_id)
    return replace(
        offer, coupon=coupon, trial_days=offer_words.trial_days(code, today), apart=f"{offer.apart} {code.code}".strip()
    )


def counted(code: Reduction | None, offer: Offer) -> Also | None:
    """Return what is to be done with the pledge of `offer`: its use of the code is counted, if it has one."""
    if code is None or not (offer.coupon or offer.trial_days):
        return None

    def count(session: Session, pledge: Pledge) -> None:
        offers.take(session, code, pledge, tools().clock.now())

    return count


def smallest_charge(currency: str) -> int:
    """Return the least that is charged after a discount: half of one unit, as Stripe takes no less of most currencies.

    https://docs.stripe.com/currencies#minimum-and-maximum-charge-amounts
    """
    return 50 * step(currency)
