"""What the worker does for hooks: writes a message for each that wants one, and sends what is due."""

from patronage.ballots.announcing import JOB
from patronage.foundation.worker import Handler, Turn
from patronage.newsroom.hooks import sending

HANDLERS: dict[str, Handler] = {JOB: sending.announce}
TURNS: tuple[Turn, ...] = (sending.send_one,)
