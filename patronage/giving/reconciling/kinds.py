"""The six kinds of Stripe's things that are compared: how each is listed, fetched by itself, compared, and ours."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm import InstrumentedAttribute, Session

from patronage.books.models import Dispute, Payment, Payout, Refund
from patronage.giving.gateway import Answer
from patronage.giving.models import Pledge
from patronage.giving.reconciling import compared_money, compared_pledges
from patronage.giving.reconciling.compared import Compared

Column = InstrumentedAttribute[Any]


@dataclass(frozen=True)
class Ours:
    """Our rows of a kind: the column that holds Stripe's id, and the one that tells when it happened, if any does."""

    table: Any
    number: Column
    happened: Column | None = None


@dataclass(frozen=True)
class Kind:
    """One kind: its `resource` in Stripe's API, what a list of it is to `expand`, and what else it is `asked`."""

    resource: Callable[[Any], Any]
    compare: Callable[[Session, list[Answer], datetime], Compared]
    expand: tuple[str, ...] = ()
    asked: tuple[tuple[str, str], ...] = ()
    ours: Ours | None = None


KINDS: dict[str, Kind] = {  # in the order in which they are mended: pledges first, then their money
    "subscriptions": Kind(
        lambda api: api.subscriptions,
        compared_pledges.compare_subscriptions,
        asked=(("status", "all"),),
        ours=Ours(Pledge, Pledge.stripe_subscription_id),
    ),
    "invoices": Kind(lambda api: api.invoices, compared_pledges.compare_invoices, expand=("payments",)),
    "charges": Kind(
        lambda api: api.charges,
        compared_money.compare_charges,
        expand=("balance_transaction", "payment_intent"),
        ours=Ours(Payment, Payment.charge_id, Payment.paid_at),
    ),
    "refunds": Kind(
        lambda api: api.refunds, compared_money.compare_refunds, ours=Ours(Refund, Refund.stripe_id, Refund.made_at)
    ),
    "disputes": Kind(
        lambda api: api.disputes,
        compared_money.compare_disputes,
        ours=Ours(Dispute, Dispute.stripe_id, Dispute.opened_at),
    ),
    "payouts": Kind(
        lambda api: api.payouts, compared_money.compare_payouts, ours=Ours(Payout, Payout.stripe_id, Payout.made_at)
    ),
}
