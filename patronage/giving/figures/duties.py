"""The worker's part in the figures: notes the moves of pledges that ran before there were any, some hundred a job."""

from typing import Any

from patronage.foundation import jobs
from patronage.foundation.tools import Tools
from patronage.foundation.web.house import settings
from patronage.giving.figures import rebuilding

NOTE = "giving/note-figures"  # the migration that makes the tables puts the first one down


def note_missing(tools: Tools, data: dict[str, Any]) -> None:
    """Note what is missing beyond the pledge `data["after"]`, and put down the job that goes on."""
    with tools.database.transaction() as session:
        now = tools.clock.now()
        after = rebuilding.note_missing(session, settings().zone, now, data["after"])
        if after is not None:
            jobs.put(session, NOTE, {"after": after}, now, once=f"{NOTE}:{after}")
