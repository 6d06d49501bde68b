"""Errors in Stripe's shape, raised by whatever refuses a call."""

from typing import Any

from patronage.sandbox.store import Json

# What Stripe calls the parameter that names an object in the path, where it is not `id`.
PATH_NAMES = {
    "payment_intent": "intent",
    "setup_intent": "intent",
    "checkout.session": "session",
    "price": "price",
    "invoice": "invoice",
    "billing_portal.configuration": "configuration",
    "payment_method": "payment_method",
}


# What Stripe calls a kind of object in that sentence, where it is not the kind itself.
SPOKEN = {
    "balance_transaction": "balance transaction",
    "payment_method": "PaymentMethod",
    "setup_intent": "setupintent",
    "test_helpers.test_clock": "test clock",
    "webhook_endpoint": "webhook endpoint",
}


class StripeError(Exception):
    """A refusal: an HTTP status and the fields of Stripe's `error` object.

    `keeps` tells that what was written before the refusal stands, as after a declined card.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        keeps: bool = False,
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.keeps = keeps
        fields: Json = {"code": code, "message": message, "param": param, "type": type, **more}
        self.fields = {name: value for name, value in fields.items() if value is not None}
        if code is not None:
            self.fields["doc_url"] = f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"


def invalid(message: str, param: str | None = None, code: str | None = None) -> StripeError:
    """A 400: the request cannot be carried out as asked."""
    return StripeError(400, message, param=param, code=code)


def not_found(kind: str, id: str) -> StripeError:
    """A 404: the object that the path names does not exist."""
    param = PATH_NAMES.get(kind, "id")
    return StripeError(404, no_such(kind, id), code="resource_missing", param=param)


def missing(kind: str, id: str, param: str) -> StripeError:
    """A 400: an object that a parameter names does not exist."""
    return invalid(no_such(kind, id), param, "resource_missing")


def no_such(kind: str, id: str) -> str:
    """Stripe's sentence for an object it does not have."""
    return f"No such {SPOKEN.get(kind, kind)}: '{id}'"


def unexpected_state(code: str, message: str, **more: Any) -> StripeError:
    """A 400: the object is in a state that does not allow what was asked."""
    return StripeError(400, message, code=code, **more)
