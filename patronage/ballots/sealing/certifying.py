"""Certification: after a recount that agrees the round key is destroyed, and nobody can link voter and ballot again."""

from datetime import datetime

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from patronage.ballots import announcing, rounds
from patronage.ballots.models import Round, RoundKey
from patronage.ballots.sealing import recounting
from patronage.ballots.sealing.refusals import CertifiedAlready, DoesNotAgree, NotClosedYet
from patronage.people import audit


def certify(session: Session, round_id: int, checked: str, actor_id: int | None, now: datetime) -> Round:
    """Certify the closed round: destroy its key for good, note who did so, and announce it.

    `checked` is the SHA-256 with which a recount has just agreed (`recounting.agreed`); counting takes its time and
    needs no lock, since nothing about a closed round changes. Raises `NotClosedYet`, `CertifiedAlready`, and
    `DoesNotAgree` if another version of the result was written meanwhile.
    """
    round_ = rounds.locked(session, round_id)
    if round_.closed_at is None:
        raise NotClosedYet
    if round_.certified_at is not None:
        raise CertifiedAlready
    if recounting.versions(session, round_id)[-1].sha256 != checked:
        raise DoesNotAgree(["another version of the result was written meanwhile"])
    _destroy_key(session, round_id)
    round_.certified_at = now
    detail = f"result {checked}; the round key was destroyed"
    audit.record(session, actor_id, "round certified", f"round {round_id}", detail, now)
    announcing.announce(session, "result.certified", {"round": round_id}, now)
    return round_


def _destroy_key(session: Session, round_id: int) -> None:
    """Delete the row of the key, its bytes overwritten first.

    On SQLite they are overwritten in the file as well, once its log was emptied (`Database.empty_log`). PostgreSQL
    keeps old rows until VACUUM has passed, and backups keep theirs: docs/2_a_round.md says what to do about both.
    """
    if session.get_bind().dialect.name == "sqlite":
        session.connection().exec_driver_sql("PRAGMA secure_delete = ON")
    mine = RoundKey.round_id == round_id
    session.execute(update(RoundKey).where(mine).values(sealed=b"\0" * 60))
    session.execute(delete(RoundKey).where(mine))
