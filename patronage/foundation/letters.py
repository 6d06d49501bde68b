"""Turns a row of the outbox into a letter: subject, text and HTML from its templates, then the post takes it."""

from email.message import EmailMessage
from email.utils import format_datetime, formataddr, parseaddr
from typing import Any

import css_inline
from flask import current_app, g, render_template
from flask_babel import force_locale

from patronage.foundation.outbox import Letter
from patronage.foundation.web.house import here


def compose(letter: Letter, extra: dict[str, Any]) -> EmailMessage:
    """Render `letter` from `<room>/letters/<kind>.txt` and `.html` in its language; `extra` joins its data.

    The text's first line is the subject ("Subject: …"). Must run inside a request context of the base URL.
    """
    room, _, kind = letter.kind.partition("/")
    facts = {**letter.data, **extra, "letter": letter}
    with force_locale(letter.language):
        g.language = letter.language
        text = render_template(f"{room}/letters/{kind}.txt", **facts).strip()
        html = render_template(f"{room}/letters/{kind}.html", **facts)
    first, _, body = text.partition("\n")
    return _message(letter, first.removeprefix("Subject:").strip(), body.strip() + "\n", css_inline.inline(html))


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
    return message


def extra_for(letter: Letter) -> dict[str, Any]:
    """Return what the room of `letter` adds when it is sent, such as a link that must not lie in the database."""
    add = current_app.extensions["patronage-letter-extras"].get(letter.kind)
    return add(letter.data) if add else {}
