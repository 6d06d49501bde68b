"""Turns a row of the outbox into a letter: subject, text and HTML from its templates, then the post takes it."""

import re
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

import css_inline
from flask import current_app, g, render_template
from flask_babel import force_locale

from patronage.foundation.outbox import Letter
from patronage.foundation.web.house import here, link

# Folded by default at 78 signs, an address in a header would be encoded, and no mail program could follow it.
WHOLE_LINES = policy.default.clone(max_line_length=998)
_GAP = re.compile(r"\n{3,}")  # what parts of a template that say nothing leave behind


def compose(letter: Letter, extra: dict[str, Any]) -> EmailMessage:
    """Render `letter` from `<room>/letters/<kind>.txt` and `.html` in its language; `extra` joins its data.

    The text's first line is the subject ("Subject: …"); `unsubscribe_path` among the facts becomes a button of the mail
    program. Must run inside a request context of the base URL.
    """
    room, _, kind = letter.kind.partition("/")
    facts = {**letter.data, **extra, "letter": letter}
    with force_locale(letter.language):
        g.language = letter.language
        text = render_template(f"{room}/letters/{kind}.txt", **facts).strip()
        html = render_template(f"{room}/letters/{kind}.html", **facts)
    first, _, body = text.partition("\n")
    body = _GAP.sub("\n\n", body.strip()) + "\n"
    message = _message(letter, first.removeprefix("Subject:").strip(), body, css_inline.inline(html))
    if way_out := facts.get("unsubscribe_path"):
        _give_way_out(message, link(way_out))
    return message


def _give_way_out(message: EmailMessage, address: str) -> None:
    """Let mail programs show a button of their own that sends a POST to `address` (RFC 8058)."""
    message["List-Unsubscribe"] = f"<{address}>"
    message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _message(letter: Letter, subject: str, text: str, html: str) -> EmailMessage:
    house = here()
    name, address = parseaddr(house.settings.mail_from)
    message = EmailMessage()
    message["From"] = formataddr((name or house.newsroom().name, address))
    message["To"] = letter.to_address
    message["Subject"] = subject
    message["Date"] = format_datetime(letter.written_at)
    message["Message-ID"] = letter.message_id
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    message.add_alternative(html, subtype="html")
    message.policy = WHOLE_LINES  # of the headers alone: long lines of the texts have been encoded by now
    return message


def extra_for(letter: Letter) -> dict[str, Any]:
    """Return what the room of `letter` adds when it is sent, such as a link that must not lie in the database."""
    add = current_app.extensions["patronage-letter-extras"].get(letter.kind)
    return add(letter.data) if add else {}
