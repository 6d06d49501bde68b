"""The gateway to Stripe: the only file that knows the `stripe` package, which it imports at the first call."""

import hashlib
import hmac
import os
import re
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from flask_babel import lazy_gettext as _l

from patronage.foundation.logs import log
from patronage.foundation.refused import Refused, Why
from patronage.foundation.settings import Settings

TIMEOUT_SECONDS = 10  # below the web server's own
TOLERANCE_SECONDS = 300  # as Stripe's libraries have it; here both ways
SIGNATURE = re.compile(rb"v1=([0-9a-f]{64})")
SIGNED_AT = re.compile(rb"t=([0-9]{1,12})")

Answer = dict[str, Any]


class GatewayUnknown(Refused):
    """Stripe did not answer, or not in a way that tells what happened: the call may have had its effect.

    `status` is the HTTP status if there was an answer at all. A 500 is kept under the idempotency key for a day and
    comes again whenever the key does; silence is not.
    """

    why = Why.UNAVAILABLE
    reason = _l("Our payment provider does not answer just now. Nothing was lost; please try again in a minute.")

    def __init__(self, status: int | None = None) -> None:
        super().__init__()
        self.status = status


class GatewayRefused(Refused):
    """Stripe said no. `detail` is what it said, `status` its HTTP status, `code` its word for the error."""

    why = Why.INVALID
    reason = _l("Our payment provider did not accept this. Nothing was charged.")

    def __init__(self, detail: str, status: int | None = None, code: str | None = None) -> None:
        super().__init__()
        self.detail, self.status, self.code = detail, status, code

    @property
    def is_missing(self) -> bool:
        """Tell whether Stripe knows no such thing (in this account and mode)."""
        return self.status == 404 or self.code == "resource_missing"

    @property
    def is_of_our_key(self) -> bool:
        """Tell whether it is our key that Stripe does not let in: no word about what was asked, and soon mended."""
        return self.status in {401, 403}


class BadSignature(Refused):
    """What came to the webhook was not signed by Stripe, not just now, or not as Stripe signs."""

    reason = "The signature does not fit."


@dataclass(frozen=True)
class CheckoutOrder:
    """What a Checkout session is to take: `amount_minor` of `currency` (EUR), once or each `interval` (month, year).

    `success_url` may hold a literal `{CHECKOUT_SESSION_ID}`; `metadata` goes to the session and to what it makes.
    `coupon` and `trial_days` belong to regular orders alone.
    """

    reference: str
    interval: str
    amount_minor: int
    currency: str
    email: str
    customer_id: str | None
    description: str
    success_url: str
    cancel_url: str
    locale: str
    metadata: dict[str, str]
    expires_at: datetime
    coupon: str | None = None
    trial_days: int = 0


@dataclass(frozen=True)
class OpenCheckout:
    """A Checkout session that can be paid at `url`."""

    session_id: str
    url: str


class Gateway:
    """One account at Stripe. Every call goes over the network, so none may be made inside a transaction.

    All calls raise `GatewayUnknown` or `GatewayRefused`, and return Stripe's objects as plain dicts.
    """

    def __init__(self, settings: Settings, *, retries: int = 2, timeout: float = TIMEOUT_SECONDS) -> None:
        self._key = settings.stripe_secret_key.get_secret_value()
        self._secret = settings.stripe_webhook_secret.get_secret_value().encode()
        self._base = settings.stripe_api_base
        self._retries, self._timeout = retries, timeout
        self._lock = threading.Lock()
        self._client: tuple[int, Any] | None = None

    def open_checkout(self, order: CheckoutOrder, key: str) -> OpenCheckout:
        """Open a Checkout session; the same `key` and `order` never open a second one."""
        params = checkout_params(order)
        answer = self.call(lambda api: api.checkout.sessions.create(params, options={"idempotency_key": key}))
        return OpenCheckout(answer["id"], answer["url"])

    def expire_checkout(self, session_id: str) -> Answer:
        """Close a Checkout session that nobody has paid."""
        return self.call(lambda api: api.checkout.sessions.expire(session_id))

    def end_at_period_end(self, subscription_id: str, key: str) -> Answer:
        """Let a subscription end with the period that is paid; return it as it stands then."""
        return self._update(subscription_id, {"cancel_at_period_end": True}, key)

    def keep_going(self, subscription_id: str, key: str) -> Answer:
        """Undo an arranged end, however it was arranged; return the subscription as it stands then."""
        known = self.fetch_subscription(subscription_id)
        if known["cancel_at_period_end"]:
            return self._update(subscription_id, {"cancel_at_period_end": False}, key)
        if known["cancel_at"] is not None:  # the portal sets a date and leaves the other false
            return self._update(subscription_id, {"cancel_at": ""}, f"{key}-date")
        return known

    def endpoints(self) -> list[Answer]:
        """Return the webhook endpoints of the account, at most a hundred."""
        found: list[Answer] = self.call(lambda api: api.webhook_endpoints.list({"limit": 100}))["data"]
        return found

    def receive_events_at(self, url: str, types: list[str]) -> str | None:
        """Have Stripe send events of `types` to `url`; return the signing secret, or None if that was arranged before.

        An endpoint that leads to another address of the same path is pointed at `url`, as when a port has changed.
        """
        path, wanted = urlsplit(url).path, {"url": url, "enabled_events": types}
        for endpoint in self.endpoints():
            if urlsplit(endpoint["url"]).path == path:
                number = endpoint["id"]
                self.call(lambda api, number=number: api.webhook_endpoints.update(number, wanted))  # type: ignore[misc]
                return None
        made = self.call(lambda api: api.webhook_endpoints.create(wanted))
        return str(made["secret"])

    def _update(self, subscription_id: str, params: Answer, key: str) -> Answer:
        options = {"idempotency_key": key}
        return self.call(lambda api: api.subscriptions.update(subscription_id, params, options=options))

    def fetch_session(self, session_id: str) -> Answer:
        """Return a Checkout session."""
        return self.call(lambda api: api.checkout.sessions.retrieve(session_id))

    def fetch_subscription(self, subscription_id: str) -> Answer:
        """Return a subscription with its items, and with what pays for it."""
        expand = ["default_payment_method", "customer.invoice_settings.default_payment_method"]
        return self.call(lambda api: api.subscriptions.retrieve(subscription_id, {"expand": expand}))

    def fetch_invoice(self, invoice_id: str) -> Answer:
        """Return an invoice with its payments."""
        return self.call(lambda api: api.invoices.retrieve(invoice_id, {"expand": ["payments"]}))

    def fetch_charge(self, charge_id: str) -> Answer:
        """Return a charge with its payment intent, and its balance transaction once there is one."""
        expand = ["balance_transaction", "payment_intent"]
        return self.call(lambda api: api.charges.retrieve(charge_id, {"expand": expand}))

    def fetch_payment_intent(self, intent_id: str) -> Answer:
        """Return a payment intent; its latest charge is an id."""
        return self.call(lambda api: api.payment_intents.retrieve(intent_id))

    def invoice_paid_by(self, intent_id: str) -> Answer | None:
        """Return the invoice that a payment intent paid, or None: most gifts given once have none."""
        params = {
            "payment": {"type": "payment_intent", "payment_intent": intent_id},
            "expand": ["data.invoice"],
        }
        found = self.call(lambda api: api.invoice_payments.list(params))["data"]
        invoice: Answer | None = found[0]["invoice"] if found else None
        return invoice

    def disputes_of(self, charge_id: str) -> list[Answer]:
        """Return the disputes about a charge, newest first."""
        answer = self.call(lambda api: api.disputes.list({"charge": charge_id}))
        disputes: list[Answer] = answer["data"]
        return disputes

    def verify(self, payload: bytes, header: str, now: datetime) -> None:
        """Raise `BadSignature` unless `header` signs `payload` with our secret within five minutes of `now`.

        The scheme is https://docs.stripe.com/webhooks#verify-manually; Stripe's own verifier costs a hundred times
        as much, and would bring its whole package into the web process.
        """
        parts = header.encode("utf-8", "replace").split(b",")
        times = [found[1] for part in parts if (found := SIGNED_AT.fullmatch(part.strip()))]
        if len(times) != 1 or abs(now.timestamp() - int(times[0])) > TOLERANCE_SECONDS:
            raise BadSignature
        expected = hmac.new(self._secret, times[0] + b"." + payload, hashlib.sha256).hexdigest().encode()
        given = [found[1] for part in parts if (found := SIGNATURE.fullmatch(part.strip()))]
        if not any(hmac.compare_digest(expected, signature) for signature in given):
            raise BadSignature

    def call(self, ask: Callable[[Any], Any]) -> Answer:
        """Return what `ask` gets from Stripe's v1 API, as plain dicts; each part of giving asks its own questions."""
        client = self._api()
        import stripe

        try:
            answer: Answer = ask(client.v1).to_dict()
        except stripe.StripeError as error:
            raise _told(error) from error
        return answer

    def _api(self) -> Any:
        """Return this process's client; its connections are kept one set a thread, and not across a fork."""
        known = self._client
        if known and known[0] == os.getpid():
            return known[1]
        with self._lock:
            self._client = (os.getpid(), self._fresh_client())
            return self._client[1]

    def _fresh_client(self) -> Any:
        import stripe

        stripe.enable_telemetry = False  # it would write a file into the home folder
        return stripe.StripeClient(
            self._key,
            base_addresses={"api": self._base} if self._base else {},
            max_network_retries=self._retries,
            http_client=stripe.RequestsClient(timeout=self._timeout),
        )


def checkout_params(order: CheckoutOrder) -> Answer:
    """Return what Stripe is asked for `order`: mode "payment" for a gift given once, "subscription" otherwise."""
    price: Answer = {
        "currency": order.currency.lower(),
        "unit_amount": order.amount_minor,
        "product_data": {"name": order.description},
    }
    made: Answer = {"metadata": order.metadata, "description": order.description}
    params: Answer = {
        "client_reference_id": order.reference,
        "metadata": order.metadata,
        "success_url": order.success_url,
        "cancel_url": order.cancel_url,
        "locale": order.locale,
        "expires_at": int(order.expires_at.timestamp()),
        "line_items": [{"price_data": price, "quantity": 1}],
        **({"customer": order.customer_id} if order.customer_id else {"customer_email": order.email}),
    }
    if order.interval != "once":
        price["recurring"] = {"interval": order.interval}
        if order.coupon:
            params["discounts"] = [{"coupon": order.coupon}]
        if order.trial_days:
            made = {**made, "trial_period_days": order.trial_days}
        return {**params, "mode": "subscription", "subscription_data": made}
    if not order.customer_id:
        params["customer_creation"] = "always"
    return {**params, "mode": "payment", "submit_type": "donate", "payment_intent_data": made}


def _told(error: Any) -> Refused:
    """Return what an error of the library means to us: a no, or not knowing."""
    status = error.http_status
    code = getattr(error.error, "code", None) or error.code
    log().warning("stripe said no", status=status, said=str(error)[:300], request=error.request_id)
    if status is None or status in {409, 429} or status >= 500:
        return GatewayUnknown(status)
    return GatewayRefused(str(error)[:500], status, code)
