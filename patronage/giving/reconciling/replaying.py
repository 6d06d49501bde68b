"""Events that Stripe could not deliver: asked for, written down as if they had come, and applied."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select

from patronage.foundation.jobs import insert_ignoring
from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake import waiting_events
from patronage.giving.intake.stripe_events import HANDLERS
from patronage.giving.models import Outcome, StripeEvent
from patronage.giving.standing import Policy

PAGE = 100
STRIPE_KEEPS = timedelta(days=30)


@dataclass(frozen=True)
class Replayed:
    """How many events Stripe could not deliver, how many of them were new here, and how many wait or failed."""

    undelivered: int
    written_down: int
    left: int


def replay(tools: Tools, policy: Policy, since: datetime | None = None) -> Replayed:
    """Write down what Stripe could not deliver `since` (thirty days back at most), and apply it.

    Raises `GatewayUnknown`, `GatewayRefused`: what was written down by then stays, and is applied by the worker.
    """
    undelivered, new = 0, list[str]()
    for page in _pages(tools.payments, since):
        undelivered += len(page)
        with tools.database.transaction() as session:
            now = tools.clock.now()
            new += [event["id"] for event in page if insert_ignoring(session, StripeEvent, _row(event, now))]
    while waiting_events.take_up(tools, policy):
        pass
    return Replayed(undelivered, len(new), _left(tools, new))


def _pages(gateway: Gateway, since: datetime | None) -> Iterator[list[Answer]]:
    params: Answer = {"limit": PAGE, "delivery_success": False}
    if since:
        params["created"] = {"gte": int(since.timestamp())}
    has_more = True
    while has_more:
        answer = gateway.call(lambda api, asked=params: api.events.list(asked))  # type: ignore[misc]  # mypy cannot infer it
        events = answer["data"]
        yield [event for event in events if event["type"] in HANDLERS]
        has_more = answer["has_more"] and bool(events)
        params = {**params, "starting_after": events[-1]["id"]} if has_more else params


def _row(event: Answer, now: datetime) -> Answer:
    payload = json.loads(
        json.dumps(event, default=str)
    )  # the library reads Stripe's decimals, texts as sent, as numbers
    return {
        "event_id": event["id"], "type": event["type"], "payload": payload, "received_at": now, "due_at": now,
        "attempts": 0,
    }  # fmt: skip


def _left(tools: Tools, ids: list[str]) -> int:
    """Return how many of these events are not applied, or were given up."""
    left = 0
    with tools.database.reading() as session:
        for start in range(0, len(ids), PAGE):
            undone = StripeEvent.applied_at.is_(None) | (StripeEvent.outcome == Outcome.FAILED)
            count = select(func.count()).where(StripeEvent.event_id.in_(ids[start : start + PAGE]), undone)
            left += session.scalar(count) or 0
    return left
