"""A comparison with Stripe, a page at a time: what is done stands in its row after each, so that it can be killed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, GatewayRefused
from patronage.giving.models import StripeEvent
from patronage.giving.reconciling import lists, mending
from patronage.giving.reconciling import missing as missing_at_stripe
from patronage.giving.reconciling.compared import Compared, Difference
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.reconciling.models import Reconciliation, Walk
from patronage.giving.standing import Policy

GOES_ON_WITHIN = timedelta(days=1)  # of its beginning; what stands at Stripe has changed too much after that
JUST_NOW = timedelta(hours=1)  # an event that waits for longer is stuck: what it told is a difference
MOST_SAID = 200  # differences kept by name; all are counted
LOOKED_AT = 10  # of the last ones, for one of all kinds
FOUND, MENDED, REMAINS = "found", "mended", "remains"


@dataclass(frozen=True)
class Scope:
    """What is to be compared: which `kinds`, made at Stripe `since` when (all of it if None), mended or only told."""

    kinds: tuple[str, ...] = tuple(KINDS)
    since: datetime | None = None
    is_dry: bool = False
    begun_by: str = "command"


@dataclass(frozen=True)
class Said:
    """One difference and what became of it: FOUND, MENDED or REMAINS."""

    kind: str
    stripe_id: str
    says: str
    state: str


@dataclass(frozen=True)
class Step:
    """What one page came to: how many of Stripe's things it held, and what differed."""

    kind: str
    seen: int
    said: list[Said] = field(default_factory=list)


def begin(session: Session, scope: Scope, now: datetime) -> tuple[Reconciliation, bool]:
    """Return the comparison of that scope that was not brought to its end, or a new one; and whether it is new."""
    open_ones = select(Reconciliation).where(
        Reconciliation.ended_at.is_(None), Reconciliation.begun_by == scope.begun_by,
        Reconciliation.began_at > now - GOES_ON_WITHIN,
    )  # fmt: skip
    for known in session.scalars(open_ones.order_by(Reconciliation.id.desc())):
        if (tuple(known.kinds), known.since, known.is_dry) == (scope.kinds, scope.since, scope.is_dry):
            return known, False
    made = Reconciliation(
        begun_by=scope.begun_by, kinds=list(scope.kinds), since=scope.since, is_dry=scope.is_dry, began_at=now,
        walks={}, said=[],
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made, True


def steps(tools: Tools, policy: Policy, run_id: int) -> Iterator[Step]:
    """Do the rest of a comparison, yielding after each page. Raises `GatewayUnknown`, `GatewayRefused`: go on later."""
    while True:
        with tools.database.reading() as session:
            run = session.get_one(Reconciliation, run_id)
        if run.next_kind is None:
            break
        yield _Page(tools, policy, run, run.next_kind).step()
    with tools.database.transaction() as session:
        run = session.get_one(Reconciliation, run_id)
        run.ended_at = run.ended_at or tools.clock.now()


def latest(session: Session) -> Reconciliation | None:
    """Return the comparison of all kinds that came to its end last and mended what it could."""
    ended = select(Reconciliation).where(Reconciliation.ended_at.is_not(None), Reconciliation.is_dry.is_(False))
    newest = session.scalars(ended.order_by(Reconciliation.ended_at.desc(), Reconciliation.id.desc()).limit(LOOKED_AT))
    return next((run for run in newest if set(run.kinds) == set(KINDS)), None)


def _coming(session: Session, numbers: list[str], now: datetime) -> set[str]:
    """Return those of `numbers` about which an event has come that is not applied yet."""
    if not numbers:
        return set()
    number = StripeEvent.payload["data", "object", "id"].as_string()
    waiting = select(number).where(StripeEvent.applied_at.is_(None), StripeEvent.received_at > now - JUST_NOW)
    return set(session.scalars(waiting.where(number.in_(numbers))))


class _Page:
    """One page of one kind: listed, compared, mended, written down."""

    def __init__(self, tools: Tools, policy: Policy, run: Reconciliation, kind: str) -> None:
        self._tools, self._policy, self._run, self._kind = tools, policy, run, kind
        self._walk = run.walk(kind)

    def step(self) -> Step:
        self._begin()
        page, has_more = self._listed()
        with self._tools.database.reading() as session:
            compared = KINDS[self._kind].compare(session, page, self._tools.clock.now())
        differences = self._decided(compared)
        self._write_down([self._said(each, FOUND) for each in differences])
        said = [self._mended(each) for each in differences]
        walk = self._counted(page, compared, said)
        if not has_more or not page:
            walk.is_done = True
            said += self._missing(walk)
        self._write_down(said, walk)
        return Step(self._kind, len(page), said)

    def _begin(self) -> None:
        ours = KINDS[self._kind].ours
        if ours is None or self._walk.after is not None:
            return
        with self._tools.database.reading() as session:
            self._walk.upto = missing_at_stripe.newest(session, ours)

    def _listed(self) -> tuple[list[Answer], bool]:
        """Return the next page; a walk whose last thing was deleted meanwhile (a draft) begins again."""
        gateway, kind = self._tools.payments, KINDS[self._kind]
        try:
            return lists.page_of(gateway, kind, self._walk.after, self._run.since)
        except GatewayRefused as refusal:
            if self._walk.after is None or not refusal.is_missing:
                raise
        self._walk = Walk(upto=self._walk.upto)
        return lists.page_of(gateway, kind, None, self._run.since)

    def _decided(self, compared: Compared) -> list[Difference]:
        """Return what differs, with the doubtful things that are ours after all; the others are strangers.

        What Stripe told just now, and waits to be applied, is no difference.
        """
        found = [*compared.differences, *compared.doubtful]
        with self._tools.database.reading() as session:
            coming = _coming(session, [each.stripe_id for each in found], self._tools.clock.now())
        differences = [each for each in compared.differences if each.stripe_id not in coming]
        for each in compared.doubtful:
            if each.stripe_id in coming:
                continue
            if mending.is_ours(self._tools, each.stripe_id):
                differences.append(each)
            else:
                compared.strangers += 1
        return differences

    def _mended(self, difference: Difference) -> Said:
        if self._run.is_dry:
            return self._said(difference, REMAINS)
        left = mending.mend(self._tools, self._policy, self._kind, difference)
        return self._said(difference, REMAINS if left else MENDED, left)

    def _said(self, difference: Difference, state: str, says: str | None = None) -> Said:
        return Said(self._kind, difference.stripe_id, says or difference.says, state)

    def _counted(self, page: list[Answer], compared: Compared, said: list[Said]) -> Walk:
        """Return the walk with this page added; what was mended just before an earlier try at it was killed counts."""
        walk, since = self._walk, self._run.since
        again = {each.stripe_id for each in said}
        killed = [old for old in self._run.said if old["state"] == FOUND and old["kind"] == self._kind]
        mended_before = sum(old["stripe_id"] not in again for old in killed)
        walk.after = page[-1]["id"] if page else walk.after
        walk.seen += len(page)
        walk.strangers += compared.strangers
        walk.met += sum(row <= walk.upto and (not since or not at or at >= since) for row, at in compared.met)
        walk.differed += len(said) + mended_before
        walk.mended += sum(each.state == MENDED for each in said) + mended_before
        return walk

    def _missing(self, walk: Walk) -> list[Said]:
        if missing_at_stripe.is_complete(self._tools, self._kind, walk, self._run.since):
            return []
        found = missing_at_stripe.missing(self._tools, self._kind, walk, self._run.since)
        said = [self._said(each, REMAINS) for each in found]
        walk.differed += len(said)
        return said

    def _write_down(self, said: list[Said], walk: Walk | None = None) -> None:
        """Keep what was said; with `walk`, this page is done, and what was only found before was mended since."""
        if not said and walk is None:
            return
        with self._tools.database.transaction() as session:
            run = session.get_one(Reconciliation, self._run.id, with_for_update=True)
            kept = {(old["kind"], old["stripe_id"]): old for old in run.said}
            for each in said:
                kept[each.kind, each.stripe_id] = vars(each)
            if walk:
                run.keep(self._kind, walk)
                kept = {key: {**old, "state": MENDED if old["state"] == FOUND else old["state"]}
                        for key, old in kept.items()}  # fmt: skip
            run.said = list(kept.values())[:MOST_SAID]
            self._run = run
