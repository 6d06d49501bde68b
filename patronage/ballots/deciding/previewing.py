"""Shows a letter to voters before it is sent: composed as the worker will compose it, and kept nowhere."""

from dataclasses import dataclass
from email.message import EmailMessage
from typing import Literal

from flask import g

from patronage.ballots.deciding.telling import Letter
from patronage.ballots.electing import way_out
from patronage.foundation import outbox
from patronage.foundation.letters import compose
from patronage.foundation.tools import Tools

NOBODY = "patron@reader.example"
# A letter carries its styles in its elements, as mail programs want it; nothing else may be loaded or done.
POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'none'"


@dataclass(frozen=True)
class Preview:
    """A letter's subject and its two bodies."""

    subject: str
    text: str
    html: str


def composed(letter: Letter, language: str, tools: Tools) -> Preview:
    """Return how `letter` reads in `language` to somebody who voted."""
    now, spoken = tools.clock.now(), g.get("language")
    row = outbox.Letter(
        kind=letter.kind, to_address=NOBODY, language=language, data=letter.facts(language, voted=True), written_at=now,
        message_id="<preview@localhost>",
    )  # fmt: skip
    try:
        message = compose(row, {"unsubscribe_path": way_out.PLACE})
    finally:
        g.language = spoken
    return Preview(str(message["Subject"]), _body(message, "plain"), _body(message, "html"))


def _body(message: EmailMessage, kind: Literal["plain", "html"]) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part else ""
