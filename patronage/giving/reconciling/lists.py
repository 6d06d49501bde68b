"""What reconciliation asks of Stripe: a page of a list at a time, one thing by itself, the invoice behind a charge."""

from datetime import datetime

from patronage.giving.gateway import Answer, Gateway, GatewayRefused
from patronage.giving.reconciling.kinds import Kind

PAGE = 100


def page_of(gateway: Gateway, kind: Kind, after: str | None, since: datetime | None) -> tuple[list[Answer], bool]:
    """Return a page of what Stripe lists, newest first, beyond `after`, and whether there is more."""
    params: Answer = {"limit": PAGE, **dict(kind.asked)}
    if kind.expand:
        params["expand"] = [f"data.{name}" for name in kind.expand]
    if since:
        params["created"] = {"gte": int(since.timestamp())}
    if after:
        params["starting_after"] = after
    answer = gateway.call(lambda api: kind.resource(api).list(params))
    found: list[Answer] = answer["data"]
    return found, bool(answer["has_more"])


def one_of(gateway: Gateway, kind: Kind, stripe_id: str) -> Answer | None:
    """Return one thing as a list would show it now, or None if Stripe knows no such thing."""
    params: Answer = {"expand": list(kind.expand)} if kind.expand else {}
    try:
        return gateway.call(lambda api: kind.resource(api).retrieve(stripe_id, params))
    except GatewayRefused as refusal:
        if not refusal.is_missing:
            raise
        return None
