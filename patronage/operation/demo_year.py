"""A year of membership life, day by day: people give, renew, fail and stop; a round is voted on and a story told."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import select

from patronage.ballots import rounds, topics, voting
from patronage.ballots.models import Round
from patronage.giving import standing
from patronage.giving.keeping import deeds
from patronage.giving.keeping.deeds import Wish
from patronage.giving.keeping.models import DeedKind
from patronage.giving.standing import Policy
from patronage.operation import demo_newsroom, wire
from patronage.operation.demo_money import Money
from patronage.operation.demo_newsroom import GIVERS, Giver
from patronage.operation.demo_town import Town
from patronage.people import people
from patronage.people.models import Person

STEP_DAYS = 5
ROUND_OPENS, ROUND_CLOSES, STORY_OUT, NEXT_ROUND = 240, 254, 290, 360
ROUND_LASTS = timedelta(days=14)


class Year:
    """Lives the year: moves the sandbox's clock and does what falls on each day, through the pages if there is one."""

    def __init__(self, town: Town, policy: Policy, secret: str) -> None:
        self._town, self._policy, self._secret = town, policy, secret
        self._tools = town.tools
        self._first_round = 0
        self._money = Money(town, policy)
        self._deeds = self._schedule()

    def days(self, length: int) -> Iterator[int]:
        """Yield each day once it has been lived."""
        stops = sorted({*range(STEP_DAYS, length, STEP_DAYS), *self._deeds, *self._money.days, length})
        today = 0
        for stop in stops:
            self._town.advance(stop - today)
            for giver in self._deeds.get(stop, []):
                self._town.give(giver)
            self._editors_deed(stop)
            self._money.live(stop)
            yield from range(today, stop)
            today = stop

    def _schedule(self) -> dict[int, list[Giver]]:
        calendar: dict[int, list[Giver]] = {day: [] for day in (ROUND_OPENS, ROUND_CLOSES + 1, STORY_OUT, NEXT_ROUND)}
        for giver in GIVERS:
            calendar.setdefault(giver.day, []).append(giver)
            for day in filter(None, (giver.stops_on, giver.card_ends_on)):
                calendar.setdefault(day, [])
        return calendar

    def _editors_deed(self, day: int) -> None:
        editorial = {ROUND_OPENS: self._open_first, STORY_OUT: self._publish, NEXT_ROUND: self._open_second}
        if day in editorial:
            editorial[day]()
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

    def _open_first(self) -> None:
        self._first_round = self._open_round(
            "What should we dig into this autumn?", demo_newsroom.FIRST_TOPICS, places=2
        )
        self._vote(self._first_round, demo_newsroom.FIRST_VOTES)

    def _open_second(self) -> None:
        second = self._open_round("What should we cover in the new year?", demo_newsroom.SECOND_TOPICS, places=3)
        # The demo's own patron is left out: voting is what its visitors come to try.
        self._vote(second, demo_newsroom.SECOND_VOTES, leave_out=demo_newsroom.PATRON)
        title, summary = demo_newsroom.SUGGESTION
        with self._tools.database.transaction() as session:
            suggester = people.known(session, GIVERS[3].email)
            topics.suggest(session, suggester.id, topics.Words(title, summary), True, self._town.now())

    def _open_round(self, title: str, words: list[tuple[str, str, int]], places: int) -> int:
        now = self._town.now()
        with self._tools.database.transaction() as session:
            editor = people.known(session, demo_newsroom.EDITOR[0]).id
            made = [
                topics.create(session, topics.Words(head, text, "en", days), editor, now).id
                for head, text, days in words
            ]
            terms = rounds.Terms(title, demo_newsroom.PROMISE, places, now, _evening(now + ROUND_LASTS), most_ticks=3)
            drafted = rounds.draft(session, terms, editor, now)
            rounds.set_topics(session, drafted.id, made, editor, now)
            rounds.open_round(session, drafted.id, self._secret, editor, now)
        return drafted.id

    def _vote(self, round_id: int, votes: list[tuple[int, ...]], leave_out: str = "") -> None:
        now = self._town.now()
        with self._tools.database.reading() as session:
            voters = session.scalars(select(Person).where(standing.patron_clause(Person.id, now)).order_by(Person.id))
            patrons = [person.id for person in voters if person.email != leave_out]
        for number, (person_id, choices) in enumerate(zip(patrons, votes, strict=False)):
            with self._tools.database.transaction() as session:
                ticked, submission = map(str, choices), f"demo-{round_id}-{number}"
                voting.cast(session, round_id, person_id, ticked, submission, now, self._secret)

    def _publish(self) -> None:
        wire.wait_for("closing the first round", self._first_is_closed)
        with self._tools.database.transaction() as session:
            editor = people.known(session, demo_newsroom.EDITOR[0]).id
            winner = rounds.topic_ids(session, self._first_round)[0]
            topics.publish(session, winner, demo_newsroom.STORY_URL, editor, self._town.now())

    def _first_is_closed(self) -> bool:
        with self._tools.database.reading() as session:
            return session.get_one(Round, self._first_round).closed_at is not None


def _evening(moment: datetime) -> datetime:
    """Return six in the evening UTC of that day, as people close a vote at a time one can remember."""
    return moment.replace(hour=18, minute=0, second=0, microsecond=0)
