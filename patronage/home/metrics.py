"""Numbers for whoever watches over the service, in the format Prometheus reads; behind a token of their own."""

import hmac
from datetime import datetime

from flask import Blueprint, Response, abort, request
from flask.typing import ResponseReturnValue
from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.web.guards import machine
from patronage.foundation.web.house import settings, tools
from patronage.giving.models import Outcome, StripeEvent
from patronage.giving.standing import how_many_patrons

blueprint = Blueprint("metrics", __name__)
PREFIX = "Bearer "


@blueprint.get("/metrics")
@machine
def metrics() -> ResponseReturnValue:
    """Tell the numbers to whoever holds `PATRONAGE_METRICS_TOKEN`; without that setting there is no such page."""
    token = settings().metrics_token
    if token is None:
        abort(404)
    given = request.headers.get("Authorization", "")
    wanted = PREFIX + token.get_secret_value()
    if not hmac.compare_digest(given.encode(), wanted.encode()):
        return {"error": "send the token: Authorization: Bearer …"}, 401, {"WWW-Authenticate": "Bearer"}
    with tools().database.reading() as session:
        return _as_text(numbers(session, tools().clock.now()))


def numbers(session: Session, now: datetime) -> dict[str, float]:
    """Return each number by its name; ages are seconds."""
    waiting = Job.done_at.is_(None), Letter.done_at.is_(None)
    received = session.scalar(select(StripeEvent.received_at).order_by(StripeEvent.id.desc()).limit(1))
    return {
        "patronage_events_waiting": _count(session, StripeEvent.applied_at.is_(None)),
        "patronage_events_failed": _count(session, StripeEvent.outcome == Outcome.FAILED),
        "patronage_last_event_age_seconds": (now - received).total_seconds() if received else -1,
        "patronage_jobs_waiting": _count(session, waiting[0] & Job.dead_at.is_(None)),
        "patronage_jobs_dead": _count(session, Job.dead_at.is_not(None)),
        "patronage_letters_waiting": _count(session, waiting[1] & Letter.dead_at.is_(None)),
        "patronage_letters_dead": _count(session, Letter.dead_at.is_not(None)),
        "patronage_patrons": how_many_patrons(session, now),
    }


def _count(session: Session, which: ColumnElement[bool]) -> int:
    return session.scalar(select(func.count()).where(which)) or 0


def _as_text(numbers: dict[str, float]) -> Response:
    from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Gauge, generate_latest

    registry = CollectorRegistry()
    for name, value in numbers.items():
        Gauge(name, name.removeprefix("patronage_").replace("_", " "), registry=registry).set(value)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
