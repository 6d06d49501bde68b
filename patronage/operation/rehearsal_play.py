"""What is played in a rehearsal: patrons who give, change their minds, fail, dispute; staff who give back."""

import random
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar
from urllib.parse import urlsplit

from sqlalchemy import func, select

from patronage.books.disputes import CLOSED
from patronage.books.models import Channel, Dispute, Payment
from patronage.foundation.refused import Refused
from patronage.giving.asking import checkouts
from patronage.giving.asking.checkouts import Way
from patronage.giving.gateway import Answer, GatewayUnknown
from patronage.giving.keeping import changing, deeds, once
from patronage.giving.keeping.changing import Terms
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import DeedKind
from patronage.giving.models import Interval, Pledge, PledgeState
from patronage.giving.pledging import Asker, Offer
from patronage.giving.returning import refunding, sending
from patronage.giving.returning.refunding import Wanted
from patronage.operation.rehearsal_stage import Stage
from patronage.people import staff

CURRENCIES, OFTEN = ("EUR", "USD", "UAH"), (6, 3, 1)
AMOUNTS = {"EUR": (500, 1000, 2500), "USD": (500, 1200, 3000), "UAH": (20000, 45000, 100000)}
INTERVALS, HOW_OFTEN = (Interval.MONTH, Interval.YEAR, Interval.ONCE), (16, 2, 2)
CARD, IBAN = "4242424242424242", "DE89370400440532013000"
ODD_CARDS = ("4000000000000341", "4000000000000259", "4000000000005126", "4000000000000077")
FAULTS = ("429", "500", "html503", "drop", "commit_then_drop")
PATHS = (
    "/v1/checkout/sessions", "/v1/subscriptions", "/v1/invoices", "/v1/charges", "/v1/refunds", "/v1/payment_intents",
    "/v1/disputes", "/v1/payouts", "/v1/balance_transactions", "/v1/invoice_payments",
)  # fmt: skip
MANNERS: tuple[Answer, ...] = (
    {}, {"duplicate": 0.3}, {"reverse": True}, {"delay": 90}, {"drop": 0.15},
    {"duplicate": 0.2, "drop": 0.1, "concurrent": True},
)  # fmt: skip
TRIES = 6
Answered = TypeVar("Answered")
NO_FOUR_EYES = 10**12
WAY = Way(lambda reference: f"http://127.0.0.1/thanks?pledge={reference}", lambda _: "http://127.0.0.1/support")


class Play:
    """All that happens, month by month, as the dice of one seed fall."""

    def __init__(self, stage: Stage, patrons: int, months: int, seed: int, *, faults: bool) -> None:
        self._stage, self._tools, self._faults = stage, stage.tools, faults
        self._dice = random.Random(seed)  # noqa: S311 - a play, no secret
        joining = max(months * 2 // 3, 1)
        self._joins = [self._dice.randrange(joining) for _ in range(patrons)]
        with self._tools.database.transaction() as session:
            self._clerk = staff.grant(session, "clerk@rehearsal.example", "bookkeeper", self._tools.clock.now()).id
        stage.control("PUT", "payouts", {"schedule": "weekly"})

    def month(self, number: int) -> None:
        """Let one month pass in three parts, with everything that falls into it."""
        newcomers = [each for each, joins in enumerate(self._joins) if joins == number]
        for part, days in enumerate((10, 10, 11)):
            self._misbehave()
            for each in newcomers[part::3]:
                self._join(each)
            self._stage.settle()
            self._change_minds()
            self._give_back()
            self._dispute()
            self._stage.advance(days=days)

    def calm(self) -> None:
        """End all faults: from now on every call is answered and every event delivered."""
        self._stage.control("PUT", "faults", [])
        self._stage.control("PUT", "delivery", {})

    def _misbehave(self) -> None:
        if not self._faults:
            return
        faults = [
            {"path": self._dice.choice(PATHS), "times": self._dice.randint(1, 3), "fault": self._dice.choice(FAULTS)}
            for _ in range(4)
        ]
        if self._dice.random() < 0.1:
            faults.append({"path": "/v1/subscriptions", "times": 1, "fault": "hang"})
        self._stage.control("PUT", "faults", faults)
        self._stage.control("PUT", "delivery", self._dice.choice(MANNERS))

    def _join(self, number: int) -> None:
        """Give as a reader does: the page is opened, however often that takes, and paid."""
        currency = self._dice.choices(CURRENCIES, OFTEN)[0]
        interval = self._dice.choices(INTERVALS, HOW_OFTEN)[0]
        offer = Offer(interval, self._dice.choice(AMOUNTS[currency]), currency, description="Support")
        email, asker = f"patron{number}@rehearsal.example", Asker(browser=b"browser %d" % number)
        how: Answer = {"card": self._dice.choice(ODD_CARDS) if self._dice.random() < 0.1 else CARD, "email": email}
        if currency == "EUR" and self._dice.random() < 0.15:
            how = {"card": IBAN, "email": email, "method": "bank_debit"}
        url = _tried(lambda: checkouts.page_for(self._tools, email, offer, asker, WAY))
        if url and "/c/pay/" in url:
            self._stage.control("POST", f"checkout/{urlsplit(url).path.rsplit('/', 1)[1]}/pay", how)

    def _change_minds(self) -> None:
        """Have one in twelve of the running pledges changed, paused, stopped, taken up again, or its card spent."""
        running = select(Pledge).where(
            Pledge.stripe_subscription_id.is_not(None), Pledge.ended_at.is_(None), Pledge.settled_at.is_not(None)
        )
        with self._tools.database.reading() as session:
            pledges = list(session.scalars(running.order_by(Pledge.id)))
        deeds_of: list[Callable[[Pledge], None]] = [
            self._change, self._pause, self._stop, self._go_on, self._spend_card, self._mend_card, self._was_once,
        ]  # fmt: skip
        for pledge in pledges:
            if self._dice.random() < 1 / 12:
                self._dice.choice(deeds_of)(pledge)

    def _do(self, pledge: Pledge, wished: Callable[[], Wish]) -> None:
        """Do what is wished, unless a rule forbids it now; what Stripe leaves open is found out by a job."""
        try:
            deeds.do(self._tools, self._stage.policy, pledge, wished())
        except Refused:
            return

    def _change(self, pledge: Pledge) -> None:
        terms = Terms(pledge.interval, self._dice.choice(AMOUNTS[pledge.currency]), 0)
        self._do(pledge, lambda: changing.change(pledge, terms, self._tools.clock.now()))

    def _pause(self, pledge: Pledge) -> None:
        months = self._dice.choice((1, 2))
        self._do(pledge, lambda: changing.pause(pledge, months, self._tools.clock.now()))

    def _stop(self, pledge: Pledge) -> None:
        if pledge.ends_at is None:
            self._do(pledge, lambda: Wish(DeedKind.STOP, {"why": None}))

    def _go_on(self, pledge: Pledge) -> None:
        if pledge.ends_at is not None or pledge.paused_at is not None:
            kind = DeedKind.GO_ON if pledge.ends_at is not None else DeedKind.UNPAUSE
            self._do(pledge, lambda: Wish(kind))

    def _was_once(self, pledge: Pledge) -> None:
        gives_back = self._dice.random() < 0.5

        def wished() -> Wish:
            with self._tools.database.reading() as session:
                return once.wish(session, pledge, gives_back, self._tools.clock.now())

        self._do(pledge, wished)

    def _spend_card(self, pledge: Pledge) -> None:
        self._charge_from_now_on(pledge, "pm_card_chargeCustomerFail")

    def _mend_card(self, pledge: Pledge) -> None:
        if pledge.state == PledgeState.PAST_DUE:
            self._charge_from_now_on(pledge, "pm_card_visa")

    def _charge_from_now_on(self, pledge: Pledge, card: str) -> None:
        """Have another card charged; banks and readers do that at Stripe, without us."""
        customer, number = str(pledge.stripe_customer_id), str(pledge.stripe_subscription_id)
        call = self._tools.payments.call
        method = _tried(lambda: call(lambda api: api.payment_methods.attach(card, {"customer": customer})))
        if method:
            params = {"default_payment_method": method["id"]}
            _tried(lambda: call(lambda api: api.subscriptions.update(number, params)))

    def _give_back(self) -> None:
        """Have staff give back one payment in fifty of the last weeks, wholly or in part."""
        for payment in self._recent_payments():
            if self._dice.random() < 0.02:
                amount = payment.amount_minor if self._dice.random() < 0.5 else payment.amount_minor // 2
                self._refund(payment, amount)

    def _refund(self, payment: Payment, amount: int) -> None:
        wanted = Wanted(amount, "asked by telephone", f"rehearsal-{self._dice.getrandbits(48)}")
        try:
            with self._tools.database.transaction() as session:
                now = self._tools.clock.now()
                asked = refunding.ask(session, payment.id, wanted, self._clerk, NO_FOUR_EYES, now)
            sending.send(self._tools, self._stage.policy, asked.id)
        except Refused:
            return

    def _dispute(self) -> None:
        """Have a bank ask for one payment in a hundred back, and decide half of the disputes that are open."""
        for payment in self._recent_payments():
            if self._dice.random() < 0.01 and not payment.disputed and not payment.refunded_minor:
                self._stage.control("POST", "disputes", {"charge": payment.charge_id})
        with self._tools.database.reading() as session:
            disputes = select(Dispute.stripe_id).where(Dispute.status.not_in(CLOSED)).order_by(Dispute.id)
            waiting = list(session.scalars(disputes))
        for number in waiting:
            if self._dice.random() < 0.5:
                self._decide(number)

    def _decide(self, number: str) -> None:
        try:
            self._stage.control("POST", f"disputes/{number}", {"status": self._dice.choice(("won", "lost"))})
        except RuntimeError:
            return  # it was decided at Stripe meanwhile

    def _recent_payments(self) -> list[Payment]:
        since = self._tools.clock.now() - timedelta(days=20)
        recent = select(Payment).where(Payment.paid_at > since, Payment.channel == Channel.STRIPE)
        with self._tools.database.reading() as session:
            return list(session.scalars(recent.order_by(Payment.id)))


def how_many(stage: Stage) -> dict[str, int]:
    """Return how many pledges and payments there are by now."""
    with stage.tools.database.reading() as session:
        return {
            "pledges": session.scalar(select(func.count(Pledge.id))) or 0,
            "payments": session.scalar(select(func.count(Payment.id))) or 0,
        }


def _tried(ask: Callable[[], Answered]) -> Answered | None:
    """Ask until there is an answer, as people press a button again; None after some tries."""
    for _ in range(TRIES):
        try:
            return ask()
        except GatewayUnknown:
            continue
        except Refused:
            return None
    return None
