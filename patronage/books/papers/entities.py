"""Who issues papers: the newsroom's legal entity, or several, and which of them issues for a payment."""

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import false, or_, select
from sqlalchemy.orm import Session

from patronage.books.papers.models import LegalEntity, Profile, Receipt, ReceiptCounter
from patronage.foundation import identity
from patronage.foundation.refused import Refused, Why
from patronage.people import audit


class NoSuchEntity(Refused):
    """There is no legal entity of this number."""

    why = Why.NOT_FOUND
    reason = _l("There is no such legal entity.")


class PrefixTaken(Refused):
    """Two entities would give out the same numbers."""

    why = Why.CONFLICT
    reason = _l(
        "Another legal entity uses this prefix, or did. Each needs its own, or two receipts could have the same number."
    )


@dataclass(frozen=True)
class Said:
    """What staff say of an entity; the fields are those of `LegalEntity`."""

    name: str = ""
    address: str = ""
    country: str = ""
    registration_number: str = ""
    tax_number: str = ""
    charity_number: str = ""
    fiscal_month: int = 1
    profile: Profile = Profile.NONE
    prefix: str = ""
    signatory: str = ""
    currency_note: str = ""
    currencies: str = ""
    goods: str = ""
    goods_minor: int = 0
    goods_currency: str = ""


FROZEN = (
    "name", "address", "country", "registration_number", "tax_number", "charity_number", "profile", "signatory",
    "currency_note", "goods", "goods_minor", "goods_currency",
)  # fmt: skip


def all_of(session: Session) -> list[LegalEntity]:
    """Return every legal entity; the first one, which a migration made, issues for all that no other does."""
    return list(session.scalars(select(LegalEntity).order_by(LegalEntity.id)))


def known(session: Session, entity_id: int) -> LegalEntity:
    """Return the entity of this number. Raises `NoSuchEntity`."""
    entity = session.get(LegalEntity, entity_id)
    if entity is None:
        raise NoSuchEntity
    return entity


def issuing_for(session: Session, currency: str) -> LegalEntity:
    """Return the entity that issues for payments in `currency`."""
    entities = all_of(session)
    return next((each for each in entities if currency in each.currencies.split()), entities[0])


def reclaiming(session: Session) -> LegalEntity | None:
    """Return the entity that reclaims Gift Aid, or None."""
    return session.scalar(
        select(LegalEntity).where(LegalEntity.profile == Profile.UK_GIFT_AID).order_by(LegalEntity.id)
    )


def frozen(session: Session, entity: LegalEntity) -> dict[str, Any]:
    """Return `entity` as papers keep it: what changes later does not change them."""
    said = {field: getattr(entity, field) for field in FROZEN}
    return {**said, "profile": str(entity.profile), "name": entity.name or identity.read(session).name}


def describe(session: Session, entity_id: int | None, said: Said, actor_id: int, now: datetime) -> LegalEntity:
    """Write down what staff said of an entity, or of a new one; papers issued before stay as they are.

    Raises `NoSuchEntity`, `PrefixTaken`.
    """
    entity = known(session, entity_id) if entity_id else LegalEntity()
    if _is_taken(session, said.prefix, entity_id or 0):
        raise PrefixTaken
    changed = [field for field, value in asdict(said).items() if getattr(entity, field, None) != value]
    for field in changed:
        setattr(entity, field, getattr(said, field))
    session.add(entity)
    session.flush()
    subject, detail = f"legal entity {entity.id}", ", ".join(changed)
    if entity_id:
        audit.record(session, actor_id, "legal entity changed", subject, detail, now)
    else:
        audit.record(session, actor_id, "legal entity added", subject, detail, now)
    return entity


def _is_taken(session: Session, prefix: str, entity_id: int) -> bool:
    """Tell whether another entity than `entity_id` numbers its papers with `prefix`, or did once in any year."""
    same = select(LegalEntity.id).where(LegalEntity.prefix == prefix, LegalEntity.id != entity_id)
    if session.scalar(same.limit(1)) is not None:
        return True
    years = session.scalars(select(ReceiptCounter.year).distinct())
    begin = f"{prefix}-" if prefix else ""
    numbered = or_(false(), *(Receipt.number.like(f"{begin}{year}-%") for year in years))
    return session.scalar(select(Receipt.id).where(Receipt.entity_id != entity_id, numbered).limit(1)) is not None
