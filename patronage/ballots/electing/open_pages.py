"""The editors' pages of a round's voters: letters, turnout by the hour, and their reasons once it is closed."""

from dataclasses import dataclass
from datetime import datetime

from flask import Blueprint, flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import format_datetime, format_time
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.ballots.electing import letters, turnout, whys, wording
from patronage.ballots.electing.letters import Mailed
from patronage.ballots.electing.turnout import History
from patronage.ballots.electing.wording import Rules
from patronage.ballots.models import MailingKind, ReasonState, Round, RoundState
from patronage.ballots.refusals import NoSuchRound, NotOpenNow, RemindedAlready
from patronage.foundation.web.guards import staff
from patronage.foundation.web.house import settings, tools

blueprint = Blueprint("ballots_voters", __name__)


@dataclass(frozen=True)
class Told:
    """What the desk reads of an open round besides its rounded turnout, and nothing that tells of a count."""

    rules: Rules
    mailings: list[Mailed]
    history: History | None

    @property
    def may_remind(self) -> bool:
        """Tell whether the editors' own reminder has not been sent yet."""
        return all(each.kind is not MailingKind.LAST_CALL for each in self.mailings)

    @property
    def invitations(self) -> Mailed | None:
        """How the invitations fared, if there were any."""
        return next((each for each in self.mailings if each.kind is MailingKind.INVITATION), None)

    @property
    def reminders(self) -> list[Mailed]:
        """The reminders that were written."""
        return [each for each in self.mailings if each.kind is not MailingKind.INVITATION]


def told(session: Session, round_: Round) -> Told:
    """Gather what the desk reads of an open round."""
    return Told(
        wording.rules(session, round_),
        letters.mailings(session, round_.id),
        turnout.history(session, round_, _hour),
    )


@blueprint.post("/desk/rounds/<int:round_id>/remind")
@staff("editor")
def remind(round_id: int) -> ResponseReturnValue:
    """Have those reminded who have not voted, once."""
    try:
        with tools().database.transaction() as session:
            letters.remind(session, round_id, current_user.id, tools().clock.now())
    except (NotOpenNow, RemindedAlready) as refusal:
        flash(str(refusal), "warning")
    else:
        flash(_("The reminder is on its way to those who have not voted."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


@blueprint.get("/desk/rounds/<int:round_id>/whys")
@staff("editor")
def show_whys(round_id: int) -> ResponseReturnValue:
    """List voters' reasons of a closed round, to be shown or hidden; nobody knows whose they are."""
    wanted = request.args.get("state", ReasonState.WAITING.value)
    state = ReasonState(wanted) if wanted in set(ReasonState) else ReasonState.WAITING
    with tools().database.reading() as session:
        round_ = _closed(session, round_id)
        listed = whys.by_topic(session, round_, state)
        counts = whys.counts(session, round_)
    return render_template(
        "ballots/electing/desk_whys.html", round=round_, listed=listed, counts=counts, state=state, states=ReasonState
    )


@blueprint.post("/desk/rounds/<int:round_id>/whys")
@staff("editor")
def moderate(round_id: int) -> ResponseReturnValue:
    """Show a reason to everybody (`do`: "show:…") or keep it from readers ("hide:…")."""
    deed, _colon, reason_id = request.form.get("do", "").partition(":")
    act = {"show": whys.show, "hide": whys.hide}.get(deed)
    with tools().database.transaction() as session:
        round_ = _closed(session, round_id)
        if act:
            act(session, round_, reason_id, current_user.id, tools().clock.now())
    state = request.form.get("state", ReasonState.WAITING.value)
    return redirect(f"/desk/rounds/{round_id}/whys" + ("" if state not in set(ReasonState) else f"?state={state}"), 303)


def _closed(session: Session, round_id: int) -> Round:
    """Return a round whose reasons may be read. Raises `NoSuchRound` while it is open: their number would tell."""
    found = session.get(Round, round_id)
    if found is None or found.state in {RoundState.DRAFT, RoundState.OPEN}:
        raise NoSuchRound
    return found


def _hour(moment: datetime) -> str:
    local = moment.astimezone(settings().zone)
    return str(format_time(local, "HH:mm") if local.hour else format_datetime(local, "d MMM"))
