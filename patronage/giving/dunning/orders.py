"""What Stripe is asked about what is due: to take it now, to show its own page, to look ahead."""

from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake.told import intent_of

UNDECIDED = {"processing", "requires_action"}  # statuses of a payment intent


def pay(gateway: Gateway, invoice_id: str, key: str) -> Answer:
    """Have an open invoice paid now by what is on file; return it.

    The one who pays is present, so that a bank may ask them. Raises `GatewayRefused` with status 402 when declined.
    """
    params = {"off_session": False}
    return gateway.call(lambda api: api.invoices.pay(invoice_id, params, options={"idempotency_key": key}))


def give_up(gateway: Gateway, invoice_id: str, key: str) -> Answer:
    """Have nobody pay an open invoice any more; return it."""
    return gateway.call(lambda api: api.invoices.void_invoice(invoice_id, options={"idempotency_key": key}))


def begin_again(gateway: Gateway, subscription_id: str, key: str) -> Answer:
    """Have a paused subscription begin a new period now, which is charged at once; return it."""
    params = {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}
    options = {"idempotency_key": key}
    return gateway.call(lambda api: api.subscriptions.resume(subscription_id, params, options=options))


def is_settled(gateway: Gateway, invoice_id: str) -> bool | None:
    """Tell whether an invoice is paid, or None while money may still come of what was tried: a bank takes days."""
    invoice = gateway.fetch_invoice(invoice_id)
    if invoice["status"] == "paid":
        return True
    intent_id = intent_of(invoice)
    may_come = intent_id is not None and gateway.fetch_payment_intent(intent_id)["status"] in UNDECIDED
    return None if may_come else False


def page_to_confirm(gateway: Gateway, invoice_id: str) -> str | None:
    """Return the address of Stripe's page on which an open invoice is paid, the bank's questions included; or None."""
    invoice = gateway.fetch_invoice(invoice_id)
    url: str | None = invoice["hosted_invoice_url"] if invoice["status"] == "open" else None
    return url


def what_comes(gateway: Gateway, subscription_id: str) -> int:
    """Return what the next invoice of a subscription comes to, in minor units: offers make it less than the pledge.

    Raises `GatewayRefused` when none will come.
    """
    invoice = gateway.call(lambda api: api.invoices.create_preview({"subscription": subscription_id}))
    return int(invoice["amount_due"])
