"""What Stripe is asked about what is due: to take it now, to take a new card, to show its own page, to look ahead."""

from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake.told import inside


def pay(gateway: Gateway, invoice_id: str, method: str | None, key: str) -> Answer:
    """Have an open invoice paid now, by `method` (an id at Stripe) or by what is on file; return the invoice.

    The one who pays is present, so that a bank may ask them. Raises `GatewayRefused` with status 402 when declined.
    """
    params: Answer = {"off_session": False, **({"payment_method": method} if method else {})}
    return gateway.call(lambda api: api.invoices.pay(invoice_id, params, options={"idempotency_key": key}))


def give_up(gateway: Gateway, invoice_id: str, key: str) -> Answer:
    """Have nobody pay an open invoice any more; return it."""
    return gateway.call(lambda api: api.invoices.void_invoice(invoice_id, options={"idempotency_key": key}))


def begin_again(gateway: Gateway, subscription_id: str, key: str) -> Answer:
    """Have a paused subscription begin a new period now, which is charged at once; return it."""
    params = {"billing_cycle_anchor": {"type": "now"}, "proration_behavior": "none"}
    options = {"idempotency_key": key}
    return gateway.call(lambda api: api.subscriptions.resume(subscription_id, params, options=options))


def newest_card(gateway: Gateway, customer_id: str) -> str | None:
    """Return what the customer last chose at the billing portal to pay invoices with (its id at Stripe), or None."""
    customer = gateway.call(lambda api: api.customers.retrieve(customer_id))
    method = inside(customer, "invoice_settings", "default_payment_method")
    return method if isinstance(method, str) else inside(method, "id")


def use_from_now_on(gateway: Gateway, subscription_id: str, method: str, key: str) -> Answer:
    """Have a subscription paid by `method`: its own choice counts for more than its customer's. Return it."""
    params, options = {"default_payment_method": method}, {"idempotency_key": key}
    return gateway.call(lambda api: api.subscriptions.update(subscription_id, params, options=options))


def page_for_a_card(gateway: Gateway, customer_id: str, back: str, locale: str) -> str:
    """Return the address of Stripe's page where a new card is given; it leads `back` in the end."""
    params = {
        "customer": customer_id,
        "return_url": back,
        "locale": locale,
        "flow_data": {
            "type": "payment_method_update",
            "after_completion": {"type": "redirect", "redirect": {"return_url": back}},
        },
    }
    return str(gateway.call(lambda api: api.billing_portal.sessions.create(params))["url"])


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
