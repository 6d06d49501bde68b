"""The demo's mail, as its readers would open it: a list, a letter, and the letter's HTML behind glass."""

import re
from pathlib import Path

import flask
from markupsafe import Markup, escape
from werkzeug.wrappers import Response

from patronage.sandbox import mailbox, web
from patronage.sandbox.amounts import moment

PAGE = 50
LINK = re.compile(r"https?://[^\s<>\"]+[^\s<>\".,;:!?)\]]")
# A letter may show itself, and take a reader who clicks elsewhere; it runs nothing and fetches nothing.
GLASS = (
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'self'; sandbox allow-popups allow-top-navigation-by-user-activation"
)


def blueprint(folder: Path | None) -> flask.Blueprint:
    """Pages over the Maildir the demo's app writes to."""
    pages = flask.Blueprint("mail", __name__, url_prefix="/_sandbox/mail")

    @pages.get("")
    def listing() -> str:
        to = flask.request.args.get("to") or None
        found = mailbox.letters(folder, to=to)
        start = max(flask.request.args.get("from", 0, int), 0)
        older = start + PAGE if len(found) > start + PAGE else None
        shown = [(letter, moment(letter.sent)) for letter in found[start : start + PAGE]]
        return flask.render_template("mail.html", letters=shown, count=len(found), to=to, older=older)

    @pages.get("/<key>")
    def letter(key: str) -> Response:
        found = _found(folder, key)
        page = flask.render_template("letter.html", letter=found, sent=moment(found.sent), text=linked(found.text))
        return flask.Response(page, headers={"Content-Security-Policy": web.policy(frames=True)})

    @pages.get("/<key>/html")
    def html(key: str) -> Response:
        body = '<base target="_top">' + _found(folder, key).html
        return flask.Response(body, mimetype="text/html", headers={"Content-Security-Policy": GLASS})

    return pages


def _found(folder: Path | None, key: str) -> mailbox.Letter:
    found = mailbox.letter(folder, key)
    if found is None:
        flask.abort(404, "There is no such letter.")
    return found


def linked(text: str) -> Markup:
    """Plain text as HTML whose addresses can be clicked."""
    pieces, end = [], 0
    for match in LINK.finditer(text):
        url = match.group()
        pieces += [escape(text[end : match.start()]), Markup('<a href="{0}">{0}</a>').format(url)]
        end = match.end()
    return Markup("").join([*pieces, escape(text[end:])])
