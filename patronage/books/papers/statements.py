"""Yearly statements: what somebody gave in a year of an entity, what of it went back, and what stayed, by currency."""

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import BigInteger, ColumnElement, and_, case, cast, func, select
from sqlalchemy.orm import Session

from patronage.books.disputes import INQUIRIES, SETTLED_FOR_US
from patronage.books.models import Dispute, Payment
from patronage.books.papers import entities, wording
from patronage.books.papers.documents import Document, Table, Writing, issuer_lines
from patronage.books.papers.models import LegalEntity, Paper, Receipt
from patronage.books.papers.wording import Given, Sentence
from patronage.foundation.refused import Refused, Why
from patronage.people.models import Person

FIRST_YEAR, LAST_YEAR = 2000, 2999
PAGE = 500


class NothingGiven(Refused):
    """There is no statement of this year, as nothing was given in it."""

    why = Why.NOT_FOUND
    reason = _l("Nothing was given in this year.")


@dataclass(frozen=True)
class Year:
    """A fiscal year: the calendar year in which it begins, the month (1 to 12), in the newsroom's `zone`."""

    begins_in: int
    month: int
    zone: ZoneInfo

    @property
    def label(self) -> str:
        """How it is called: "2026", or "2025/26" where it is not the calendar's."""
        return str(self.begins_in) if self.month == 1 else f"{self.begins_in}/{(self.begins_in + 1) % 100:02}"

    @property
    def span(self) -> tuple[datetime, datetime]:
        """Its first moment, and the first one after it, in UTC."""
        return self._first(self.begins_in), self._first(self.begins_in + 1)

    def _first(self, year: int) -> datetime:
        return datetime(year, self.month, 1, tzinfo=self.zone).astimezone(UTC)


def year_of(entity: LegalEntity, moment: datetime, zone: ZoneInfo) -> Year:
    """Return the fiscal year of `entity` into which `moment` falls."""
    local = moment.astimezone(zone)
    return Year(local.year - (local.month < entity.fiscal_month), entity.fiscal_month, zone)


def year_called(entity: LegalEntity, begins_in: int, zone: ZoneInfo) -> Year:
    """Return the fiscal year of `entity` that begins in `begins_in`. Raises `NothingGiven` for years of no newsroom."""
    if not FIRST_YEAR <= begins_in <= LAST_YEAR:
        raise NothingGiven
    return Year(begins_in, entity.fiscal_month, zone)


def years(session: Session, person_id: int, zone: ZoneInfo) -> list[tuple[LegalEntity, Year]]:
    """Return the years in which somebody gave, with who received it, newest first."""
    known = {entity.id: entity for entity in entities.all_of(session)}
    given = session.execute(
        select(Receipt.entity_id, Payment.paid_at)
        .join(Payment, _receipt_of_payment())
        .where(Payment.person_id == person_id)
    )
    found = {(known[entity_id], year_of(known[entity_id], paid_at, zone)) for entity_id, paid_at in given}
    return sorted(found, key=lambda pair: (-pair[1].begins_in, pair[0].id))


def _receipt_of_payment() -> ColumnElement[bool]:
    return and_(Receipt.payment_id == Payment.id, Receipt.kind == Paper.RECEIPT)


def _returned() -> ColumnElement[int]:
    """What went back of a payment: what was refunded, and what a bank holds while it disputes it, or after it won.

    An inquiry holds nothing. Of a payment whose dispute is not written down, all is taken to be gone.
    """
    held = case((Dispute.status.in_(INQUIRIES), 0), else_=Dispute.amount_minor)
    of_it = (Dispute.payment_id == Payment.id, Dispute.status.not_in(SETTLED_FOR_US))
    contested = select(cast(func.sum(held), BigInteger)).where(*of_it).correlate(Payment).scalar_subquery()
    gone = Payment.refunded_minor + func.coalesce(contested, Payment.amount_minor)
    return case(
        (Payment.disputed.is_(False), Payment.refunded_minor),
        (gone >= Payment.amount_minor, Payment.amount_minor),
        else_=gone,
    )


def _within(entity: LegalEntity, year: Year) -> ColumnElement[bool]:
    begins, ends = year.span
    return and_(Receipt.entity_id == entity.id, Payment.paid_at >= begins, Payment.paid_at < ends)


@dataclass(frozen=True)
class Line:
    """One payment of a statement, in minor units; `returned_minor` is what of it did not stay."""

    paid_at: datetime
    number: str
    amount_minor: int
    returned_minor: int
    currency: str


@dataclass(frozen=True)
class Total:
    """What somebody gave in one currency, in minor units: `kept` payments of `payments` left something with us."""

    currency: str
    given_minor: int
    returned_minor: int
    payments: int
    kept: int
    largest_minor: int

    @property
    def net_minor(self) -> int:
        """What stayed."""
        return self.given_minor - self.returned_minor


def lines(session: Session, entity: LegalEntity, year: Year, person_id: int) -> list[Line]:
    """Return what somebody gave in `year`, oldest first."""
    rows = session.execute(
        select(Payment.paid_at, Receipt.number, Payment.amount_minor, _returned(), Payment.currency)
        .join(Receipt, _receipt_of_payment())
        .where(Payment.person_id == person_id, _within(entity, year))
        .order_by(Payment.paid_at, Payment.id)
    )
    return [Line(*row) for row in rows]


def totals(given: list[Line]) -> list[Total]:
    """Return the sums of `given` by currency."""
    found = []
    for currency in sorted({line.currency for line in given}):
        ours = [line for line in given if line.currency == currency]
        nets = [line.amount_minor - line.returned_minor for line in ours]
        found.append(
            Total(
                currency, sum(line.amount_minor for line in ours), sum(line.returned_minor for line in ours), len(ours),
                sum(net > 0 for net in nets), max(nets),
            )
        )  # fmt: skip
    return found


def document(session: Session, entity: LegalEntity, year: Year, person: Person, writing: Writing) -> Document:
    """Return the statement of `year` for `person`. Raises `NothingGiven`."""
    given = lines(session, entity, year, person.id)
    if not given:
        raise NothingGiven
    issuer, sums = entities.frozen(session, entity), totals(given)
    kept = [Given(each.net_minor, each.currency, each.kept, each.largest_minor) for each in sums if each.net_minor > 0]
    said = wording.sentences(issuer, kept, writing.language)
    if issuer["currency_note"]:
        said = [*said, Sentence(issuer["currency_note"], writing.language)]
    heading = _("Statement of donations %(year)s", year=year.label)
    return Document(
        language=writing.language, title=f"{heading}, {person.name or person.email}", heading=heading,
        made_at=given[-1].paid_at, issuer=issuer_lines(issuer, writing.language),
        donor=[line for line in (person.name, person.email) if line], donor_label=_("For"),
        facts=[[_("Net"), writing.money(each.net_minor, each.currency)] for each in sums],
        table=_table(given, sums, writing), sentences=said, signatory=issuer["signatory"],
    )  # fmt: skip


def _table(given: list[Line], sums: list[Total], writing: Writing) -> Table:
    """Return the lines and their sums; what was given back has its columns only if there was any."""
    anything_back = any(line.returned_minor for line in given)

    def row(first: str, second: str, given_minor: int, returned_minor: int, currency: str) -> list[str]:
        cells = [first, second, writing.money(given_minor, currency)]
        if anything_back:
            cells.append(writing.money(returned_minor, currency) if returned_minor else "–")
            cells.append(writing.money(given_minor - returned_minor, currency))
        return cells

    return Table(
        caption=_("Payments, oldest first"),
        headers=[_("Day"), _("Receipt"), _("Given"), *([_("Given back"), _("Net")] if anything_back else [])],
        rows=[
            row(writing.day(line.paid_at), line.number, line.amount_minor, line.returned_minor, line.currency)
            for line in given
        ],
        totals=[
            row(_("Together"), each.currency, each.given_minor, each.returned_minor, each.currency) for each in sums
        ],
        numeric=[2, 3, 4],
    )


@dataclass(frozen=True)
class DonorTotal:
    """What one donor gave in one currency of a year, for the list; amounts in minor units."""

    person_id: int
    name: str
    email: str
    currency: str
    payments: int
    given_minor: int
    returned_minor: int


def donor_totals(session: Session, entity: LegalEntity, year: Year, after: int) -> list[DonorTotal]:
    """Return the sums of up to 500 donors whose ids are greater than `after`, in the order of their ids."""
    ids = donors(session, entity, year, after, PAGE, everybody=True)
    rows = session.execute(
        select(
            Person.id, Person.name, Person.email, Payment.currency, func.count(), func.sum(Payment.amount_minor),
            func.sum(_returned()),
        )
        .join(Payment, Payment.person_id == Person.id).join(Receipt, _receipt_of_payment())
        .where(Person.id.in_(ids), _within(entity, year))
        .group_by(Person.id, Person.name, Person.email, Payment.currency).order_by(Person.id, Payment.currency)
    )  # fmt: skip
    return [
        DonorTotal(person_id, name or "", email, currency, payments, int(given), int(returned))
        for person_id, name, email, currency, payments, given, returned in rows
    ]


def donors(
    session: Session, entity: LegalEntity, year: Year, after: int, most: int, *, everybody: bool = False
) -> list[int]:
    """Return the ids, greater than `after`, of up to `most` people who gave something in `year` that stayed.

    With `everybody`, those whose money went back count too.
    """
    given = select(Payment.id).join(Receipt, _receipt_of_payment()).where(_within(entity, year))
    if not everybody:
        given = given.where(_returned() < Payment.amount_minor)
    theirs = given.where(Payment.person_id == Person.id).correlate(Person).exists()
    return list(session.scalars(select(Person.id).where(Person.id > after, theirs).order_by(Person.id).limit(most)))


def how_many(session: Session, entity: LegalEntity, year: Year, most: int | None = None) -> int:
    """Return how many people gave something in `year` that stayed; not counting further than `most`, if given."""
    query = select(Payment.person_id).join(Receipt, _receipt_of_payment()).where(Payment.person_id.is_not(None))
    kept = query.where(_within(entity, year), _returned() < Payment.amount_minor).distinct()
    return session.scalar(select(func.count()).select_from(kept.limit(most).subquery())) or 0


def first_payment(session: Session, entity: LegalEntity) -> datetime | None:
    """Return when the first payment was made that `entity` gave a receipt for, or None."""
    query = select(Receipt.happened_at).where(Receipt.entity_id == entity.id, Receipt.kind == Paper.RECEIPT)
    return session.scalar(query.order_by(Receipt.happened_at).limit(1))
