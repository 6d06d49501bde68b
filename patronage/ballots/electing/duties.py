"""What the worker does for an open round: draws up its list, begins the voting, writes to voters, notes turnout."""

from datetime import datetime, timedelta
from typing import Any

from patronage.ballots import rounds
from patronage.ballots.announcing import Event, announce
from patronage.ballots.electing import electorate, letters, turnout
from patronage.ballots.models import MailingKind, Policy, Round
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.foundation.worker import Handler


class NoListYet(Exception):
    """Voting begins, and the list of voters is not there: it is tried again, once the list has been drawn up."""


def draw_up_list(tools: Tools, data: dict[str, Any]) -> None:
    """Write the list of voters at its cut-off."""
    with tools.database.transaction() as session:
        round_ = rounds.locked(session, data["round"])
        if round_.closed_at is None:
            electorate.draw_up(session, round_, settings().secret_key.get_secret_value(), tools.clock.at(session))


def voting_begins(tools: Tools, data: dict[str, Any]) -> None:
    """Announce that ballots are taken, have letters written and turnout noted."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        round_ = session.get_one(Round, data["round"])
        if round_.closed_at:
            return
        if round_.policy == Policy.FROZEN and round_.electorate_size is None:
            raise NoListYet(f"round {round_.id}")
        announce(session, Event.ROUND_OPENED, {"round": round_.id}, now)
        if round_.invites:
            letters.arrange(session, round_, MailingKind.INVITATION, now)
        if round_.remind_days:
            reminder = round_.closes_at - timedelta(days=round_.remind_days)
            if reminder > now:
                letters.arrange(session, round_, MailingKind.REMINDER, reminder)
        turnout.arrange(session, round_, now)


def write_to_voters(tools: Tools, data: dict[str, Any]) -> None:
    """Write the next letters of one kind, and arrange for the rest."""
    with tools.database.transaction() as session:
        letters.handle(session, data, tools.clock.now())


def note_turnout(tools: Tools, data: dict[str, Any]) -> None:
    """Note how many have voted by an hour."""
    with tools.database.transaction() as session:
        round_ = session.get_one(Round, data["round"])
        turnout.note(session, round_, datetime.fromisoformat(data["hour"]), tools.clock.now())


HANDLERS: dict[str, Handler] = {
    rounds.LIST_JOB: draw_up_list,
    rounds.BEGINNING_JOB: voting_begins,
    letters.JOB: write_to_voters,
    turnout.JOB: note_turnout,
}
