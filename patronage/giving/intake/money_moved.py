"""What moves money besides a charge, asked of Stripe and said in the words of the books: refunds, disputes, payouts."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from patronage.books.disputes import Contested, Warned
from patronage.books.models import RefundStatus
from patronage.books.movements import Movement
from patronage.books.payouts import Sent
from patronage.books.refunds import Given
from patronage.giving.gateway import Answer, Gateway

PAGE = 100


def refunds_of(gateway: Gateway, charge_id: str) -> tuple[Answer, ...]:
    """Return the refunds of a charge with their balance transactions, oldest first."""
    params = {"charge": charge_id, "expand": ["data.balance_transaction"]}
    found = every_page(gateway, lambda api, page: api.refunds.list({**params, **page}))
    return tuple(_with_its_return(gateway, refund) for refund in reversed(found))


def _with_its_return(gateway: Gateway, refund: Answer) -> Answer:
    """Return a refund with the balance transaction of its failure; few fail, and only those have one to expand."""
    number = refund.get("failure_balance_transaction")
    if not isinstance(number, str):
        return refund
    returned = gateway.call(lambda api: api.balance_transactions.retrieve(number))
    return {**refund, "failure_balance_transaction": returned}


def warnings_about(gateway: Gateway, charge_id: str) -> tuple[Answer, ...]:
    """Return the early fraud warnings about a charge, oldest first."""
    found = gateway.call(lambda api: api.radar.early_fraud_warnings.list({"charge": charge_id, "limit": PAGE}))
    return tuple(reversed(found["data"]))


def payout_at(gateway: Gateway, payout_id: str) -> Answer:
    """Return a payout with its balance transactions."""
    expand = {"expand": ["balance_transaction", "failure_balance_transaction"]}
    return gateway.call(lambda api: api.payouts.retrieve(payout_id, expand))


def lines_of(gateway: Gateway, payout_id: str) -> list[Movement]:
    """Return the balance transactions inside an automatic payout, its own among them."""
    found = every_page(gateway, lambda api, page: api.balance_transactions.list({"payout": payout_id, **page}))
    return [movement_of(balance) for balance in found]


def every_page(gateway: Gateway, ask: Callable[[Any, Answer], Any]) -> list[Answer]:
    """Return all that a list of Stripe holds, newest first; `ask` is given the API and which page is wanted."""
    page: Answer = {"limit": PAGE}
    found: list[Answer] = []
    while True:
        answer = gateway.call(lambda api, page=page: ask(api, page))  # type: ignore[misc]  # mypy cannot infer it
        found += answer["data"]
        if not answer["has_more"] or not answer["data"]:
            return found
        page = {"limit": PAGE, "starting_after": answer["data"][-1]["id"]}


def movement_of(balance: Answer) -> Movement:
    """Return what the books are told of a balance transaction; its source may be expanded or not."""
    rate, source = balance["exchange_rate"], balance["source"]
    return Movement(
        id=balance["id"],
        amount_minor=balance["amount"],
        fee_minor=balance["fee"],
        currency=balance["currency"].upper(),
        made_at=_moment(balance["created"]),
        category=balance["reporting_category"],
        source_id=source["id"] if isinstance(source, dict) else source,
        exchange_rate=None if rate is None else str(rate),
        description=balance["description"],
    )


def given_of(refund: Answer) -> Given:
    """Return what the books are told of a refund."""
    return Given(
        stripe_id=refund["id"],
        amount_minor=refund["amount"],
        currency=refund["currency"].upper(),
        status=status_of(refund),
        failure_reason=refund.get("failure_reason"),
        made_at=_moment(refund["created"]),
        moved=_movement(refund["balance_transaction"]),
        returned=_movement(refund.get("failure_balance_transaction")),
    )


def status_of(refund: Answer) -> RefundStatus:
    """Return where a refund stands; a status that is not known yet counts as under way."""
    status = refund["status"]
    return RefundStatus(status) if status in set(RefundStatus) else RefundStatus.PENDING


def contested_of(dispute: Answer) -> Contested:
    """Return what the books are told of a dispute."""
    evidence = dispute["evidence_details"]
    moved = sorted(dispute["balance_transactions"], key=lambda balance: balance["created"])
    return Contested(
        stripe_id=dispute["id"],
        amount_minor=dispute["amount"],
        currency=dispute["currency"].upper(),
        reason=dispute["reason"],
        status=dispute["status"],
        opened_at=_moment(dispute["created"]),
        due_by=_moment(evidence["due_by"]) if evidence["due_by"] else None,
        is_answered=evidence["submission_count"] > 0,
        moved=tuple(movement_of(balance) for balance in moved),
    )


def warned_of(warning: Answer) -> Warned:
    """Return what the books are told of an early fraud warning."""
    return Warned(warning["id"], warning["fraud_type"], warning["actionable"], _moment(warning["created"]))


def sent_of(payout: Answer) -> Sent:
    """Return what the books are told of a payout; its lines can be listed once Stripe has reconciled it."""
    return Sent(
        stripe_id=payout["id"],
        amount_minor=payout["amount"],
        currency=payout["currency"].upper(),
        status=payout["status"],
        is_automatic=payout["automatic"],
        is_listed=payout["automatic"] and payout["reconciliation_status"] == "completed",
        failure_reason=payout["failure_message"] or payout["failure_code"],
        made_at=_moment(payout["created"]),
        arrives_at=_moment(payout["arrival_date"]),
        moved=_movement(payout["balance_transaction"]),
        returned=_movement(payout["failure_balance_transaction"]),
    )


def _movement(balance: Answer | None) -> Movement | None:
    return movement_of(balance) if balance else None


def _moment(timestamp: int) -> datetime:
    return datetime.fromtimestamp(timestamp, UTC)
