"""The page of the bank that asks a reader outside Checkout whether it is they who pay."""

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import authentication, web
from patronage.sandbox.amounts import amount
from patronage.sandbox.store import Store


def blueprint(store: Store) -> flask.Blueprint:
    """`/3ds/<intent>`, the address in `next_action.redirect_to_url.url`; works without scripts."""
    pages = flask.Blueprint("bank", __name__, url_prefix="/3ds")

    @pages.get("/<intent_id>")
    def question(intent_id: str) -> Response:
        with store.read() as tx:
            intent = authentication.asked(tx, intent_id)
        sum = amount(intent["amount"], intent["currency"]) if "amount" in intent else ""
        html = flask.render_template("challenge.html", sum=sum, action=flask.request.path, back=None)
        policy = web.policy(form_action=(authentication.return_url(intent) or "",))
        return flask.Response(html, headers={"Content-Security-Policy": policy})

    @pages.post("/<intent_id>")
    def answer(intent_id: str) -> Response:
        approved = flask.request.form.get("outcome") == "approve"
        answered = authentication.answer(store, intent_id, "approve" if approved else "fail")
        if answered["redirect"] is None:
            return flask.Response(flask.render_template("answered.html", status=answered["status"]))
        way = flask.redirect(answered["redirect"], 303)
        way.headers["Content-Security-Policy"] = web.policy(form_action=(answered["redirect"],))
        return way

    return pages
