"""What the worker does for seals: a batch of each open round at every full hour."""

from typing import Any

from patronage.ballots import rounds
from patronage.ballots.sealing import chain, scattering
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Handler


def seal_hour(tools: Tools, data: dict[str, Any]) -> None:
    """Seal what was cast in the last hour, be it nothing, and put the next hour's job down; closing seals the rest."""
    with tools.database.transaction() as session:
        round_ = rounds.locked(session, data["round"])
        if round_.closed_at is not None:
            return
        now = tools.clock.at(session)
        chain.seal(session, round_, now)
        scattering.scatter_new(session, round_.id)
        # By the clock that made this job due: a database a moment behind would name this hour again, and end the chain.
        chain.arrange(session, round_.id, max(now, tools.clock.now()))


HANDLERS: dict[str, Handler] = {chain.SEAL_JOB: seal_hour}
