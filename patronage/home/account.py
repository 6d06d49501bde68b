"""A patron's own page: what they give, when it is charged next, what they have paid so far."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, render_template, request
from flask.typing import ResponseReturnValue
from flask_login import current_user
from sqlalchemy import Row, String, and_, case, cast, exists, or_, select
from sqlalchemy.orm import Session

from patronage.books.models import Payment
from patronage.foundation.web import ids
from patronage.foundation.web.guards import patron
from patronage.foundation.web.house import tools
from patronage.foundation.web.languages import language
from patronage.giving import wording
from patronage.giving.dunning import lateness
from patronage.giving.dunning.lateness import Final
from patronage.giving.keeping import changing, once
from patronage.giving.keeping.models import Deed
from patronage.giving.models import Interval, Pledge, PledgeKind, PledgePayment, PledgeState
from patronage.giving.standing import MEANT_ONCE
from patronage.people.forms import LanguageForm

blueprint = Blueprint("account", __name__)

EXTRAS = "patronage-account-extras"
PAGE = 20

# What other rooms add for a person: {"template": …, and what it is drawn with}, or None. One query each, please.
Extra = Callable[[Session, int, datetime], dict[str, Any] | None]


@dataclass(frozen=True)
class Given:
    """A pledge as the page tells of it.

    `is_patron_now` is whether it makes its giver a patron at this moment, `is_unsettled` whether something was asked
    for of which it is not known yet whether it was done, `may_be_once` whether it may still be a single gift.
    """

    pledge: Pledge
    gift: str
    is_patron_now: bool
    is_unsettled: bool = False
    may_be_once: bool = False

    @property
    def can_stop(self) -> bool:
        """Whether there is something to stop."""
        return self._runs and self.pledge.ends_at is None

    @property
    def can_resume(self) -> bool:
        """Whether an arranged end, or a pause, can be undone."""
        return self._runs and (self.pledge.ends_at is not None or self.pledge.paused_at is not None)

    @property
    def rests_unpaid(self) -> bool:
        """Whether Stripe let it rest, as its last payment could not be taken."""
        return lateness.final_of(self.pledge) == Final.PAUSED

    @property
    def can_move(self) -> bool:
        """Whether its day of payment can be changed, and it can rest: nothing is due, and it goes on."""
        return self.can_stop and self.pledge.state == PledgeState.ACTIVE

    @property
    def next_charge(self) -> datetime | None:
        """When it is charged next, as far as that is known."""
        return changing.next_charge(self.pledge)

    @property
    def was_once(self) -> bool:
        """Whether it ended because a single gift was meant."""
        return once.was_once(self.pledge)

    @property
    def _runs(self) -> bool:
        is_regular = self.pledge.interval != Interval.ONCE and self.pledge.stripe_subscription_id is not None
        return is_regular and self.pledge.state not in {PledgeState.ENDED, PledgeState.OFFERED}


@blueprint.get("/account")
@patron
def account() -> ResponseReturnValue:
    """Show what somebody gives and has given; older payments a page at a time."""
    now = tools().clock.now()
    before = _position(request.args.get("before", ""))
    with tools().database.reading() as session:
        pledges = _pledges(session, current_user.id)
        payments = _payments(session, current_user.id, before)
        asked: list[Extra] = current_app.extensions.get(EXTRAS, [])
        extras = [said for extra in asked if (said := extra(session, current_user.id, now)) is not None]
    given = [_given(pledge, is_unsettled, now) for pledge, is_unsettled in pledges]
    return render_template(
        "home/account.html",
        running=[each for each in given if each.pledge.state != PledgeState.ENDED],
        over=[each for each in given if each.pledge.state == PledgeState.ENDED],
        payments=payments[:PAGE],
        older=_mark(payments[PAGE - 1].Payment) if len(payments) > PAGE else None,
        is_first_page=before is None,
        extras=extras,
        speaking=LanguageForm(formdata=None, language=current_user.language),
    )


def _given(pledge: Pledge, is_unsettled: bool, now: datetime) -> Given:
    total = pledge.amount_minor + pledge.fee_cover_minor
    interval = Interval.ONCE if once.was_once(pledge) else pledge.interval
    gift = wording.gift(interval, total, pledge.currency, language())
    if pledge.kind != PledgeKind.PAID:
        gift = wording.membership(pledge.kind)
    is_patron_now = pledge.patron_until is not None and pledge.patron_until > now
    return Given(pledge, gift, is_patron_now, is_unsettled, once.is_open(pledge, now))


def _pledges(session: Session, person_id: int) -> list[tuple[Pledge, bool]]:
    """Return the pledges of somebody that came to something, newest first, and whether a deed of each is unsettled."""
    unsettled = exists().where(Deed.pledge_id == Pledge.id, Deed.settled_at.is_(None))
    came_to_something = or_(Pledge.settled_at.is_not(None), Pledge.free_until.is_not(None))
    mine = select(Pledge, unsettled).where(Pledge.person_id == person_id, came_to_something)
    rows = session.execute(mine.order_by(Pledge.id.desc()).limit(100)).all()
    return [(pledge, bool(waits)) for pledge, waits in rows]


def _payments(session: Session, person_id: int, before: tuple[datetime, int] | None) -> list[Row[Any]]:
    """Return a page of payments and one more, newest first, each with the interval of its pledge if it has one.

    What was meant once counts as given once.
    """
    interval = case((Pledge.ended_because == MEANT_ONCE, Interval.ONCE.value), else_=cast(Pledge.interval, String))
    mine = (
        select(Payment, interval)
        .outerjoin(PledgePayment, PledgePayment.payment_id == Payment.id)
        .outerjoin(Pledge, Pledge.id == PledgePayment.pledge_id)
        .where(Payment.person_id == person_id)
        .order_by(Payment.paid_at.desc(), Payment.id.desc())
    )
    if before is not None:
        paid_at, last_id = before
        mine = mine.where(or_(Payment.paid_at < paid_at, and_(Payment.paid_at == paid_at, Payment.id < last_id)))
    return list(session.execute(mine.limit(PAGE + 1)))


def _mark(payment: Payment) -> str:
    """Return where the next page begins, as it stands in its address: microseconds and id."""
    since = payment.paid_at - datetime.fromtimestamp(0, UTC)
    return f"{since.days * 86_400_000_000 + since.seconds * 1_000_000 + since.microseconds}-{payment.id}"


def _position(mark: str) -> tuple[datetime, int] | None:
    """Read what `_mark` wrote; anything else is the first page."""
    moment, _dash, last_id = mark.partition("-")
    try:
        return datetime.fromtimestamp(0, UTC) + timedelta(microseconds=ids.read(moment)), ids.read(last_id)
    except (ValueError, OverflowError):
        return None
