"""The rehearsal: years of patrons in minutes, with everything going wrong, and the books compared to the cent after."""

import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import click
from sqlalchemy import case, func, select

from patronage.books.models import Account, LedgerEntry
from patronage.giving.gateway import Answer, GatewayUnknown
from patronage.giving.intake.money_moved import every_page
from patronage.giving.reconciling import replaying, walking
from patronage.giving.reconciling.models import Reconciliation
from patronage.giving.reconciling.walking import Scope
from patronage.operation.checking import broken
from patronage.operation.rehearsal_play import Play, how_many
from patronage.operation.rehearsal_stage import Stage, stage
from patronage.operation.waiting import listed

PAYOUTS = {"payout", "payout_failure", "payout_cancel"}
AFTERWARDS = timedelta(days=40)  # what is left of the last month, and the days in which debits and payouts arrive


@dataclass(frozen=True)
class Plan:
    """How large the rehearsal is: so many patrons over so many months, the dice's seed, and whether things go wrong."""

    patrons: int = 1000
    months: int = 24
    seed: int = 1
    faults: bool = True


@dataclass(frozen=True)
class Line:
    """One currency, in minor units: what the ledger says Stripe holds and has paid out, and what Stripe says."""

    currency: str
    held: int
    held_at_stripe: int
    paid_out: int
    paid_out_at_stripe: int

    @property
    def is_equal(self) -> bool:
        """Whether the books and Stripe say the same to the cent."""
        return (self.held, self.paid_out) == (self.held_at_stripe, self.paid_out_at_stripe)


@dataclass
class Verdict:
    """What the rehearsal came to; it `is_good` when the books are Stripe's, nothing is broken, and nothing is left."""

    lines: list[Line] = field(default_factory=list)
    replayed: int = 0
    mended: int = 0
    differ_still: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    @property
    def is_good(self) -> bool:
        """Whether all is as it should be."""
        is_equal = bool(self.lines) and all(line.is_equal for line in self.lines)
        return is_equal and not (self.differ_still or self.broken or self.given_up)


def run(plan: Plan, database_url: str | None) -> int:
    """Rehearse, print what came of it, and return 0 only when all is as it should be, 2 when it could not be played."""
    began = perf_counter()
    with tempfile.TemporaryDirectory(prefix="patronage-rehearsal-") as made:
        var = Path(made)
        try:
            verdict = rehearse(plan, database_url or f"sqlite:///{var / 'patronage.db'}", var, shown=True)
        except (RuntimeError, OSError, GatewayUnknown) as problem:
            click.echo(f"The rehearsal could not be played to its end: {problem}", err=True)
            return 2
    _tell(verdict, perf_counter() - began)
    return 0 if verdict.is_good else 1


def rehearse(plan: Plan, database_url: str, var: Path, *, shown: bool = False) -> Verdict:
    """Play `plan` in the folder `var` on an empty database; return what came of it. Raises `RuntimeError`."""
    with stage(var, database_url, timedelta(days=31 * plan.months) + AFTERWARDS) as opened:
        play = Play(opened, plan.patrons, plan.months, plan.seed, faults=plan.faults)
        with _bar(plan.months, shown=shown) as months:
            for number in months:
                play.month(number)
        play.calm()
        opened.advance(days=4)  # Stripe's last tries at what it could not deliver
        opened.advance(seconds=3600)
        return _judged(opened)


@contextmanager
def _bar(months: int, *, shown: bool) -> Iterator[Iterator[int]]:
    if not (shown and sys.stderr.isatty()):
        yield iter(range(months))
        return
    with click.progressbar(range(months), label="Months", file=sys.stderr, width=30) as bar:
        yield iter(bar)


def _judged(opened: Stage) -> Verdict:
    """Take in what was lost, compare, and look at what is left."""
    tools, policy, verdict = opened.tools, opened.policy, Verdict(counts=how_many(opened))
    verdict.replayed = replaying.replay(tools, policy).written_down
    verdict.mended = _compare(opened).total("mended")
    opened.settle()
    verdict.differ_still = [said["says"] for said in _compare(opened).said]
    verdict.lines = _lines(opened)
    verdict.broken = broken(tools)
    verdict.given_up = listed(tools, only_dead=True)
    return verdict


def _compare(opened: Stage) -> Reconciliation:
    tools = opened.tools
    with tools.database.transaction() as session:
        begun, _ = walking.begin(session, Scope(begun_by="rehearsal"), tools.clock.now())
    for _ in walking.steps(tools, opened.policy, begun.id):
        pass
    with tools.database.reading() as session:
        return session.get_one(Reconciliation, begun.id)


def _lines(opened: Stage) -> list[Line]:
    held, paid_out = _ledger(opened, Account.STRIPE_BALANCE), _ledger(opened, Account.BANK)
    found = every_page(opened.tools.payments, lambda api, page: api.balance_transactions.list(page))
    theirs_held, theirs_out = _added_up(found), _added_up([each for each in found if _is_payout(each)])
    return [
        Line(currency, held[currency], theirs_held[currency], paid_out[currency], -theirs_out[currency])
        for currency in sorted({*held, *theirs_held})
    ]


def _ledger(opened: Stage, account: Account) -> dict[str, int]:
    sign = case((LedgerEntry.debit == account, 1), else_=-1)
    entries = select(LedgerEntry.currency, func.sum(sign * LedgerEntry.amount_minor))
    entries = entries.where((LedgerEntry.debit == account) | (LedgerEntry.credit == account))
    with opened.tools.database.reading() as session:
        rows = session.execute(entries.group_by(LedgerEntry.currency)).all()
    return defaultdict(int, {currency: int(total) for currency, total in rows})


def _added_up(found: list[Answer]) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for balance in found:
        totals[balance["currency"].upper()] += balance["net"]
    return totals


def _is_payout(balance: Answer) -> bool:
    return balance["type"] in PAYOUTS


def _tell(verdict: Verdict, seconds: float) -> None:
    say = click.echo
    counts = ", ".join(f"{number:,} {name}" for name, number in verdict.counts.items())
    say(f"\n{counts} in {seconds:.0f} seconds; {verdict.replayed} events replayed, {verdict.mended} things mended.\n")
    say(f"{'':10} {'ledger holds':>14} {'Stripe holds':>14} {'ledger paid':>14} {'Stripe paid':>14}")
    for line in verdict.lines:
        figures = (line.held, line.held_at_stripe, line.paid_out, line.paid_out_at_stripe)
        say(f"{line.currency:10} {' '.join(f'{each:>14,}' for each in figures)}  {'' if line.is_equal else 'DIFFER'}")
    for name, problems in (
        ("still differs", verdict.differ_still), ("is broken", verdict.broken), ("was given up", verdict.given_up),
    ):  # fmt: skip
        for problem in problems:
            say(f"{name}: {problem}", err=True)
    say("\nAll is as it should be." if verdict.is_good else "\nNOT all is as it should be.")
