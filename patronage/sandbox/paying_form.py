"""What is typed into the hosted checkout, what is wrong with it, and the payments that one click tries."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

CARD = "4242 4242 4242 4242"
# (value of the button, what happens, how it is known); a bank debit is named by its outcome.
TRIALS = (
    ("4242424242424242", "The card pays", "4242 4242 4242 4242"),
    ("4000000000000002", "The card is declined", "4000 0000 0000 0002"),
    ("4000000000009995", "The card has insufficient funds", "4000 0000 0000 9995"),
    ("4000002500003155", "The bank asks once (3-D Secure)", "4000 0025 0000 3155"),
    ("4000002760003184", "The bank asks each time (3-D Secure)", "4000 0027 6000 3184"),
    ("4000000000000069", "The card has expired", "4000 0000 0000 0069"),
    ("4000000000000127", "The security code is wrong", "4000 0000 0000 0127"),
    ("4000000000000119", "There is a processing error", "4000 0000 0000 0119"),
    ("4000000000000259", "The card pays, and disputes it later", "4000 0000 0000 0259"),
    ("4000000000005126", "The card pays; a refund will fail", "4000 0000 0000 5126"),
    ("bank_debit:succeed", "A bank debit settles", "in three days"),
    ("bank_debit:fail", "A bank debit fails", "in three days"),
)
# What a card does that is kept for later, on the pages that ask for no payment, or for an invoice's.
KEPT_TRIALS = (
    ("4242424242424242", "The card pays", "4242 4242 4242 4242"),
    ("4000000000000002", "The card is declined", "4000 0000 0000 0002"),
    ("4000000000000341", "The card is kept, and declined when charged", "4000 0000 0000 0341"),
    ("4000002500003155", "The bank asks once (3-D Secure)", "4000 0025 0000 3155"),
    ("4000002760003184", "The bank asks each time (3-D Secure)", "4000 0027 6000 3184"),
)
NUMBERS = {value: number for value, _, number in (*TRIALS, *KEPT_TRIALS)}


@dataclass(frozen=True)
class Typed:
    """The form as it was filled in; `trial` is the button of a one-click payment, or ""."""

    email: str = ""
    method: str = "card"
    card: str = CARD
    expiry: str = "12 / 34"
    cvc: str = "123"
    name: str = ""
    trial: str = ""
    promotion_code: str = ""

    def payment(self) -> dict[str, Any]:
        """Arguments for `checkout.pay`."""
        who = {"email": self.email or None, "name": self.name or None}
        if self.trial.startswith("bank_debit:"):
            return {**who, "method": "bank_debit", "outcome": self.trial.removeprefix("bank_debit:")}
        if self.trial:
            return {**who, "card": self.trial}
        return {**who, "method": self.method, "card": _digits(self.card)}


def read(form: Mapping[str, str], email: str | None) -> Typed:
    """What was sent; an e-mail address that is known already cannot be changed."""
    trial = form.get("trial", "")
    trial = trial if trial in NUMBERS else ""
    return Typed(
        email=email or form.get("email", "").strip(),
        method="bank_debit" if form.get("method") == "bank_debit" else "card",
        card=NUMBERS[trial] if trial.isdigit() else form.get("card", "").strip(),
        expiry=form.get("expiry", "").strip(),
        cvc=form.get("cvc", "").strip(),
        name=form.get("name", "").strip(),
        trial=trial,
        promotion_code=form.get("promotion_code", "").strip(),
    )


def problems(typed: Typed, now: int) -> list[tuple[str, str]]:
    """(field, sentence) for each field that cannot be right; `now` is sandbox time."""
    found = []
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", typed.email):
        found.append(("email", "Enter an e-mail address, such as name@example.org."))
    return found + card_problems(typed, now)


def card_problems(typed: Typed, now: int) -> list[tuple[str, str]]:
    """The same for the card alone; a bank debit and a one-click payment have none."""
    if typed.method != "card" or typed.trial:
        return []
    found = []
    if not re.fullmatch(r"[0-9]{12,19}", _digits(typed.card)):
        found.append(("card", "Enter a card number, or choose a test card."))
    wrong = _expiry_problem(typed.expiry, now)
    if wrong:
        found.append(("expiry", wrong))
    if not re.fullmatch(r"[0-9]{3,4}", typed.cvc):
        found.append(("cvc", "Enter the security code: three or four digits."))
    return found


def _expiry_problem(expiry: str, now: int) -> str | None:
    match = re.fullmatch(r"(0?[1-9]|1[0-2])\s*/?\s*(?:20)?([0-9]{2})", expiry)
    if match is None:
        return "Enter the expiry date as month and year, such as 12 / 34."
    today = datetime.fromtimestamp(now, UTC)
    if (2000 + int(match[2]), int(match[1])) < (today.year, today.month):
        return "The card’s expiry date is in the past."
    return None


def _digits(card: str) -> str:
    return re.sub(r"[\s-]", "", card)
