"""Between a round's draft and its form: what the form shows, and what was decided in it."""

from datetime import datetime, timedelta
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import moments, rounds
from patronage.ballots.electing.forms import RoundForm, round_form
from patronage.ballots.models import Policy, Round, RoundWeight
from patronage.ballots.refusals import CutOffTooLate, DatesOutOfOrder
from patronage.foundation.refused import Refused
from patronage.foundation.web.house import settings
from patronage.giving.models import Tier

PROMISE = _l("We report the winners, or say here why not.")
USUAL_DAYS, USUAL_HOUR = 14, 18  # how long a vote lasts unless the editor says otherwise, and when it closes that day
SAME = ("title", "promise", "places", "most_ticks", "asks_why", "least_days", "admits_named", "weighted",
        "budget_days", "invites", "remind_days")  # fmt: skip


def sent(session: Session) -> RoundForm:
    """Return the form as it was sent."""
    return _form(session)()


def usual(session: Session, now: datetime) -> RoundForm:
    """Return the form of a vote that opens now and closes two weeks later, in the evening of the newsroom's zone."""
    zone = settings().zone
    evening = (now.astimezone(zone) + timedelta(days=USUAL_DAYS)).replace(hour=USUAL_HOUR, minute=0)
    return _form(session)(
        formdata=None, places=2, most_ticks=rounds.MOST_TICKS, promise=str(PROMISE), opens=moments.typed(now, zone),
        closes=moments.typed(evening, zone), admits_named=True, invites=True, remind_days=2,
    )  # fmt: skip


def filled(session: Session, round_: Round) -> RoundForm:
    """Return the form of a draft as it stands."""
    zone = settings().zone
    weights = session.scalars(select(RoundWeight).where(RoundWeight.round_id == round_.id))
    return _form(session)(
        formdata=None,
        **{name: getattr(round_, name) for name in SAME},
        **{f"weight_{row.tier_id}": row.weight for row in weights},
        policy=round_.policy.value, least_tier=round_.least_tier_id or 0,
        cut_off=moments.typed(round_.cut_off, zone) if round_.cut_off else "",
        opens=moments.typed(round_.opens_at, zone), closes=moments.typed(round_.closes_at, zone),
    )  # fmt: skip


def decided(form: RoundForm) -> rounds.Terms | None:
    """Return what a sent form says, or None after writing beside its fields what is wrong."""
    if not form.validate():
        return None
    policy = Policy(form.policy.data or Policy.UNTIL_CLOSING)
    opens, closes = _moment(form.opens), _moment(form.closes)
    cut_off = _moment(form.cut_off) if policy is Policy.FROZEN and form.cut_off.data else None
    if opens is None or closes is None or form.cut_off.errors or not _in_order(form, opens, closes, cut_off):
        return None
    weights = {tier_id: field.data for tier_id, field in form.weights.items()} if form.weighted.data else {}
    if set(weights.values()) <= {1}:
        weights = {}  # nothing is weighed, and nobody should read that it is
    return rounds.Terms(
        opens_at=opens, closes_at=closes, policy=policy, cut_off=cut_off, weights=weights,
        least_tier_id=form.least_tier.data or None,
        **{name: form[name].data for name in SAME if name != "weighted"},
    )  # fmt: skip


def _in_order(form: RoundForm, opens: datetime, closes: datetime, cut_off: datetime | None) -> bool:
    if closes <= opens:
        form.closes.errors = [*form.closes.errors, str(DatesOutOfOrder.reason)]
    if cut_off and cut_off > opens:
        form.cut_off.errors = [*form.cut_off.errors, str(CutOffTooLate.reason)]
    return not form.errors


def _moment(field: Any) -> datetime | None:
    try:
        return moments.read(field.data, settings().zone)
    except Refused as refusal:
        field.errors = [*field.errors, str(refusal)]
        return None


def _form(session: Session) -> type[RoundForm]:
    return round_form(session.scalars(select(Tier).order_by(Tier.position, Tier.id)).all())
