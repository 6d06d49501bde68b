"""The newsroom's other ways to be supported: written by an administrator, shown to everybody."""

import hashlib
from dataclasses import dataclass

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from patronage.foundation import order
from patronage.foundation.database import Database
from patronage.foundation.fresh import Fresh
from patronage.foundation.refused import Refused, Why
from patronage.giving.memberships import bank_codes
from patronage.giving.memberships.bank_codes import Picture, Transfer
from patronage.giving.memberships.models import OtherWay, WayKind
from patronage.giving.memberships.pricing import Editor
from patronage.people import audit

FIELDS = ("title", "details", "currency", "note", "url", "account_holder", "iban", "bic", "remittance")


class NoSuchWay(Refused):
    """There is no such way."""

    why = Why.NOT_FOUND
    reason = _l("There is no such way to give.")


@dataclass(frozen=True)
class Way:
    """One way as the page shows it: `lines` are (label, value) to be copied, the label empty where none was written."""

    kind: WayKind
    title: str
    currency: str
    note: str
    url: str
    lines: tuple[tuple[str, str], ...]
    account_holder: str = ""
    iban: str = ""
    bic: str = ""
    remittance: str = ""

    @property
    def code(self) -> Picture | None:
        """The QR code of a bank transfer in euros, where there can be one."""
        is_transfer = self.kind == WayKind.BANK and self.iban and self.account_holder
        if not is_transfer or self.currency not in {"", "EUR"} or not bank_codes.is_sepa(self.iban):
            return None
        return bank_codes.draw(Transfer(self.account_holder, self.iban, self.bic, None, self.remittance))

    @property
    def iban_in_groups(self) -> str:
        """The IBAN as people read it."""
        return bank_codes.in_groups(self.iban)


def every(session: Session) -> list[OtherWay]:
    """Return all ways in their order."""
    return list(session.scalars(select(OtherWay).order_by(OtherWay.position, OtherWay.id)))


def shown(row: OtherWay) -> Way:
    """Return a way as the page shows it."""
    lines = tuple(_line(line) for line in row.details.splitlines() if line.strip())
    return Way(
        row.kind, row.title, row.currency, row.note, row.url, lines, row.account_holder, row.iban, row.bic,
        row.remittance,
    )  # fmt: skip


def _line(written: str) -> tuple[str, str]:
    label, colon, value = written.partition(": ")
    return (label.strip(), value.strip()) if colon and value.strip() else ("", written.strip())


def find(session: Session, way_id: int) -> OtherWay:
    """Return one way. Raises `NoSuchWay`."""
    row = session.get(OtherWay, way_id)
    if row is None:
        raise NoSuchWay
    return row


def save(session: Session, way_id: int | None, kind: WayKind, said: dict[str, str], editor: Editor) -> OtherWay:
    """Write a way down, new or changed; `said` has the texts of `FIELDS`. Raises `NoSuchWay`."""
    if way_id is None:
        last = session.scalar(select(func.max(OtherWay.position)))
        row = OtherWay(position=0 if last is None else last + 1)
        session.add(row)
    else:
        row = find(session, way_id)
    row.kind = kind
    for field in FIELDS:
        setattr(row, field, said[field])
    session.flush()
    detail = f"{kind}; {row.account_holder} {row.iban}".strip()
    audit.record(session, editor.person_id, "other way changed", row.title, detail, editor.now)
    return row


def move(session: Session, way_id: int, up: bool, editor: Editor) -> None:
    """Put a way before or after its neighbour. Raises `NoSuchWay`."""
    row = find(session, way_id)
    order.number(order.moved(every(session), row, -1 if up else 1))
    audit.record(session, editor.person_id, "other way moved", f"way {way_id}", "up" if up else "down", editor.now)


def remove(session: Session, way_id: int, editor: Editor) -> None:
    """Take a way off the page. Raises `NoSuchWay`."""
    row = find(session, way_id)
    audit.record(session, editor.person_id, "other way removed", row.title, row.iban, editor.now)
    session.delete(row)


class KnownWays(Fresh[tuple[tuple[Way, ...], str]]):
    """The ways as this process last saw them, and a short name of this content; at most a second old."""

    def __init__(self, database: Database) -> None:
        super().__init__(self._look)
        self._database = database

    def _look(self) -> tuple[tuple[Way, ...], str]:
        with self._database.reading() as session:
            ways = tuple(shown(row) for row in every(session))
        return ways, hashlib.sha256(repr(ways).encode()).hexdigest()[:16]
