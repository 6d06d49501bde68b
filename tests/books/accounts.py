"""Books with something in them: payments, what went back of them, and payouts, as Stripe would tell of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.orm import Session

from patronage.books import disputes, payments, payouts, refunds
from patronage.books.checks import CHECKS
from patronage.books.disputes import Contested
from patronage.books.models import Payment, Payout, RefundStatus
from patronage.books.movements import Movement
from patronage.books.payments import Received
from patronage.books.payouts import Sent
from patronage.books.refunds import Given


def broken(session: Session) -> list[str]:
    """Return what is wrong with the books."""
    return [sentence for sentence, query in CHECKS.items() if session.execute(text(query)).first()]


@dataclass
class Accounts:
    """Writes facts into the books at one moment."""

    session: Session
    now: datetime

    def movement(self, number: str, amount: int, fee: int = 0, **of: Any) -> Movement:
        """Return a balance transaction of euros, unless `currency` says another."""
        facts: dict[str, Any] = {"currency": "EUR", "category": "charge", "source_id": None, "made_at": self.now, **of}
        return Movement(id=number, amount_minor=amount, fee_minor=fee, **facts)

    def payment(self, charge_id: str = "ch_1", amount: int = 500, fee: int = 45, **settled: Any) -> Payment:
        """Record a payment of euros; `currency` and `settled` say what it became on the balance, if not the same."""
        received = Received(charge_id, f"pi_{charge_id}", None, amount, settled.pop("paid_in", "EUR"), self.now)
        payment, _ = payments.record(self.session, received, None, None, self.now)
        became = settled.pop("settled", amount)
        movement = self.movement(f"txn_{charge_id}", became, fee, source_id=charge_id, **settled)
        payments.settle(self.session, payment, movement, self.now)
        return payment

    def refund(self, payment: Payment, number: str, amount: int, status: str = "succeeded", **of: Any) -> None:
        """Tell of a refund with this status; one that failed has come back."""
        became = of.pop("settled", amount)
        moved = self.movement(f"txn_{number}", -became, category="refund", source_id=number, **of)
        back = self.movement(f"txn_{number}_back", became, category="refund_failure", source_id=number, **of)
        given = Given(number, amount, payment.currency, RefundStatus(status), None, self.now, moved, None)
        if status in refunds.BACK_AGAIN:
            given = Given(number, amount, payment.currency, RefundStatus(status), "lost_card", self.now, moved, back)
        refunds.take_in(self.session, payment, given, self.now)
        refunds.count(self.session, payment)

    def dispute(self, payment: Payment, status: str, *moved: Movement, amount: int = 500) -> None:
        """Tell of the dispute du_1 about a payment."""
        told = Contested(
            "du_1", amount, payment.currency, "fraudulent", status, self.now, self.now, is_answered=False, moved=moved
        )
        disputes.take_in(self.session, payment, told, self.now)

    def payout(self, number: str, amount: int, *lines: Movement, status: str = "paid", **of: Any) -> Payout:
        """Tell of an automatic payout with its lines; its own is added."""
        moved = self.movement(f"txn_{number}", -amount, category="payout", source_id=number)
        back = self.movement(f"txn_{number}_back", amount, category="payout_reversal", source_id=number)
        came_back = status in {"failed", "canceled"}
        sent = Sent(
            number, amount, "EUR", status, of.get("is_automatic", True), True, None, self.now, self.now, moved,
            back if came_back else None,
        )  # fmt: skip
        payout = payouts.take_in(self.session, sent, self.now)
        payouts.match(self.session, payout, [moved, *lines], self.now)
        return payout
