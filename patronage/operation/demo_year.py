"""A year of membership life, day by day: people give, renew, fail and stop; a round is voted on and a story told."""

from collections.abc import Iterator

from patronage.giving.keeping import deeds
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import DeedKind
from patronage.giving.standing import Policy
from patronage.operation import demo_newsroom
from patronage.operation.demo_money import Money
from patronage.operation.demo_newsroom import GIVERS, Giver
from patronage.operation.demo_town import Town
from patronage.operation.demo_votes import Voting

STEP_DAYS = 5


class Year:
    """Lives the year: moves the sandbox's clock and does what falls on each day, through the pages if there is one."""

    def __init__(self, town: Town, policy: Policy, secret: str) -> None:
        self._town, self._policy = town, policy
        self._tools = town.tools
        self._money, self._voting = Money(town, policy), Voting(town, policy, secret)
        self._deeds = self._schedule()

    def days(self, length: int) -> Iterator[int]:
        """Yield each day once it has been lived."""
        stops = sorted(
            {*range(STEP_DAYS, length, STEP_DAYS), *self._deeds, *self._money.days, *self._voting.days, length}
        )
        today = 0
        for stop in stops:
            self._town.advance(stop - today)
            for giver in self._deeds.get(stop, []):
                self._town.give(giver)
            self._change(stop)
            self._voting.live(stop)
            self._money.live(stop)
            yield from range(today, stop)
            today = stop

    def _schedule(self) -> dict[int, list[Giver]]:
        calendar: dict[int, list[Giver]] = {}
        for giver in GIVERS:
            calendar.setdefault(giver.day, []).append(giver)
            for day in filter(None, (giver.stops_on, giver.card_ends_on)):
                calendar.setdefault(day, [])
        return calendar

    def _change(self, day: int) -> None:
        for giver in GIVERS:
            if giver.stops_on == day:
                deeds.do(self._tools, self._policy, self._town.pledge(giver.email), Wish(DeedKind.STOP, {"why": None}))
                self._town.settle()
            if giver.card_ends_on == day:
                self._spend_card(giver)

    def _spend_card(self, giver: Giver) -> None:
        """Have the next renewal declined: a bank does that at Stripe, without us."""
        pledge = self._town.pledge(giver.email)
        card = self._town.ask_stripe(
            f"payment_methods/{demo_newsroom.SPENT_CARD}/attach", {"customer": str(pledge.stripe_customer_id)}
        )
        self._town.ask_stripe(f"subscriptions/{pledge.stripe_subscription_id}", {"default_payment_method": card["id"]})
