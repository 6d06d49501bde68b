"""What the worker does for papers: receipts of payments that have none yet, and all statements of a year."""

from datetime import datetime
from typing import Any

from patronage.books.papers import receipts, sending
from patronage.books.papers.receipts import ISSUE
from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.foundation.worker import Handler


def issue_receipts(tools: Tools, data: dict[str, Any]) -> None:
    """Issue some missing receipts, in the order of payment, and put down the job that goes on after them."""
    with tools.database.transaction() as session:
        now, after = tools.clock.now(), data["after"]
        place = (datetime.fromisoformat(after[0]), after[1]) if after else None
        place = receipts.issue_missing(session, place, settings().zone, now)
        if place:
            jobs.put(session, ISSUE, {"after": [place[0].isoformat(), place[1]]}, now, once=f"{ISSUE}:{place[1]}")


def send_statements(tools: Tools, data: dict[str, Any]) -> None:
    """Write the letters for some donors of a run."""
    with tools.database.transaction() as session:
        sending.send_some(session, data["run"], data["after"], settings().zone, tools.clock.now())


HANDLERS: dict[str, Handler] = {ISSUE: issue_receipts, sending.SEND: send_statements}
