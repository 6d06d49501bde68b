"""The page of an invoice: what it is for, and, while it is open, the form that pays it."""

import flask
from werkzeug.wrappers import Response

from patronage.sandbox import billing, invoice_paying, paying_form, web
from patronage.sandbox.amounts import amount, day
from patronage.sandbox.objects import fetched
from patronage.sandbox.paying_form import Typed
from patronage.sandbox.payment_methods import shown_as
from patronage.sandbox.store import Json, Store


def blueprint(store: Store) -> flask.Blueprint:
    """`/i/<invoice>`, the address in `hosted_invoice_url`; works without scripts."""
    pages = flask.Blueprint("invoice", __name__, url_prefix="/i")

    @pages.get("/<invoice_id>")
    def show(invoice_id: str) -> Response:
        failed = flask.request.args.get("redirect_status") == "failed"
        wrong = {"card": "The bank did not recognise you. Try again, or use another card."} if failed else {}
        return _page(store, invoice_id, Typed(), wrong)

    @pages.post("/<invoice_id>")
    def pay(invoice_id: str) -> Response:
        if "on_file" in flask.request.form:
            return _answer(store, invoice_id, Typed(), invoice_paying.pay(store, invoice_id))
        typed = paying_form.read(flask.request.form, "")
        wrong = paying_form.card_problems(typed, web.clock_reading(store)["now"])
        if wrong:
            return _page(store, invoice_id, typed, dict(wrong), status=422)
        outcome = invoice_paying.pay(store, invoice_id, card=typed.payment()["card"])
        return _answer(store, invoice_id, typed, outcome)

    return pages


def _answer(store: Store, invoice_id: str, typed: Typed, outcome: Json) -> Response:
    if outcome["status"] == "declined":
        return _page(store, invoice_id, typed, {"card": outcome["message"]}, status=402)
    return flask.redirect(outcome["redirect"] or flask.url_for("invoice.show", invoice_id=invoice_id), 303)


def _page(store: Store, invoice_id: str, typed: Typed, wrong: dict[str, str], *, status: int = 200) -> Response:
    with store.read() as tx:
        invoice = fetched(tx, "invoice", invoice_id)
        if invoice["status"] == "draft":
            flask.abort(404, "This invoice is still a draft.")
        customer = billing.customer_of(tx, invoice)
        gone = bool(customer.get("deleted"))
        kept = None if gone else billing.default_method(tx, billing.subscription_of(tx, invoice), customer, invoice)
        on_file = shown_as(kept)
    html = flask.render_template(
        "invoice.html",
        invoice=invoice,
        payable=invoice["status"] in ("open", "uncollectible") and invoice["amount_due"] > 0 and not gone,
        on_file=on_file,
        lines=[(line["description"], amount(line["amount"], line["currency"])) for line in invoice["lines"]["data"]],
        off=[amount(-taken["amount"], invoice["currency"]) for taken in invoice["total_discount_amounts"]],
        total=amount(invoice["amount_due"], invoice["currency"]),
        drawn_up=day(invoice["created"]),
        typed=typed,
        wrong=wrong,
        trials=paying_form.KEPT_TRIALS,
    )
    return flask.Response(html, status)
