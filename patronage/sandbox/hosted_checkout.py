"""The hosted checkout: the page a reader is sent to, the bank's question, and the end of a session."""

from dataclasses import dataclass

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import checkout, paying_form, web
from patronage.sandbox.amounts import amount, day, rhythm
from patronage.sandbox.paying_form import Typed
from patronage.sandbox.store import Json, Store


@dataclass(frozen=True)
class Bill:
    """What the page says is to be paid; `lines` are (what, how much, how often)."""

    title: str
    sum: str
    rhythm: str
    lines: tuple[tuple[str, str, str], ...]
    button: str
    bank_debit: bool
    email: str | None
    email_is_fixed: bool
    off: str
    trial: str


def blueprint(store: Store) -> flask.Blueprint:
    """`/c/pay/<session>` and what follows from it; works without scripts."""
    pages = flask.Blueprint("checkout", __name__, url_prefix="/c/pay")

    @pages.get("/<session_id>")
    def show(session_id: str) -> Response:
        session, bill = _opened(store, session_id)
        return _closed(session) or _form(session, bill, Typed(email=bill.email or ""))

    @pages.post("/<session_id>")
    def pay(session_id: str) -> Response:
        session, bill = _opened(store, session_id)
        typed = paying_form.read(flask.request.form, bill.email if bill.email_is_fixed else None)
        if "apply" in flask.request.form:
            return _use_code(store, session_id, typed)
        wrong = paying_form.problems(typed, web.clock_reading(store)["now"])
        if wrong and session["status"] == "open":
            return _form(session, bill, typed, wrong, status=422)
        outcome = checkout.pay(store, session_id, **typed.payment())
        return _answer(session, bill, outcome, typed)

    @pages.get("/<session_id>/leave")
    def leave(session_id: str) -> Response:
        return flask.redirect(checkout.leave(store, session_id), 303)

    _add_bank(pages, store)
    return pages


def _add_bank(pages: flask.Blueprint, store: Store) -> None:
    @pages.get("/<session_id>/authenticate")
    def challenge(session_id: str) -> Response:
        session, bill = _opened(store, session_id)
        back = flask.url_for("checkout.show", session_id=session_id)
        shown = {"sum": bill.sum, "action": flask.request.path, "back": back}
        return _closed(session) or _page("challenge.html", session, **shown)

    @pages.post("/<session_id>/authenticate")
    def authenticate(session_id: str) -> Response:
        session, bill = _opened(store, session_id)
        approved = flask.request.form.get("outcome") == "approve"
        outcome = checkout.authenticate(store, session_id, "approve" if approved else "fail")
        return _answer(session, bill, outcome, Typed(email=bill.email or ""))


def _opened(store: Store, session_id: str) -> tuple[Json, Bill]:
    with store.read() as tx:
        session = tx.get(session_id)
        if session is None or session["object"] != "checkout.session":
            flask.abort(404, "There is no such checkout page.")
        customer = tx.get(session["customer"]) if session["customer"] else None
        kept = tx.get(f"{session_id}:line_items") or {"data": [], "subscription_data": None}
        return session, _bill(session, kept["data"], customer, _trial(kept["subscription_data"] or {}))


def _trial(wished: Json) -> str:
    """`14 days free`, `Free until 3 June 2026`, or "" when it is paid at once."""
    if wished.get("trial_period_days"):
        return f"{wished['trial_period_days']} days free"
    return f"Free until {day(wished['trial_end'])}" if wished.get("trial_end") else ""


def _button(session: Json, total: str, how_often: str, trial: str) -> str:
    if trial:
        return "Begin the free trial"
    verb = {"setup": "Save the card", "subscription": "Subscribe:"}.get(session["mode"], "Pay")
    if session["submit_type"] == "donate":
        verb = "Donate"
    return " ".join(part for part in (verb, total, how_often) if part)


def _bill(session: Json, items: list[Json], customer: Json | None, trial: str) -> Bill:
    off = session["total_details"]["amount_discount"]
    fixed = (customer or {}).get("email") or session["customer_email"]
    total = amount(session["amount_total"], session["currency"]) if session["amount_total"] is not None else ""
    how_often = rhythm(items[0]["price"]["recurring"]) if items else ""
    return Bill(
        title=", ".join(item["description"] or "Payment" for item in items) or "Save a card",
        sum=total,
        rhythm=how_often,
        lines=tuple(_line(item) for item in items),
        button=_button(session, total, "" if off else how_often, trial),
        bank_debit="sepa_debit" in session["payment_method_types"],
        email=fixed,
        email_is_fixed=fixed is not None,
        off=amount(-off, session["currency"]) if off else "",
        trial=trial,
    )


def _line(item: Json) -> tuple[str, str, str]:
    times = f" × {item['quantity']}" if item["quantity"] != 1 else ""
    name = f"{item['description'] or 'Payment'}{times}"
    return (
        name,
        amount(item["price"]["unit_amount"] * item["quantity"], item["currency"]),
        rhythm(item["price"]["recurring"]),
    )


def _answer(session: Json, bill: Bill, outcome: Json, typed: Typed) -> Response:
    """On to where the payment leads, or the form again with the reason."""
    if outcome["redirect"]:
        return _go(outcome["redirect"], session)
    if outcome["status"] == "expired":
        return _page("closed.html", {**session, "status": "expired"})
    return _form(session, bill, typed, [("card", outcome["message"])], declined=True, status=402)


def _go(url: str, session: Json) -> Response:
    answer = flask.redirect(url, 303)
    answer.headers["Content-Security-Policy"] = _policy(session)
    return answer


def _form(
    session: Json,
    bill: Bill,
    typed: Typed,
    wrong: list[tuple[str, str]] | None = None,
    *,
    declined: bool = False,
    status: int = 200,
) -> Response:
    said = dict(wrong or [])
    page = _page("checkout.html", session, bill=bill, typed=typed, wrong=said, declined=declined)
    page.status_code = status
    return page


def _use_code(store: Store, session_id: str, typed: Typed) -> Response:
    wrong = checkout.apply_code(store, session_id, typed.promotion_code)
    session, bill = _opened(store, session_id)
    shown = [("promotion_code", wrong)] if wrong else []
    return _closed(session) or _form(session, bill, typed, shown, status=422 if wrong else 200)


def _closed(session: Json) -> Response | None:
    """The page of a session that can no longer be paid, or None."""
    return None if session["status"] == "open" else _page("closed.html", session)


def _page(template: str, session: Json, **shown: object) -> Response:
    after = session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"])
    html = flask.render_template(template, session=session, trials=paying_form.TRIALS, success_url=after, **shown)
    return flask.Response(html, headers={"Content-Security-Policy": _policy(session)})


def _policy(session: Json) -> str:
    return web.policy(form_action=(session["success_url"], session["cancel_url"] or ""))
