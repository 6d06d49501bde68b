"""How late a pledge is: each try that failed, when the next one comes, and what is left once the last has failed."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation.jobs import insert_ignoring
from patronage.giving.dunning.models import FailedTry
from patronage.giving.gateway import Answer
from patronage.giving.intake.told import Told, inside, moment
from patronage.giving.models import Pledge

BANK_ASKS = "authentication_required"
GIVEN_UP = "payment_failed"  # why Stripe canceled a subscription itself, in its own word
RESTS_UNPAID = "final_payment_failure"  # why Stripe paused one


class Final(StrEnum):
    """What Stripe did after the last try, as the newsroom has set it there; nothing is tried again in any of them."""

    ENDED = "ended"
    UNPAID = "unpaid"  # drafts pile up, nothing is charged
    PAUSED = "paused"
    LATE = "past due"  # left as it was


def final_of(pledge: Pledge) -> Final | None:
    """Return what became of `pledge` after its last failed try, or None while there is none, or another comes."""
    if pledge.ended_at:
        return Final.ENDED if pledge.ended_because == GIVEN_UP else None
    if pledge.stripe_status == "unpaid":
        return Final.UNPAID
    if pledge.stripe_status == "paused" and pledge.failure_code:
        return Final.PAUSED
    is_left = pledge.past_due_at is not None and pledge.tries > 0 and pledge.next_try_at is None
    return Final.LATE if is_left else None


def can_be_mended(pledge: Pledge) -> bool:
    """Tell whether something is due that can still be paid."""
    return pledge.ended_at is None and (pledge.past_due_at is not None or final_of(pledge) is not None)


def take_in(session: Session, pledge: Pledge, told: Told, now: datetime) -> FailedTry | None:
    """Write down the try that failed, if `told` holds one; return it if it was not known. Forget what is mended.

    An invoice that was told late does not overwrite what is known of a newer one.
    """
    new = _note(session, pledge, told, now)
    why_paused = inside(told.subscription, "status_details", "paused", "subscription", "type")
    is_of_a_pause = why_paused not in (None, RESTS_UNPAID)
    if is_of_a_pause or (told.subscription and pledge.past_due_at is None and final_of(pledge) is None):
        pledge.failure_code, pledge.tries, pledge.next_try_at = None, 0, None
    return new


def latest_try(session: Session, pledge_id: int) -> FailedTry | None:
    """Return the last failed try of a pledge at its newest invoice, which is the one that is due."""
    newest = select(FailedTry).where(FailedTry.pledge_id == pledge_id).order_by(FailedTry.invoice_made_at.desc())
    return session.scalar(newest.order_by(FailedTry.id.desc()).limit(1))


def reason_of(intent: Answer) -> str | None:
    """Return why a payment intent did not succeed, in Stripe's word ("insufficient_funds"), or None if it may yet."""
    error = intent["last_payment_error"]
    if error:
        return str(inside(error, "decline_code") or inside(error, "code") or "generic_decline")
    return BANK_ASKS if intent["status"] == "requires_action" else None


def _note(session: Session, pledge: Pledge, told: Told, now: datetime) -> FailedTry | None:
    invoice, code = told.invoice, reason_of(told.intent) if told.intent else None
    if invoice is None or code is None or invoice["status"] != "open":
        return None
    is_new = insert_ignoring(session, FailedTry, {
        "pledge_id": pledge.id, "invoice_id": invoice["id"], "attempt": invoice["attempt_count"], "code": code,
        "amount_minor": invoice["amount_due"], "currency": invoice["currency"].upper(), "failed_at": now,
        "invoice_made_at": moment(invoice["created"]),
    })  # fmt: skip
    latest = latest_try(session, pledge.id)
    if latest is None or latest.invoice_id != invoice["id"]:
        return None
    again = invoice["next_payment_attempt"]
    pledge.failure_code, pledge.tries = code, invoice["attempt_count"]
    pledge.next_try_at = moment(again) if again else None
    return latest if is_new else None
