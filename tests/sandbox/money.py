"""Paying in ways that leave something behind, and the sandbox's controls over money."""

from typing import Any

import requests

from tests.sandbox.desk import Desk, Json


def paid(desk: Desk, method: str = "pm_card_visa", amount: int = 5000, currency: str = "eur") -> Any:
    """The charge of a payment that has just been made, with its fee known."""
    params: Any = {"amount": amount, "currency": currency, "payment_method": method, "confirm": True}
    intent = desk.v1.payment_intents.create(params)
    desk.pass_time(seconds=5)
    desk.news()
    return desk.v1.charges.retrieve(intent.latest_charge)


def control(desk: Desk, method: str, path: str, body: Json | None = None, status: int = 200) -> Json:
    """One of the sandbox's own controls, which must answer with this status."""
    answer = requests.request(method, f"{desk.running.url}/_sandbox/{path}", json=body, timeout=10)
    assert answer.status_code == status, answer.text
    found: Json = answer.json()
    return found


def total(desk: Desk) -> int:
    """All of the balance in euros, available or not, in minor units."""
    balance = desk.v1.balance.retrieve()
    return sum(entry.amount for entry in (*balance.available, *balance.pending) if entry.currency == "eur")
