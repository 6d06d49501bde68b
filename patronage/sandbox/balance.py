"""The balance: one transaction for each movement of money, and what they add up to."""

from collections import Counter
from contextlib import nullcontext

from patronage.sandbox import clock
from patronage.sandbox.cards import means_of
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import charge_fee
from patronage.sandbox.objects import change, fetched
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

DAY = 86400
DAYS_TO_SETTLE = 7
FEE_KNOWN_AFTER = 3  # seconds


def new_transaction(tx: Tx, source: Json, amount: int, fee: int, type: str, category: str) -> Json:
    """Store a movement of `amount` (signed, minor units) less `fee`, available days later."""
    transaction = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": amount,
        "available_on": tx.now() + DAYS_TO_SETTLE * DAY,
        "balance_type": "payments",
        "created": tx.now(),
        "currency": source["currency"],
        "description": source.get("description"),
        "exchange_rate": None,
        "fee": fee,
        "fee_details": [_stripe_fee(fee, source["currency"])] if fee else [],
        "net": amount - fee,
        "reporting_category": category,
        "source": source["id"],
        "status": "pending",
        "type": type,
    }
    clock.schedule(tx, tx.now() + DAYS_TO_SETTLE * DAY, "available", transaction["id"])
    return tx.put(transaction)


def _stripe_fee(fee: int, currency: str) -> Json:
    return {
        "amount": fee,
        "application": None,
        "currency": currency,
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }


@clock.handler("available")
def become_available(tx: Tx, transaction_id: str) -> None:
    """Money that was on its way can now be paid out."""
    transaction = tx.get(transaction_id)
    if transaction is not None:
        tx.put({**transaction, "status": "available"})


def await_fee(tx: Tx, charge: Json) -> None:
    """Let the fee of a charge become known a few seconds from now; a test clock, which stands still, is not asked."""
    with tx.at(None) if tx.clock else nullcontext():
        clock.schedule(tx, tx.now() + FEE_KNOWN_AFTER, "fee", charge["id"])


@clock.handler("fee")
def learn_fee(tx: Tx, charge_id: str) -> None:
    """The charge gets its balance transaction, told by charge.updated."""
    charge = tx.get(charge_id)
    if charge is None or charge["balance_transaction"] is not None:
        return
    clock.unschedule(tx, "fee", charge_id)
    amount = charge["amount_captured"]
    type = "charge" if charge["payment_method_details"]["type"] == "card" else "payment"
    transaction = new_transaction(tx, charge, amount, charge_fee(amount, charge["currency"]), type, "charge")
    method = tx.get(charge["payment_method"])
    if method is not None and means_of(method).at_once:
        clock.unschedule(tx, "available", transaction["id"])
        tx.put({**transaction, "status": "available", "available_on": tx.now()})
    change(tx, charge, {"balance_transaction": transaction["id"]}, "charge.updated")


@endpoint("GET", "/v1/balance_transactions/<id>", "BalanceTransactionRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "balance_transaction", id)


@endpoint("GET", "/v1/balance_transactions", "BalanceTransactionListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, "balance_transaction", params, "/v1/balance_transactions", ("currency", "source", "type"))


@endpoint("GET", "/v1/balance", "BalanceRetrieveParams")
def balance(tx: Tx, _params: Json) -> Json:
    sums = {"available": Counter[str](), "pending": Counter[str]()}
    for transaction in tx.all("balance_transaction"):
        sums[transaction["status"]][transaction["currency"]] += transaction["net"]
    currencies = sorted(sums["available"] | sums["pending"]) or ["eur"]

    def amounts(status: str) -> list[Json]:
        return [
            {
                "amount": sums[status][currency],
                "currency": currency,
                "source_types": {"card": sums[status][currency]},
            }
            for currency in currencies
        ]

    return {
        "object": "balance",
        "available": amounts("available"),
        "livemode": False,
        "pending": amounts("pending"),
    }
