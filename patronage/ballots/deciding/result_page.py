"""What the pages of a result are drawn from: read from what was frozen, asked for through the one gate."""

import random
from collections.abc import Iterable
from dataclasses import dataclass

from flask import render_template
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots.counting import fairness
from patronage.ballots.counting.profile import Profile
from patronage.ballots.deciding import closed_rounds, comparing, decisions, promise
from patronage.ballots.deciding.comparing import Compared, Side
from patronage.ballots.deciding.decisions import Decided
from patronage.ballots.deciding.forms import pick_form
from patronage.ballots.deciding.promise import Owed
from patronage.ballots.electing import open_pages
from patronage.ballots.frozen import Frozen, Slate
from patronage.ballots.models import ReasonState, Round, RoundReason
from patronage.ballots.sealing.counts import grouped
from patronage.foundation.web.languages import LANGUAGES

PAST = 6
MOST_WHYS = 12  # of one topic, drawn by lot each time a page is drawn


@dataclass(frozen=True)
class Told:
    """What the desk and the public read of a result. `whys` are the shown ones by topic, shuffled."""

    round: Round
    result: Frozen
    compared: Compared | None
    decided: list[Decided]
    owed: list[Owed]
    whys: list[tuple[str, list[str]]]

    @property
    def is_decided(self) -> bool:
        """Whether the editors have decided."""
        return any(each.decided_at for each in self.decided)

    @property
    def chosen(self) -> tuple[int, ...]:
        """The positions that stand chosen, by the editors or else by the result."""
        return tuple(each.line.position for each in self.decided if each.chosen)

    @property
    def departs(self) -> bool:
        """Whether the editors chose otherwise than the voters, anywhere."""
        return any(each.departs for each in self.decided)


@dataclass(frozen=True)
class Asked:
    """What an editor asked the page: what if there were `places`, how fair are those `picked`; turnout by `hours`."""

    places: int | None = None
    picked: frozenset[int] = frozenset()
    hours: bool = False


def told(session: Session, round_: Round, result: Frozen, places: int | None = None) -> Told:
    """Gather what both pages show of `result`, which the gate has let through."""
    views = result.views(places) or result.views()
    decided = decisions.standing(session, round_.id, result)
    return Told(
        round=round_, result=result, compared=comparing.compared(result, views) if views else None,
        decided=decided, owed=promise.covered(session, {round_.id: decided})[round_.id],
        whys=_whys(session, round_.id, result) if round_.asks_why else [],
    )  # fmt: skip


def desk_page(session: Session, round_: Round, result: Frozen, asked: Asked) -> str:
    """Return the editors' page of a closed round."""
    shown = told(session, round_, result, asked.places)
    return render_template(
        "ballots/deciding/desk_result.html", round=round_, told=shown, result=result, asked=asked,
        options=[each.places for each in result.what_if], form=pick_form(result, asked.picked or shown.chosen),
        own=hand_picked(session, round_.id, result, asked.picked),
        past=_turnouts(session, round_, result),
        voters=open_pages.told(session, round_) if asked.hours else None, languages=LANGUAGES,
    )  # fmt: skip


def public_page(session: Session, round_: Round, result: Frozen) -> str:
    """Return the page of a closed round for everybody."""
    return render_template("ballots/result.html", round=round_, told=told(session, round_, result), result=result)


def hand_picked(session: Session, round_id: int, result: Frozen, picked: Iterable[int]) -> Side | None:
    """Return how fair the editors' own choice of positions would be, counted anew from grouped ballots."""
    positions = tuple(line.position for line in result.lines if line.position in frozenset(picked))
    if not positions:
        return None
    profile = Profile.read(grouped(session, round_id), result.titles)
    badge = fairness.badge(profile, positions, max(result.places, len(positions)))
    nothing = fairness.with_nothing(profile, positions).voters
    slate = Slate(positions, nothing, badge.left_out.voters, badge.left_out.position, badge.holds)
    return comparing.side(result, slate, result.slate)


def _whys(session: Session, round_id: int, result: Frozen) -> list[tuple[str, list[str]]]:
    shown = select(RoundReason.position, RoundReason.text).where(RoundReason.state == ReasonState.SHOWN)
    by_topic: dict[int, list[str]] = {}
    for position, text in session.execute(shown.where(RoundReason.round_id == round_id)):
        by_topic.setdefault(position, []).append(text)
    lots = random.SystemRandom()
    drawn = {each: lots.sample(texts, min(len(texts), MOST_WHYS)) for each, texts in by_topic.items()}
    return [(line.title, drawn[line.position]) for line in result.lines if line.position in drawn]


def _turnouts(session: Session, round_: Round, result: Frozen) -> list[tuple[Round, Frozen]]:
    """Return the rounds that closed before this one, and it, latest first, with their results."""
    those = (Round.closed_at <= round_.closed_at, Round.id != round_.id)
    order = (Round.closed_at.desc(), Round.id.desc())
    return [(round_, result), *closed_rounds.found(session, *those, order=order, most=PAST)]
