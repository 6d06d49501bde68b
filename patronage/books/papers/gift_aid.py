"""Gift Aid: the declaration of a UK taxpayer, and the schedule of donations on which the charity reclaims tax."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session, aliased

from patronage.books.models import Channel, Payment
from patronage.books.papers.models import GiftAidDeclaration, LegalEntity, Paper, Receipt
from patronage.foundation.refused import Refused
from patronage.foundation.sheets import amount, plain

# HM Revenue & Customs' own words for a declaration of several donations: https://www.gov.uk/claim-gift-aid/
# gift-aid-declarations. A declaration names the charity, the donor, their home address and what it covers, and says
# who pays the difference.
PAST_AND_FUTURE = (
    "I want to Gift Aid my donations and any donations I make in the future or have made in the past 4 years to"
)
FUTURE = "I want to Gift Aid any donations I make from now on to"
TAXPAYER = (
    "I am a UK taxpayer and understand that if I pay less Income Tax and/or Capital Gains Tax than the amount of Gift "
    "Aid claimed on all my donations in that tax year it is my responsibility to pay any difference."
)
PAST = timedelta(days=4 * 365 + 1)
ABROAD = "X"  # HMRC's postcode of those who live outside the United Kingdom
POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?) ?([0-9][A-Z]{2})")
LONGEST_NAME = 35
# https://www.gov.uk/guidance/schedule-spreadsheet-to-claim-back-tax-on-gift-aid-donations
COLUMNS = (
    "Title", "First name", "Last name", "House name or number", "Postcode", "Aggregated donations", "Sponsored event",
    "Donation date", "Amount",
)  # fmt: skip
ROWS = 1000  # the most a schedule takes
# Gift Aid is for gifts of money by individuals (Income Tax Act 2007, section 416): coins are not money, and grants come
# from bodies.
NEVER = (Channel.CRYPTO, Channel.GRANT)


class NotAPostcode(Refused):
    """What was typed is no British postcode."""

    reason = _l("Write the postcode of your home, such as S19 2BD, or say that you live outside the United Kingdom.")


@dataclass(frozen=True)
class Said:
    """What a taxpayer declares; `postcode` as typed, `house` the whole address for those who live `abroad`."""

    title: str
    first_name: str
    last_name: str
    house: str
    postcode: str
    abroad: bool
    covers_past: bool


def scope(entity_name: str, *, covers_past: bool) -> str:
    """Return the sentence that says which donations to the charity called `entity_name` a declaration covers."""
    return f"{PAST_AND_FUTURE if covers_past else FUTURE} {entity_name}."


def postcode(typed: str) -> str:
    """Return a British postcode as HMRC wants it: capitals, one space. Raises `NotAPostcode`."""
    found = POSTCODE.fullmatch(" ".join(typed.upper().split()))
    if found is None:
        raise NotAPostcode
    return f"{found[1]} {found[2]}"


def current(session: Session, person_id: int) -> GiftAidDeclaration | None:
    """Return the declaration of `person_id` that holds now, or None."""
    mine = select(GiftAidDeclaration).where(GiftAidDeclaration.person_id == person_id)
    return session.scalar(mine.where(GiftAidDeclaration.withdrawn_at.is_(None)).order_by(GiftAidDeclaration.id.desc()))


def declare(
    session: Session, person_id: int, entity: LegalEntity, entity_name: str, said: Said, now: datetime
) -> GiftAidDeclaration:
    """Write down what `person_id` declares; it takes the place of an earlier declaration. Raises `NotAPostcode`."""
    known = postcode(said.postcode) if not said.abroad else ABROAD
    withdraw(session, person_id, now)
    declaration = GiftAidDeclaration(
        person_id=person_id, entity_id=entity.id, title=said.title, first_name=said.first_name,
        last_name=said.last_name, house=said.house, postcode=known,
        covers_since=now - PAST if said.covers_past else now,
        wording=f"{scope(entity_name, covers_past=said.covers_past)} {TAXPAYER}", declared_at=now,
    )  # fmt: skip
    session.add(declaration)
    return declaration


def withdraw(session: Session, person_id: int, now: datetime) -> None:
    """End what `person_id` declared: tax is reclaimed on nothing they give from now on."""
    mine = (GiftAidDeclaration.person_id == person_id, GiftAidDeclaration.withdrawn_at.is_(None))
    session.execute(update(GiftAidDeclaration).where(*mine).values(withdrawn_at=now))


def _covered(entity_id: int, begins: datetime, ends: datetime) -> Select[Payment, GiftAidDeclaration]:
    """Select donations in pounds, with the latest declaration that covers each; what went back is not among them.

    Neither are grants, nor coins at their value in pounds.
    """
    covers = and_(
        GiftAidDeclaration.person_id == Payment.person_id,
        GiftAidDeclaration.entity_id == entity_id,
        GiftAidDeclaration.covers_since <= Payment.paid_at,
        or_(GiftAidDeclaration.withdrawn_at.is_(None), GiftAidDeclaration.withdrawn_at > Payment.paid_at),
    )
    later = aliased(GiftAidDeclaration)
    return (
        select(Payment, GiftAidDeclaration)
        .join(Receipt, and_(Receipt.payment_id == Payment.id, Receipt.kind == Paper.RECEIPT))
        .join(GiftAidDeclaration, covers)
        .where(Receipt.entity_id == entity_id, Payment.currency == "GBP", *_stayed())
        .where(Payment.channel.not_in(NEVER))
        .where(Payment.paid_at >= begins, Payment.paid_at < ends)
        .where(~select(later.id).where(_replaces(later)).exists())
    )


def _replaces(later: Any) -> ColumnElement[bool]:
    """Whether a `later` declaration covers the same donation, too."""
    return and_(
        later.person_id == Payment.person_id,
        later.entity_id == GiftAidDeclaration.entity_id,
        later.id > GiftAidDeclaration.id,
        later.covers_since <= Payment.paid_at,
        or_(later.withdrawn_at.is_(None), later.withdrawn_at > Payment.paid_at),
    )


def _stayed() -> tuple[ColumnElement[bool], ...]:
    return (Payment.disputed.is_(False), Payment.refunded_minor < Payment.amount_minor)


def count(session: Session, entity: LegalEntity, begins: datetime, ends: datetime) -> tuple[int, int]:
    """Return how many donations between `begins` and `ends` are covered, and what of them stayed, in pence."""
    covered = _covered(entity.id, begins, ends).with_only_columns(
        func.count(Payment.id), func.coalesce(func.sum(Payment.amount_minor - Payment.refunded_minor), 0)
    )
    number, pence = session.execute(covered).one()
    return int(number), int(pence)


def schedule(
    session: Session, entity: LegalEntity, span: tuple[datetime, datetime], part: int, zone: ZoneInfo
) -> Iterator[list[str]]:
    """Yield the rows of HMRC's donation schedule, head first: one a donation, the `part`th thousand (from 1).

    Titles have at most four characters, names thirty-five, double-barrelled names a space for the hyphen; dates are
    DD/MM/YY; amounts have two decimals and no sign. What was given back of a donation is left out of its amount.
    """
    yield list(COLUMNS)
    covered = _covered(entity.id, *span).order_by(Payment.paid_at, Payment.id)
    for payment, donor in session.execute(covered.limit(ROWS).offset((part - 1) * ROWS)):
        yield [
            plain(donor.title[:4]), plain(donor.first_name[:LONGEST_NAME]),
            plain(donor.last_name.replace("-", " ")[:LONGEST_NAME]), plain(donor.house), donor.postcode, "", "",
            payment.paid_at.astimezone(zone).strftime("%d/%m/%y"),
            amount(payment.amount_minor - payment.refunded_minor, payment.currency),
        ]  # fmt: skip
