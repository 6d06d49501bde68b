"""Messages on their way: written for each hook, sent by the worker, tried again for three days."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from patronage.foundation import leases
from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.outside import Answer, NotAllowedThere, NotSent
from patronage.foundation.sealed import DoesNotOpen
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.newsroom.hooks import signing, wording
from patronage.newsroom.hooks.keeping import FAILED, GONE, disable, open_keys, open_url
from patronage.newsroom.hooks.models import Attempt, Delivery, Hook, HookKind

# What the Standard Webhooks specification proposes: from five seconds to a day, a little over three days in all.
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
GAPS = (
    timedelta(seconds=5), 5 * MINUTE, 30 * MINUTE, 2 * HOUR, 5 * HOUR, 10 * HOUR, 14 * HOUR, 20 * HOUR, 24 * HOUR,
)  # fmt: skip
FAILING = timedelta(days=3)
KEPT = timedelta(days=30)
SAID = 1024
HTTP_GONE = 410


@dataclass(frozen=True)
class Parcel:
    """A message ready to leave: where to, its bytes and headers."""

    url: str
    body: bytes
    headers: dict[str, str]


@dataclass(frozen=True)
class Outcome:
    """How a try went; `status` is None when nobody answered."""

    status: int | None
    said: str
    milliseconds: int
    is_final: bool = False  # trying again would change nothing

    @property
    def is_taken(self) -> bool:
        """Tell whether the other side has taken the message."""
        return self.status is not None and 200 <= self.status < 300


def announce(tools: Tools, data: dict[str, Any]) -> None:
    """Write a message to each hook that wants to hear of an event; the job that `ballots.announcing` puts down."""
    event, at = data["event"], datetime.fromisoformat(data["at"])
    cause = event + ":" + ",".join(f"{name}={number}" for name, number in sorted(data["subject"].items()))
    now = tools.clock.now()
    with tools.database.transaction() as session:
        _forget(session, now)
        every = session.scalars(select(Hook).where(Hook.disabled_at.is_(None)).order_by(Hook.id))
        hooks = [hook for hook in every if event in hook.events]
        if hooks and (told := wording.facts(session, event, data["subject"])):
            for hook in hooks:
                write(session, hook, event, cause, told, at, now)


def write(
    session: Session, hook: Hook, event: str, cause: str, told: wording.Facts, at: datetime, now: datetime
) -> None:
    """Write down a message to `hook`, built now, as every try sends the same bytes; a known cause changes nothing."""
    body = wording.line(event, told) if hook.kind is HookKind.CHAT else wording.message(event, at, told)
    values = {
        "hook_id": hook.id, "cause": cause, "mark": signing.new_mark(), "event": event, "body": body,
        "written_at": now, "due_at": now, "attempts": 0,
    }  # fmt: skip
    insert_ignoring(session, Delivery, values)


def send_one(tools: Tools) -> bool:
    """Send one message that is due; one of the worker's turns. Tell whether there was one."""
    if not leases.waiting(tools.database, Delivery, tools.clock.now()):
        return False
    with tools.database.transaction() as session:
        taken = leases.take(session, Delivery, tools.clock.now())
        hooks = [session.get_one(Hook, delivery.hook_id) for delivery in taken]
    for delivery, hook in zip(taken, hooks, strict=True):
        outcome = _try(tools, delivery, hook)
        with tools.database.transaction() as session:
            _note(session, delivery, outcome, tools.clock.now())
    return True


def parcel(delivery: Delivery, hook: Hook, secret: str, now: datetime) -> Parcel:
    """Return what leaves for `hook`: signed with its secret, and during a change with the one before too."""
    headers = {"Content-Type": "application/json"}
    if hook.kind is HookKind.STANDARD:
        headers |= signing.headers(delivery.mark, delivery.body, open_keys(hook, secret, now), now)
    return Parcel(open_url(hook, secret), delivery.body.encode(), headers)


def _try(tools: Tools, delivery: Delivery, hook: Hook) -> Outcome:
    """Send outside of any transaction; whatever happens becomes an outcome."""
    if hook.disabled_at:
        return Outcome(None, "this hook is switched off", 0, is_final=True)
    begun = monotonic()
    answer: Answer | None = None
    problem, is_final = "", False
    try:
        sent = parcel(delivery, hook, settings().secret_key.get_secret_value(), tools.clock.now())
        answer = tools.outside.post(sent.url, sent.body, sent.headers)
    except (NotSent, DoesNotOpen) as error:
        problem, is_final = str(error), isinstance(error, NotAllowedThere | DoesNotOpen)
    except ValueError:  # a signing secret that cannot be one
        problem, is_final = "the message cannot be signed", True
    taken = round((monotonic() - begun) * 1000)
    if answer is None:
        return Outcome(None, problem[:SAID], taken, is_final)
    said = answer.text.encode()[:SAID].decode("utf-8", "ignore").replace("\0", "")
    return Outcome(answer.status, said, taken, is_final=answer.status == HTTP_GONE)


def _note(session: Session, taken: Delivery, outcome: Outcome, now: datetime) -> None:
    """Write down how a try went, and what follows from it, unless the lease ran out or the hook was removed."""
    is_there = session.get(Delivery, taken.id) is not None
    delivery = leases.held(session, taken) if is_there else None
    if delivery is None:
        return
    hook = session.get_one(Hook, delivery.hook_id, with_for_update=True)
    session.add(
        Attempt(
            delivery_id=delivery.id, at=now, milliseconds=outcome.milliseconds, status=outcome.status, said=outcome.said
        )
    )
    if outcome.is_taken:
        leases.finish(delivery, now)
        hook.failing_since = None
        return
    _put_off(delivery, outcome, now)
    if outcome.status is None and not delivery.dead_at:
        _wait_with(session, delivery)
    hook.failing_since = hook.failing_since or now
    if outcome.status == HTTP_GONE:
        disable(session, hook, GONE, now)
    elif delivery.dead_at and now - hook.failing_since >= FAILING:
        disable(session, hook, FAILED, now)


def _put_off(delivery: Delivery, outcome: Outcome, now: datetime) -> None:
    delivery.leased_until = None
    delivery.last_error = f"answered {outcome.status}" if outcome.status else outcome.said[:500]
    if outcome.is_final or delivery.attempts > len(GAPS):
        delivery.dead_at = now
    else:
        delivery.due_at = now + GAPS[delivery.attempts - 1]


def _wait_with(session: Session, delivery: Delivery) -> None:
    """Have the hook's other messages wait as long: each silence costs the worker seconds that all its work waits."""
    others = (Delivery.hook_id == delivery.hook_id, Delivery.done_at.is_(None), Delivery.dead_at.is_(None))
    earlier = update(Delivery).where(*others, Delivery.due_at < delivery.due_at, Delivery.leased_until.is_(None))
    session.execute(earlier.values(due_at=delivery.due_at))


def _forget(session: Session, now: datetime) -> None:
    """Delete what was told, or given up, a month ago."""
    old = select(Delivery.id).where(Delivery.written_at < now - KEPT)
    over = old.where(Delivery.done_at.is_not(None) | Delivery.dead_at.is_not(None))
    session.execute(delete(Attempt).where(Attempt.delivery_id.in_(over)))
    session.execute(delete(Delivery).where(Delivery.id.in_(over)))
