"""The balance: one transaction for each movement of money, and what they add up to."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import Any

from patronage.sandbox import clock, payout_schedule
from patronage.sandbox.cards import means_of
from patronage.sandbox.errors import invalid
from patronage.sandbox.exchange import Settled, settled, settlement_currency
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.money import charge_fee
from patronage.sandbox.objects import change, fetched, named
from patronage.sandbox.payout_schedule import DAY, midnight
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

DAYS_TO_SETTLE = 2
FEE_KNOWN_AFTER = 3  # seconds


@dataclass(frozen=True)
class Fee:
    """What Stripe keeps of a movement, in the minor units of its balance, and what for."""

    amount: int = 0
    reason: str = "Stripe processing fees"


NO_FEE = Fee()


def new_transaction(
    tx: Tx,
    source: Json,
    money: Settled,
    kind: tuple[str, str],
    *,
    fee: Fee = NO_FEE,
    available_on: int | None = None,
    description: str | None = None,
) -> Json:
    """Store a movement of `money` (signed) less `fee`, of a (type, reporting category), available now unless later."""
    now = tx.now()
    available_on = max(available_on or now, now)
    transaction: Json = {
        "id": new_id("txn"),
        "object": "balance_transaction",
        "amount": money.amount,
        "available_on": available_on,
        "balance_type": "payments",
        "created": now,
        "currency": money.currency,
        "description": description or source.get("description"),
        "exchange_rate": None if money.rate is None else float(money.rate),
        "fee": fee.amount,
        "fee_details": [_stripe_fee(fee, money.currency)] if fee.amount else [],
        "net": money.amount - fee.amount,
        "reporting_category": kind[1],
        "source": source["id"],
        "status": "pending" if available_on > now else "available",
        "type": kind[0],
    }
    tx.put(transaction)
    _await_payout(tx, transaction)
    return transaction


def _stripe_fee(fee: Fee, currency: str) -> Json:
    kept = {"amount": fee.amount, "application": None, "currency": currency}
    return {**kept, "description": fee.reason, "type": "stripe_fee"}


def _await_payout(tx: Tx, transaction: Json) -> None:
    """Keep in a small table what no payout has taken yet: nobody has to go through years of transactions."""
    row = [transaction[name] for name in ("id", "currency", "available_on", "net")]
    tx.sql("INSERT INTO unpaid (id, currency, available_on, net) VALUES (?, ?, ?, ?)", row)
    with on_main_clock(tx):
        if transaction["status"] == "pending":
            clock.schedule(tx, transaction["available_on"], "available", str(transaction["available_on"]))
        payout_schedule.await_next(tx)


def on_main_clock(tx: Tx) -> AbstractContextManager[None]:
    """Leave the time of a test clock, which stands still and never pays out, for the sandbox's own."""
    return tx.at(None) if tx.clock else nullcontext()


@clock.handler("available")
def become_available(tx: Tx, moment: str) -> None:
    """All the money that was on its way until that moment can now be paid out."""
    tx.sql(
        "UPDATE objects SET body = json_set(body, '$.status', 'available')"
        " WHERE id IN (SELECT id FROM unpaid WHERE available_on = ?)",
        (int(moment),),
    )


def await_fee(tx: Tx, charge: Json) -> None:
    """Let the fee of a charge become known a few seconds from now, and let follow what its card is known for."""
    means = means_of(fetched(tx, *_method(charge)))
    with on_main_clock(tx):
        clock.schedule(tx, tx.now() + FEE_KNOWN_AFTER, "fee", charge["id"])
        if means.sequel:
            clock.schedule(tx, tx.now(), means.sequel, charge["id"])


def _method(charge: Json) -> tuple[str, str]:
    id = str(charge["payment_method"])
    return ("card" if id.startswith("card_") else "payment_method"), id


@clock.handler("fee")
def learn_fee(tx: Tx, charge_id: str) -> None:
    """The charge gets its balance transaction, told by charge.updated."""
    charge = tx.get(charge_id)
    if charge is None or charge["balance_transaction"] is not None:
        return
    clock.unschedule(tx, "fee", charge_id)
    money = settled(charge["amount_captured"], charge["currency"], settlement_currency(tx))
    at_once = means_of(fetched(tx, *_method(charge))).at_once
    transaction = new_transaction(
        tx,
        charge,
        money,
        ("charge" if charge["payment_method_details"]["type"] == "card" else "payment", "charge"),
        fee=Fee(charge_fee(money.amount, money.currency)),
        available_on=None if at_once else midnight(tx.now()) + DAYS_TO_SETTLE * DAY,
    )
    change(tx, charge, {"balance_transaction": transaction["id"]}, "charge.updated")


def transaction_of(tx: Tx, charge: Json) -> Json:
    """The balance transaction of a charge, whose fee becomes known now if it is not yet; `charge` is refreshed."""
    if charge["balance_transaction"] is None:
        learn_fee(tx, charge["id"])
        charge.update(fetched(tx, "charge", charge["id"]))
    return fetched(tx, "balance_transaction", charge["balance_transaction"])


@endpoint("GET", "/v1/balance_transactions/<id>", "BalanceTransactionRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, "balance_transaction", id)


@endpoint("GET", "/v1/balance_transactions", "BalanceTransactionListParams")
def list_all(tx: Tx, params: Json) -> Json:
    where, values = "", []
    if "payout" in params:
        if not named(tx, "payout", params["payout"], "payout")["automatic"]:
            message = "Balance transaction history can only be filtered on automatic transfers, not manual."
            raise invalid(message, "payout")
        where, values = "id IN (SELECT id FROM paid_out WHERE payout = ?)", [params["payout"]]
    equal = ("currency", "source", "type")
    return page(tx, "balance_transaction", params, "/v1/balance_transactions", equal, where, values, ("payout",))


@endpoint("GET", "/v1/balance", "BalanceRetrieveParams")
def balance(tx: Tx, _params: Json) -> Json:
    rows = tx.sql(
        "SELECT currency, SUM(CASE WHEN available_on <= ? THEN net ELSE 0 END) AS available, SUM(net) AS total"
        " FROM unpaid GROUP BY currency ORDER BY currency",
        (tx.now(),),
    ).fetchall()
    sums = {row["currency"]: (row["available"], row["total"] - row["available"]) for row in rows} or {"eur": (0, 0)}
    return {
        "object": "balance",
        "available": [_amount(currency, available) for currency, (available, _) in sums.items()],
        "livemode": False,
        "pending": [_amount(currency, pending) for currency, (_, pending) in sums.items()],
    }


def _amount(currency: str, amount: int) -> Json:
    return {"amount": amount, "currency": currency, "source_types": {"card": amount}}


def available(tx: Tx) -> dict[str, int]:
    """What can be paid out now, by currency, in minor units; where nothing has moved there is no entry."""
    found: list[Any] = tx.sql(
        "SELECT currency, SUM(net) AS net FROM unpaid WHERE available_on <= ? GROUP BY currency ORDER BY currency",
        (tx.now(),),
    ).fetchall()
    return {row["currency"]: row["net"] for row in found}
