"""Looks at an installation as a doctor would: each finding says what is well, or what is wrong and what to do."""

import shutil
import smtplib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import func, select

from patronage.ballots import keys
from patronage.ballots.electing import electorate
from patronage.ballots.models import Policy, Round, RoundKey
from patronage.foundation.jobs import Job
from patronage.foundation.outbox import Letter
from patronage.foundation.refused import Refused
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.giving.intake.stripe_events import HANDLERS
from patronage.giving.models import StripeEvent
from patronage.home.health import problems_of
from patronage.operation.checking import broken
from patronage.operation.reconciling import last_problem
from patronage.operation.waiting import listed
from patronage.people.models import Role, StaffRole

SMALL_DISK_BYTES = 512 * 1024 * 1024
QUIET_DAYS = 7
WORKERS_DELAY = timedelta(minutes=1)


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at: its name, whether it is well, and a sentence."""

    name: str
    well: bool
    says: str


def examine(tools: Tools, settings: Settings) -> Iterator[Finding]:
    """Yield what is found, one thing after another; nothing is changed. Speaks to Stripe and to the mail server."""
    looks: list[tuple[str, Callable[[Tools, Settings], str | None]]] = [
        ("database", _database),
        ("disk", _disk),
        ("invariants", _invariants),
        ("worker", _worker),
        ("tasks", _tasks),
        ("stripe", _stripe),
        ("events", _events),
        ("compared", _compared),
        ("votes", _votes),
        ("mail", _mail),
        ("staff", _staff),
        ("address", _address),
    ]
    for name, look in looks:
        problem = look(tools, settings)
        yield Finding(name, problem is None, problem or "well")
        if name == "database" and problem:
            return


def _database(tools: Tools, _settings: Settings) -> str | None:
    return "; ".join(problems_of(tools.database)) or None


def _disk(tools: Tools, _settings: Settings) -> str | None:
    if not tools.database.is_sqlite or not tools.database.url.database:
        return None
    free = shutil.disk_usage(Path(tools.database.url.database).resolve().parent).free
    return f"only {free // 1024 // 1024} MB are free where the database lies" if free < SMALL_DISK_BYTES else None


def _invariants(tools: Tools, _settings: Settings) -> str | None:
    return "; ".join(broken(tools)) or None


def _worker(tools: Tools, _settings: Settings) -> str | None:
    late = tools.clock.now() - WORKERS_DELAY
    untouched = [
        select(func.count()).where(table.due_at < late, table.attempts == 0, not_done).scalar_subquery()
        for table, not_done in (
            (Job, Job.done_at.is_(None)),
            (Letter, Letter.done_at.is_(None)),
            (StripeEvent, StripeEvent.applied_at.is_(None)),
        )
    ]
    with tools.database.reading() as session:
        lying = sum(session.execute(select(*untouched)).one())
    return f"{lying} things lie untouched: is “patronage worker” running?" if lying else None


def _tasks(tools: Tools, _settings: Settings) -> str | None:
    given_up = len(listed(tools, only_dead=True))
    return f"given up: {given_up} tasks; see “patronage jobs --dead”" if given_up else None


def _stripe(tools: Tools, settings: Settings) -> str | None:
    try:
        endpoints = tools.payments.endpoints()
    except Refused as refusal:
        return f"Stripe cannot be asked: {getattr(refusal, 'detail', refusal)}; is PATRONAGE_STRIPE_SECRET_KEY right?"
    ours = [each for each in endpoints if each["url"] == settings.base_url + "/webhooks/stripe"]
    if not ours:
        return f"Stripe has no webhook endpoint for {settings.base_url}/webhooks/stripe: add it in the dashboard"
    missing = set(HANDLERS) - set(ours[0]["enabled_events"])
    if missing and "*" not in ours[0]["enabled_events"]:
        return f"the webhook endpoint does not send {', '.join(sorted(missing))}"
    return None if ours[0]["status"] == "enabled" else "the webhook endpoint is switched off at Stripe"


def _events(tools: Tools, _settings: Settings) -> str | None:
    with tools.database.reading() as session:
        last = session.scalar(select(func.max(StripeEvent.received_at)))
    if last is None:
        return "no event has come from Stripe yet: make a gift with a test card"
    days = (tools.clock.now() - last).days
    return f"the last event from Stripe came {days} days ago" if days > QUIET_DAYS else None


def _compared(tools: Tools, _settings: Settings) -> str | None:
    return last_problem(tools)


def _votes(tools: Tools, settings: Settings) -> str | None:
    secret = settings.secret_key.get_secret_value()
    with tools.database.reading() as session:
        opened = select(Round.id, RoundKey.sealed).outerjoin(RoundKey, RoundKey.round_id == Round.id)
        running = session.execute(opened.where(Round.opened_at.is_not(None), Round.certified_at.is_(None))).all()
        shut = [str(row.id) for row in running if not _opens(row.sealed, row.id, secret)]
        if shut:
            return (
                f"the key of round {', '.join(shut)} does not open: PATRONAGE_SECRET_KEY was changed since. "
                "Put the old one back until the round is certified; without it nobody can vote and it cannot be closed"
            )
        frozen = select(Round).where(Round.id.in_([row.id for row in running]), Round.policy == Policy.FROZEN)
        listed = session.scalars(frozen.where(Round.electorate_sha256.is_not(None))).all()
        changed = [str(round_.id) for round_ in listed if not electorate.holds(session, round_, secret)]
    return f"the list of voters of round {', '.join(changed)} is not the one that was published" if changed else None


def _opens(sealed: bytes | None, round_id: int, secret: str) -> bool:
    try:
        return sealed is not None and bool(keys.unseal(sealed, round_id, secret))
    except keys.KeyDoesNotOpen:
        return False


def _mail(_tools: Tools, settings: Settings) -> str | None:
    parts = urlsplit(settings.smtp_url)
    if parts.scheme == "maildir":
        return None
    kind = smtplib.SMTP_SSL if parts.scheme == "smtps" else smtplib.SMTP
    port = parts.port or (465 if parts.scheme == "smtps" else 587)
    try:
        with kind(parts.hostname or "localhost", port, timeout=10) as server:
            server.noop()
    except OSError as error:
        return f"the mail server {parts.hostname}:{port} does not answer: {error}"
    return None


def _staff(tools: Tools, _settings: Settings) -> str | None:
    with tools.database.reading() as session:
        admins = session.scalar(select(func.count()).where(StaffRole.role == Role.ADMIN))
    return None if admins else "nobody is administrator: patronage staff add you@example.org --role admin"


def _address(_tools: Tools, settings: Settings) -> str | None:
    if settings.is_https or settings.clock_file:
        return None
    return "PATRONAGE_BASE_URL is not https: sign-in cookies travel in the clear"
