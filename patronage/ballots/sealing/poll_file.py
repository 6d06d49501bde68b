"""The ballots of a certified round in the format of Pabulib (.pb): no token, no weight, no band, no time.

They stand in the order of what they ticked and carry fresh numbers, so the file says nothing of who cast one, or when.
Every topic costs one and the budget is the number of places: "greedy", as Pabulib calls it, is the approval count.
"""

from collections.abc import Iterator

from sqlalchemy.orm import Session

from patronage.ballots.counting import export
from patronage.ballots.counting.export import Asked, Edition
from patronage.ballots.counting.profile import Profile
from patronage.ballots.counting.standing import by_seed
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round
from patronage.ballots.sealing.counts import grouped


def written(session: Session, round_: Round, result: Frozen, unit: str) -> Iterator[str]:
    """Yield the file of the certified `round_` line by line; `unit` is the newsroom's name. All ballots weigh one."""
    ids = {line.position: line.topic_id for line in result.lines}
    profile = Profile.read(grouped(session, round_.id), ids)
    topics = [Asked(position, str(ids[position]), result.titles[position]) for position in by_seed(ids, result.seed)]
    selected = result.unweighted.slate if result.unweighted else result.slate
    return export.lines(_edition(round_, unit, result), topics, profile, selected)


def _edition(round_: Round, unit: str, result: Frozen) -> Edition:
    assert round_.closed_at is not None  # noqa: S101 - only certified rounds are written
    said = f"equal topics stand in the order of the published seed; result SHA-256 {result.sha256}"
    return Edition(
        description=round_.title, unit=unit, instance=f"round {round_.id}", budget=round_.places, rule="greedy",
        begin=min(round_.opens_at, round_.closed_at).date(), end=round_.closed_at.date(), max_length=round_.most_ticks,
        comment=said + ("; weights are left out, every ballot counts once" if result.is_weighted else ""),
    )  # fmt: skip
