"""The billing portal's pages: what a reader gives, how it is paid, and how it ends."""

from typing import Any

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import paying_form, portal, web
from patronage.sandbox.amounts import amount, day, rhythm
from patronage.sandbox.paying_form import Typed
from patronage.sandbox.payment_methods import shown_as
from patronage.sandbox.store import Json, Store, Tx

REASONS = {
    "too_expensive": "It is too expensive",
    "missing_features": "Something is missing",
    "switched_service": "I found something else",
    "unused": "I do not use it enough",
    "customer_service": "The service was poor",
    "low_quality": "The quality was poor",
    "too_complex": "It is too complicated",
    "other": "Another reason",
}
DOORS = {"subscription_cancel": "portal.ask_cancel", "subscription_pause": "portal.ask_pause"}
INVOICES_SHOWN = 12


def blueprint(store: Store) -> flask.Blueprint:
    """`/p/session/<session>` and what follows from it; works without scripts."""
    pages = flask.Blueprint("portal", __name__, url_prefix="/p/session/<session_id>")
    _add_showing(pages, store)
    _add_card(pages, store)
    _add_changing(pages, store)
    return pages


def _add_showing(pages: flask.Blueprint, store: Store) -> None:
    @pages.get("")
    def home(session_id: str) -> Response:
        with store.read() as tx:
            session, shown = _shown(tx, session_id)
        flow = session["flow"]
        if flow is not None and flask.request.args.get("done") is None:
            return flask.redirect(_start_of(session_id, flow), 303)
        if flow is not None and flow["after_completion"]["type"] != "portal_homepage":
            return _page("portal_done.html", session, confirmation=flow["after_completion"]["hosted_confirmation"])
        return _page("portal.html", session, **shown)


def _start_of(session_id: str, flow: Json) -> str:
    if flow["type"] == "payment_method_update":
        return flask.url_for("portal.card", session_id=session_id)
    subscription = flow[flow["type"]]["subscription"]
    door = DOORS[flow["type"]]
    return flask.url_for(door, session_id=session_id, subscription=subscription)


def _add_card(pages: flask.Blueprint, store: Store) -> None:
    @pages.get("/card")
    def card(session_id: str) -> Response:
        return _card_form(store, session_id, Typed())

    @pages.post("/card")
    def save_card(session_id: str) -> Response:
        typed = paying_form.read(flask.request.form, "")
        wrong = paying_form.card_problems(typed, web.clock_reading(store)["now"])
        if wrong:
            return _card_form(store, session_id, typed, dict(wrong), status=422)
        outcome = portal.card(store, session_id, card=typed.payment()["card"])
        return _kept(store, session_id, outcome, typed)

    @pages.get("/authenticate")
    def challenge(session_id: str) -> Response:
        with store.read() as tx:
            session, _ = _shown(tx, session_id)
        back = flask.url_for("portal.card", session_id=session_id)
        return _page("challenge.html", session, sum="", action=flask.request.path, back=back)

    @pages.post("/authenticate")
    def authenticate(session_id: str) -> Response:
        approved = flask.request.form.get("outcome") == "approve"
        outcome = portal.authenticate(store, session_id, "approve" if approved else "fail")
        return _kept(store, session_id, outcome, Typed())


def _card_form(
    store: Store, session_id: str, typed: Typed, wrong: dict[str, str] | None = None, *, status: int = 200
) -> Response:
    with store.read() as tx:
        session, _ = _shown(tx, session_id)
    trials = paying_form.KEPT_TRIALS
    page = _page("portal_card.html", session, typed=typed, wrong=wrong or {}, trials=trials)
    page.status_code = status
    return page


def _kept(store: Store, session_id: str, outcome: Json, typed: Typed) -> Response:
    if outcome["status"] == "declined":
        return _card_form(store, session_id, typed, {"card": outcome["message"]}, status=402)
    return _on(store, session_id, outcome, "card")


def _add_changing(pages: flask.Blueprint, store: Store) -> None:
    @pages.get("/<subscription>/cancel")
    def ask_cancel(session_id: str, subscription: str) -> Response:
        return _question(store, session_id, subscription, "portal_cancel.html")

    @pages.post("/<subscription>/cancel")
    def cancel(session_id: str, subscription: str) -> Response:
        told = {name: flask.request.form.get(name, "").strip() or None for name in ("feedback", "comment")}
        told["feedback"] = told["feedback"] if told["feedback"] in REASONS else None
        outcome = portal.cancel(store, session_id, subscription=subscription, **told)
        return _on(store, session_id, outcome, "cancel")

    @pages.post("/<subscription>/undo")
    def undo(session_id: str, subscription: str) -> Response:
        return _on(store, session_id, portal.undo(store, session_id, subscription=subscription), "undo")

    @pages.get("/<subscription>/pause")
    def ask_pause(session_id: str, subscription: str) -> Response:
        return _question(store, session_id, subscription, "portal_pause.html")

    @pages.post("/<subscription>/pause")
    def pause(session_id: str, subscription: str) -> Response:
        option = flask.request.form.get("option", 0, int)
        outcome = portal.pause(store, session_id, subscription=subscription, option=option)
        return _on(store, session_id, outcome, "pause")

    @pages.post("/<subscription>/resume")
    def unpause(session_id: str, subscription: str) -> Response:
        return _on(store, session_id, portal.unpause(store, session_id, subscription=subscription), "resume")


def _question(store: Store, session_id: str, subscription: str, template: str) -> Response:
    with store.read() as tx:
        session, shown = _shown(tx, session_id)
    chosen = next((card for card in shown["subscriptions"] if card["id"] == subscription), None)
    if chosen is None:
        flask.abort(404, "There is no such subscription of this customer.")
    return _page(template, session, chosen=chosen, features=shown["features"], reasons=REASONS)


def _on(store: Store, session_id: str, outcome: Json, done: str) -> Response:
    with store.read() as tx:
        session, _ = _shown(tx, session_id)
    way = flask.redirect(outcome["redirect"] or flask.url_for("portal.home", session_id=session_id, done=done), 303)
    way.headers["Content-Security-Policy"] = _policy(session)
    return way


def _shown(tx: Tx, session_id: str) -> tuple[Json, dict[str, Any]]:
    session, customer, configuration = portal.opened(tx, session_id)
    features = configuration["features"]
    method = tx.get(customer["invoice_settings"]["default_payment_method"] or "")
    invoices = tx.find("invoice", customer=customer["id"]) if features["invoice_history"]["enabled"] else []
    return session, {
        "email": customer["email"],
        "features": features,
        "invoices": [_bill(invoice) for invoice in invoices if invoice["status"] != "draft"][:INVOICES_SHOWN],
        "method": shown_as(method),
        "subscriptions": [_card(tx, found) for found in portal.alive(tx, customer["id"])],
    }


def _bill(invoice: Json) -> Json:
    total = amount(invoice["total"], invoice["currency"])
    shown = {"day": day(invoice["created"]), "total": total, "status": invoice["status"]}
    return {**shown, "url": invoice["hosted_invoice_url"]}


def _card(tx: Tx, subscription: Json) -> Json:
    items = subscription["items"]["data"]
    product = tx.get(items[0]["price"]["product"])
    total = sum(item["price"]["unit_amount"] * item["quantity"] for item in items)
    pause = subscription["pause_collection"]
    return {
        "id": subscription["id"],
        "name": (product or {}).get("name", "Subscription"),
        "total": amount(total, subscription["currency"]),
        "rhythm": rhythm(items[0]["price"]["recurring"]),
        "status": subscription["status"],
        "renews": day(items[0]["current_period_end"]),
        "ends": day(subscription["cancel_at"]) if subscription["cancel_at"] else None,
        "paused": pause is not None,
        "resumes": day(pause["resumes_at"]) if pause and pause["resumes_at"] else None,
        "method": shown_as(tx.get(subscription["default_payment_method"] or "")),
    }


def _page(template: str, session: Json, **shown: object) -> Response:
    done = flask.request.args.get("done")
    html = flask.render_template(template, session=session, done=done, **shown)
    return flask.Response(html, headers={"Content-Security-Policy": _policy(session)})


def _policy(session: Json) -> str:
    return web.policy(form_action=(portal.way_on(session) or "",))
