"""The API's calls on invoice payments: which intent pays which invoice."""

from patronage.sandbox.errors import invalid
from patronage.sandbox.lists import page
from patronage.sandbox.objects import fetched
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import PAID_INTENT, Json, Tx


@endpoint("GET", "/v1/invoice_payments/<id>", "InvoicePaymentRetrieveParams")
def retrieve_payment(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "invoice_payment", id)


@endpoint("GET", "/v1/invoice_payments", "InvoicePaymentListParams")
def list_payments(tx: Tx, params: Json) -> Json:
    asked = dict(params)
    payment = asked.pop("payment", None)
    if payment is not None:
        if "payment_intent" not in payment:
            raise invalid("The sandbox pays invoices by payment intents only.", "payment[type]")
        asked[PAID_INTENT] = payment["payment_intent"]
    return page(tx, "invoice_payment", asked, "/v1/invoice_payments", ("invoice", "status", PAID_INTENT))
