"""Corrections: an entry made by hand that puts another on the right account, or takes an earlier correction back.

What Stripe says it moved stays: only the account on the other side of it can be wrong. A gift entered by hand is
reversed on its own page, as its receipt changes with it.
"""

from datetime import datetime

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.books import ledger
from patronage.books.entries import NoSuchEntry
from patronage.books.ledger import Amount, Fact, Word
from patronage.books.models import Account, Channel, EntryKind, LedgerEntry, Payment
from patronage.foundation.refused import Refused, Why
from patronage.people import audit
from patronage.people.models import Person


class CorrectedAlready(Refused):
    """An entry is corrected once; what corrects it can be corrected again."""

    why = Why.CONFLICT
    reason = _l("This entry was corrected already. Correct the correction, if that is wrong.")


class ReversedElsewhere(Refused):
    """A gift that came past Stripe has a receipt, which a correction would leave standing."""

    reason = _l("A gift entered by hand is reversed on its own page, so that its receipt follows.")


class SameAccount(Refused):
    """The entry is on this account."""

    reason = _l("The entry is on this account already. Choose the one on which it belongs.")


def choices(entry: LedgerEntry) -> list[Account]:
    """Return the accounts on which `entry` may belong; none for one that can only be taken back whole."""
    if Account.STRIPE_BALANCE not in (entry.debit, entry.credit):
        return []
    return [each for each in Account if each not in (entry.debit, entry.credit)]


def may_be_corrected(session: Session, entry: LedgerEntry) -> bool:
    """Tell whether `entry` may be corrected now."""
    return not _is_gift(session, entry) and _correction_of(session, entry) is None


def correct(
    session: Session, entry_id: int, belongs_to: Account | None, why: str, by: int, now: datetime
) -> LedgerEntry:
    """Correct an entry by another one, booked now: never in a closed month. Return the new one.

    `belongs_to` is the account on which an entry of Stripe's balance belongs; without it the entry, which must not
    touch that balance, is taken back whole. Raises `NoSuchEntry`, `CorrectedAlready`, `ReversedElsewhere`,
    `SameAccount`.
    """
    session.get_one(Person, by, with_for_update=True)  # two clicks of one person go one after the other
    entry = session.get(LedgerEntry, entry_id)
    if entry is None:
        raise NoSuchEntry
    if _is_gift(session, entry):
        raise ReversedElsewhere
    if _correction_of(session, entry) is not None:
        raise CorrectedAlready
    accounts = _accounts(entry, belongs_to)
    number = f"correction-{entry.id}"
    fact = Fact(EntryKind.MANUAL, number, Amount(entry.amount_minor, entry.currency), now, entry.payment_id)
    if not ledger.enter(session, fact, accounts, now, Word(by, why, entry.id)):
        raise CorrectedAlready  # somebody else was faster
    audit.record(session, by, "entry corrected", f"entry {entry.id}", why, now)
    return session.scalars(select(LedgerEntry).filter_by(kind=EntryKind.MANUAL, stripe_id=number)).one()


def _accounts(entry: LedgerEntry, belongs_to: Account | None) -> tuple[Account, Account]:
    """Return debit and credit of what corrects `entry`."""
    possible = choices(entry)
    if not possible:
        return entry.credit, entry.debit
    if belongs_to not in possible:
        raise SameAccount
    if entry.debit == Account.STRIPE_BALANCE:
        return entry.credit, belongs_to
    return belongs_to, entry.debit


def _is_gift(session: Session, entry: LedgerEntry) -> bool:
    if entry.kind != EntryKind.MANUAL or entry.payment_id is None:
        return False
    return session.get_one(Payment, entry.payment_id).channel != Channel.STRIPE


def _correction_of(session: Session, entry: LedgerEntry) -> int | None:
    return session.scalar(select(LedgerEntry.id).where(LedgerEntry.corrects_id == entry.id).limit(1))
