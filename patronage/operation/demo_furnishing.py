"""What an administrator says on the first day: names, currencies, tiers, an offer, other ways, who issues receipts."""

from sqlalchemy.orm import Session

from patronage.books.papers import entities
from patronage.books.papers.models import Profile
from patronage.foundation import identity
from patronage.foundation.tools import Tools
from patronage.giving.memberships import offers, pricing, ways
from patronage.giving.memberships.models import WayKind
from patronage.giving.memberships.pricing import Editor, Price
from patronage.giving.models import Interval
from patronage.giving.terms import Bounds, Suggested
from patronage.operation import demo_newsroom
from patronage.people import staff

ENTITY = entities.Said(
    name="Harbour Post Foundation", address="Lotsenweg 4\n20457 Hamburg", country="DE",
    registration_number="HRB 204 981", tax_number="17/442/00815", profile=Profile.EU, prefix="HP",
    signatory="Ines Duarte, publisher",
)  # fmt: skip
# The IBAN is the example of the German standard, and nobody's account.
BANK = {
    "title": "Bank transfer", "account_holder": "Harbour Post Foundation", "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX", "remittance": "Gift to The Harbour Post", "currency": "EUR",
    "note": "Costs neither of us anything. Write your e-mail address beside it if you would like a receipt.",
}  # fmt: skip
PAYPAL = {
    "title": "PayPal", "url": "https://paypal.example/harbourpost",
    "note": "PayPal keeps a little more of each gift than a card does.",
}  # fmt: skip


def furnish(tools: Tools) -> None:
    """Write down what an administrator would say on the first day, by the rules that the desk's pages use."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        _introduce(session)
        for email, name, role in demo_newsroom.STAFF:
            staff.grant(session, email, role, now).name = name
        admin = Editor(staff.grant(session, demo_newsroom.ADMIN[0], "admin", now).id, now)
        _price(session, admin)
        _offer(session, admin)
        entities.describe(session, entities.all_of(session)[0].id, ENTITY, admin.person_id, now)
        for kind, said in ((WayKind.BANK, BANK), (WayKind.PAYPAL, PAYPAL)):
            ways.save(session, None, kind, {**dict.fromkeys(ways.FIELDS, ""), **said}, admin)


def _introduce(session: Session) -> None:
    identity.describe(
        session, name=demo_newsroom.NAME, tagline=demo_newsroom.TAGLINE, story_line=demo_newsroom.STORY_LINE,
        contact_email=demo_newsroom.CONTACT, accent=demo_newsroom.ACCENT, logo_svg=demo_newsroom.LOGO,
        currency=demo_newsroom.CURRENCY,
    )  # fmt: skip


def _price(session: Session, admin: Editor) -> None:
    for currency, bounds in demo_newsroom.BOUNDS.items():
        suggested = tuple(
            Suggested(Interval(interval), amounts, ticked)
            for interval, (amounts, ticked) in demo_newsroom.AMOUNTS[currency].items()
        )
        pricing.offer_currency(session, currency, Bounds(*bounds), suggested, admin)
    for name, benefits, prices in demo_newsroom.TIERS:
        priced = {currency: Price(*price) for currency, price in prices.items()}
        pricing.save_tier(session, None, name, benefits, priced, admin)


def _offer(session: Session, admin: Editor) -> None:
    terms = offers.Terms(demo_newsroom.CODE, Interval.MONTH, 3, percent_off=50, most_uses=100)
    offers.make(session, terms, admin)
