"""The end of a pause: a week before, whoever paused a pledge is reminded of it."""

from typing import Any

from patronage.foundation.tools import Tools
from patronage.giving import confirmations
from patronage.giving.models import Pledge
from patronage.giving.standing import Policy


def remind(tools: Tools, policy: Policy, data: dict[str, Any]) -> None:
    """Write that a pause ends in a week, if it still does. A job, put down with the pause."""
    with tools.database.transaction() as session:
        pledge = session.get_one(Pledge, data["pledge"], with_for_update=True)
        if not pledge.ended_at:
            confirmations.tell_of_pause_ending(session, pledge, data["resumes_at"], policy, tools.clock.now())
