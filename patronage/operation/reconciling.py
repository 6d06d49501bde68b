"""The commands `reconcile` and `replay`: what differed is said as it is found, a status says how it ended."""

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

import click
from sqlalchemy import func, select

from patronage.foundation.tools import Tools
from patronage.giving.gateway import GatewayRefused, GatewayUnknown
from patronage.giving.reconciling import missing, replaying, walking
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.reconciling.walking import Scope, Step
from patronage.giving.standing import Policy

SAME, MENDED, UNFINISHED, REMAINS = range(4)
MARKS = {walking.MENDED: "mended ", walking.REMAINS: "REMAINS", walking.FOUND: "found  "}
Say = Callable[[str], None]


def moment_of(day: date | None, zone: ZoneInfo) -> datetime | None:
    """Return the first moment of `day` in `zone`, UTC; None for no day."""
    return datetime.combine(day, time(), zone).astimezone(UTC) if day else None


def reconcile(tools: Tools, policy: Policy, scope: Scope, *, as_json: bool = False) -> int:
    """Compare with Stripe and mend; return SAME, MENDED, UNFINISHED or REMAINS.

    Sentences go to standard output, the progress to standard error.
    """
    with tools.database.transaction() as session:
        run, is_new = walking.begin(session, scope, tools.clock.now())
    if not is_new:
        click.echo(f"Going on with the comparison begun at {run.began_at:%Y-%m-%d %H:%M} UTC.", err=True)
    problem = _walk(tools, policy, run, _silent if as_json else click.echo)
    with tools.database.reading() as session:
        run = session.get_one(Reconciliation, run.id)
    status = _status(run, problem)
    if as_json:
        click.echo(json.dumps(_as_json(run, status, problem), indent=2))
    else:
        _sum_up(run, problem)
    return status


def _walk(tools: Tools, policy: Policy, run: Reconciliation, say: Say) -> str | None:
    """Walk to the end; return why that could not be reached, or None."""
    try:
        with _progress(tools, run) as told:
            for step in walking.steps(tools, policy, run.id):
                told(step)
                for said in step.said:
                    say(f"{MARKS[said.state]} {said.says}")
    except GatewayUnknown:
        return "Stripe does not answer; the same command goes on from here"
    except GatewayRefused as refusal:
        return f"Stripe said no: {refusal.detail}"
    return None


def _silent(_line: str) -> None:
    return None


@contextmanager
def _progress(tools: Tools, run: Reconciliation) -> Iterator[Callable[[Step], None]]:
    """Show a bar on a terminal: Stripe tells no totals, so our own rows are the length of the way."""
    if not sys.stderr.isatty():
        yield lambda _step: None
        return
    with tools.database.reading() as session:
        lengths = {
            name: missing.how_many(session, kind.ours, missing.newest(session, kind.ours), run.since)
            for name in run.kinds
            if (kind := KINDS[name]).ours
        }
    with click.progressbar(length=max(sum(lengths.values()), 1), label="Comparing", file=sys.stderr) as bar:

        def tell(step: Step) -> None:
            if step.kind in lengths:
                bar.update(step.seen)

        yield tell


def _status(run: Reconciliation, problem: str | None) -> int:
    if problem:
        return UNFINISHED
    if run.remaining:
        return REMAINS
    return MENDED if run.total("differed") else SAME


def _as_json(run: Reconciliation, status: int, problem: str | None) -> dict[str, object]:
    return {
        "status": status, "problem": problem, "dry_run": run.is_dry, "kinds": run.walks, "differences": run.said,
        "left_out": max(run.total("differed") - len(run.said), 0),
    }  # fmt: skip


def _sum_up(run: Reconciliation, problem: str | None) -> None:
    for kind in run.kinds:
        walk = run.walk(kind)
        strangers = f", {walk.strangers} not ours" if walk.strangers else ""
        differed = f"{walk.differed} differed, {walk.mended} mended" if walk.differed else "nothing differed"
        click.echo(f"{kind:<14} {walk.seen:>8} compared{strangers}: {differed}")
    if problem:
        click.echo(f"Not finished: {problem}.", err=True)


def replay(tools: Tools, policy: Policy, since: datetime | None) -> int:
    """Take in what Stripe could not deliver; return SAME if that was nothing, MENDED, UNFINISHED or REMAINS."""
    try:
        replayed = replaying.replay(tools, policy, since)
    except GatewayUnknown:
        click.echo("Not finished: Stripe does not answer.", err=True)
        return UNFINISHED
    except GatewayRefused as refusal:
        click.echo(f"Not finished: Stripe said no: {refusal.detail}.", err=True)
        return UNFINISHED
    click.echo(
        f"{replayed.undelivered} events could not be delivered, {replayed.written_down} of them were not known, "
        f"{replayed.left} are left to apply."
    )
    if replayed.left:
        return REMAINS
    return MENDED if replayed.written_down else SAME


def last_problem(tools: Tools) -> str | None:
    """Say what is wrong with the comparisons: none came to its end for two days, or differences were left."""
    with tools.database.reading() as session:
        last, begun = walking.latest(session), session.scalar(select(func.min(Reconciliation.began_at)))
    now = tools.clock.now()
    if last is None or last.ended_at is None:
        is_late = begun is not None and (now - begun).days >= 2
        return "no comparison with Stripe has come to its end: patronage reconcile" if is_late else None
    if (now - last.ended_at).days >= 2:
        return f"the last comparison with Stripe ended {(now - last.ended_at).days} days ago: is the worker running?"
    return f"{last.remaining} differences from Stripe remain: patronage reconcile" if last.remaining else None
