"""What staff and the operator did, written down so that others can look it up."""

from datetime import datetime

from sqlalchemy.orm import Session

from patronage.people.models import AuditEntry


def record(session: Session, actor_id: int | None, deed: str, subject: str, detail: str, now: datetime) -> None:
    """Write down that `actor_id` (None for the operator) did `deed` ("round opened") to `subject` ("round 3").

    `detail` says what changed, in words; it never holds a secret or a vote.
    """
    session.add(AuditEntry(at=now, actor_id=actor_id, deed=deed, subject=subject, detail=detail))
