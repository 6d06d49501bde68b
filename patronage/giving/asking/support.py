"""The page where a reader gives, the same for every stranger; sending its form leads to Stripe."""

import hashlib
from datetime import date

from flask import Blueprint, Response, current_app, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import escape
from sqlalchemy import select
from werkzeug.datastructures import MultiDict

from patronage.foundation.money import exponent, step
from patronage.foundation.refused import Refused
from patronage.foundation.web.errors import STATUS
from patronage.foundation.web.guards import public
from patronage.foundation.web.house import here, settings, tools
from patronage.foundation.web.kept_pages import KeptPages
from patronage.foundation.web.languages import language
from patronage.foundation.web.limits import TooOften
from patronage.giving import signed, terms, wording
from patronage.giving.asking import checkouts, codes, counting, paying_browser
from patronage.giving.asking.forms import LONGEST_CODE, SLIPS, CodeForm, SupportForm
from patronage.giving.gateway import GatewayRefused, GatewayUnknown
from patronage.giving.memberships import offer_words
from patronage.giving.memberships.offers import CodeUsedUp, NoSuchCode, Reduction
from patronage.giving.models import Checkout, Interval, Pledge, PledgeKind, PledgeState
from patronage.giving.pledging import Offer
from patronage.giving.terms import KnownTerms, NotThatAmount, Terms
from patronage.giving.typed import story
from patronage.people.models import Person
from patronage.people.people import email_key

blueprint = Blueprint("giving", __name__)

# Stands in a kept page where the story's address belongs, so that a thousand stories do not make a thousand pages.
SOURCE = "source-of-this-gift"
INTERVALS = frozenset(each.value for each in Interval)
RUNNING = (PledgeState.ACTIVE, PledgeState.PAST_DUE, PledgeState.PAUSED)


@blueprint.get("/support")
@public
def show() -> ResponseReturnValue:
    """Show the form: as kept bytes, unless somebody comes back from Stripe's page."""
    if "left" in request.args:
        return _show_again(request.args["left"])
    known, version = _terms(request.args.get("currency", ""))
    wanted = request.args.get("interval", "")
    wanted = wanted if wanted in INTERVALS else ""
    source = story(request.args.get("source"))
    offer: Reduction | None = None
    if typed := request.args.get("offer", "").strip():
        try:
            known, offer = codes.known_by(typed, known)
        except Refused as refusal:
            form = _empty(known, interval=wanted or Interval.ONCE.value, source=source or "")
            return _drawn(form, known, problem=str(refusal), code=typed[:LONGEST_CODE])
        wanted, version = wanted or offer.interval.value, known.version
    key = (language(), here().newsroom().version, version, _today(), wanted, bool(source), offer)

    def draw() -> str:
        form = _empty(
            known, interval=wanted or Interval.ONCE.value, source=SOURCE if source else "",
            offer=offer.code if offer else "",
        )  # fmt: skip
        return _drawn(form, known, offer=offer)

    page = _pages().answer(("/support", *key), draw)
    return _about(source, page) if source else page


def _about(source: str, page: Response) -> Response:
    """Return the kept `page` with the story's address in place of the mark."""
    body = page.get_data().replace(SOURCE.encode(), str(escape(source)).encode())
    etag = '"' + hashlib.sha256(body).hexdigest()[:24] + '"'
    headers = {"ETag": etag, "Cache-Control": page.headers["Cache-Control"], "Vary": page.headers["Vary"]}
    if request.headers.get("If-None-Match") == etag:
        return Response(status=304, headers=headers)
    return Response(body, headers=headers, content_type="text/html; charset=utf-8")


@blueprint.post("/support")
@public
def start() -> ResponseReturnValue:
    """Write the pledge down and lead on to Stripe's page; or say what is the matter and keep the answers."""
    known, _version = _terms(request.form.get("currency", ""))
    form = SupportForm().offer_on(known, settings(), language())
    is_valid, offer = form.validate(), None
    try:
        offer = codes.sent_with(form, known)
    except Refused as refusal:
        form.offer.data = ""  # the words are those without it from now on
        return _drawn(form.put_right(), known, problem=str(refusal)), 422
    if not is_valid:
        return _drawn(form.put_right(), known, offer=offer), 422
    if running := _to_be_asked_about(form):
        return _asked_first(form, known, running, offer)
    held = paying_browser.token() or paying_browser.new_token()
    try:
        counting.count(email_key(form.email.data))
        way = checkouts.Way(signed.thanks_address, signed.back_address)
        wanted = codes.with_code(_offer(form, known), offer, form.amount_minor, _today())
        also = codes.counted(offer, wanted)
        url = checkouts.page_for(tools(), form.email.data, wanted, paying_browser.asker(held), way, also)
    except (TooOften, GatewayUnknown, GatewayRefused, NoSuchCode, CodeUsedUp, NotThatAmount) as refusal:
        return _refused(form, known, refusal)
    response = make_response(redirect(url, 303))
    paying_browser.remember(response, held)
    return response


def _offer(form: SupportForm, known: Terms) -> Offer:
    interval = Interval(form.interval.data)
    cover = terms.fee_cover(form.amount_minor, known.currency, settings(), known.bounds) if form.cover_fees.data else 0
    return Offer(
        interval=interval,
        amount_minor=form.amount_minor,
        currency=known.currency,
        fee_cover_minor=cover,
        source=form.source.data,
        language=language(),
        description=_description(interval),
    )


def _description(interval: Interval) -> str:
    name = here().newsroom().name
    if interval == Interval.ONCE:
        return str(_("A gift to %(newsroom)s", newsroom=name))
    return str(_("Support of %(newsroom)s", newsroom=name))


def _refused(form: SupportForm, known: Terms, refusal: Refused) -> ResponseReturnValue:
    reason = str(refusal)
    if isinstance(refusal, GatewayUnknown):  # a page that nobody was led to cannot have been paid
        reason = _(
            "Our payment provider does not answer just now. Nothing was charged, and your answers are still here: "
            "please press the button again in a minute."
        )
    response = make_response(_drawn(form.put_right(), known, problem=reason), STATUS[refusal.why])
    if response.status_code in {429, 503}:
        response.headers["Retry-After"] = "60"
    return response


def _to_be_asked_about(form: SupportForm) -> Pledge | None:
    """Return the running pledge of a signed-in patron who opens a second one without having said so, else None."""
    if form.interval.data == Interval.ONCE or form.another.data == "yes" or not current_user.is_authenticated:
        return None
    if email_key(form.email.data) != email_key(current_user.email):
        return None
    with tools().database.reading() as session:
        mine = select(Pledge).where(Pledge.person_id == current_user.id, Pledge.interval != Interval.ONCE)
        mine = mine.where(Pledge.kind == PledgeKind.PAID)
        return session.scalar(mine.where(Pledge.state.in_(RUNNING)).order_by(Pledge.id.desc()).limit(1))


def _asked_first(form: SupportForm, known: Terms, running: Pledge, offer: Reduction | None) -> str:
    """Return the page that asks whether a second regular pledge is meant, with the answers in its button."""
    speaker = wording.Speaker(_today(), language(), offer)
    words = speaker.words(form.interval.data, form.amount_minor, _offer(form, known).total_minor, known.currency)
    total = running.amount_minor + running.fee_cover_minor
    answers = {name: form[name].data or "" for name in ("interval", "email", "source", "offer")}
    answers |= {"amount": terms.as_typed(form.amount_minor, known.currency), "currency": known.currency}
    answers |= {"cover_fees": "yes" if form.cover_fees.data else "", "another": "yes"}
    return render_template(
        "giving/another.html",
        running=wording.gift(running.interval, total, running.currency, language()),
        button=words[0],
        sentence=words[1],
        answers=answers,
    )


def _show_again(value: str) -> ResponseReturnValue:
    """Show the form to somebody who left Stripe's page: with the answers, the address only in the same browser."""
    reference = signed.left(value)
    with tools().database.reading() as session:
        row = session.execute(
            select(Pledge, Checkout.browser_hash, Person.email)
            .join(Checkout, Checkout.pledge_id == Pledge.id)
            .join(Person, Person.id == Pledge.person_id)
            .where(Pledge.reference == reference)
            .limit(1)
        ).first()
    if row is None:
        raise signed.NoSuchPledge
    pledge, browser_hash, email = row
    known, _version = _terms(pledge.currency)
    held = paying_browser.token()
    is_same = held is not None and browser_hash == paying_browser.hashed(held)
    amounts = next(each.amounts for each in known.suggested if each.interval == pledge.interval)
    form = _empty(known, interval=pledge.interval.value, source=pledge.source or "", email=email if is_same else "")
    form.cover_fees.data = pledge.fee_cover_minor > 0
    if pledge.currency != known.currency:  # it is not offered any more
        return _drawn(form, known, left=True)
    if pledge.amount_minor in amounts:
        form.amounts(pledge.interval).data = str(pledge.amount_minor)
    else:
        form.amount.data = terms.as_typed(pledge.amount_minor, known.currency)
    return _drawn(form, known, left=True)


def _empty(known: Terms, **data: str) -> SupportForm:
    form = SupportForm(formdata=MultiDict(), data={k: v for k, v in data.items() if v})
    return form.offer_on(known, settings(), language())


def _drawn(
    form: SupportForm, known: Terms, problem: str | None = None, left: bool = False, offer: Reduction | None = None,
    code: str = "",
) -> str:  # fmt: skip
    return render_template(
        "giving/support.html",
        form=form,
        terms=known,
        said=wording.all_of(known, settings(), _today(), language(), offer),
        offer=offer,
        gives=offer_words.gives(offer, language()) if offer else "",
        code=CodeForm(formdata=MultiDict(), offer=code),
        slips=SLIPS,
        scripts=_for_scripts(known, offer),
        problem=problem,
        left=left,
    )


def _for_scripts(known: Terms, offer: Reduction | None) -> dict[str, str]:
    """Return what the page's script needs to put a typed amount into words; only ever shown, never charged by."""
    return {
        "exponent": str(exponent(known.currency)),
        "step": str(step(known.currency)),
        "fee_percent": str(settings().fee_percent),
        "fee_fixed": str(known.bounds.fee_fixed_minor),
        "percent_off": str(offer.percent_off or 0) if offer else "0",
        "amount_off": str(offer.amount_off_minor or 0) if offer else "0",
        "off_from": str(offer.least_minor) if offer else "0",
    }


def _today() -> date:
    return tools().clock.now().astimezone(settings().zone).date()


def _terms(wanted: str) -> tuple[Terms, str]:
    """Return the terms in the `wanted` currency if it is offered, else in the newsroom's own."""
    known: KnownTerms = current_app.extensions["patronage-terms"]
    own = here().newsroom().currency or settings().currency  # the setting holds until somebody says otherwise
    return known(own, wanted)


def _pages() -> KeptPages:
    pages: KeptPages = current_app.extensions["patronage-support-pages"]
    return pages
