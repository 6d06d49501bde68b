"""A year of membership life, day by day: people give, renew, fail and stop; a round is voted on and a story told."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select

from patronage.ballots import rounds, topics, voting
from patronage.ballots.models import Round
from patronage.foundation import identity
from patronage.foundation.tools import Tools
from patronage.giving import standing
from patronage.giving.memberships.models import TierPrice
from patronage.giving.models import Interval, Pledge, StripeEvent, SuggestedAmount, Tier
from patronage.operation import demo_newsroom, wire
from patronage.operation.demo_newsroom import GIVERS, Giver
from patronage.operation.demo_place import Place
from patronage.people import people, staff
from patronage.people.models import Person

STEP_DAYS = 5
ROUND_OPENS, ROUND_CLOSES, STORY_OUT, NEXT_ROUND = 240, 254, 290, 358
ROUND_LASTS = timedelta(days=14)
SETTLING_SECONDS = 60.0


def furnish(tools: Tools) -> None:
    """Write down what an administrator would say on the first day: names, tiers, amounts, staff."""
    now = tools.clock.now()
    with tools.database.transaction() as session:
        identity.describe(
            session,
            name=demo_newsroom.NAME,
            tagline=demo_newsroom.TAGLINE,
            story_line=demo_newsroom.STORY_LINE,
            contact_email=demo_newsroom.CONTACT,
            accent=demo_newsroom.ACCENT,
            logo_svg=demo_newsroom.LOGO,
            currency=demo_newsroom.CURRENCY,
        )
        for position, (name, benefits, monthly, yearly) in enumerate(demo_newsroom.TIERS):
            tier = Tier(name=name, benefits=benefits, position=position)
            session.add(tier)
            session.flush()
            prices = {"currency": demo_newsroom.CURRENCY, "monthly_minor": monthly, "yearly_minor": yearly}
            session.add(TierPrice(tier_id=tier.id, **prices))
        for interval, amounts in demo_newsroom.AMOUNTS.items():
            for amount, preselected in amounts:
                session.add(
                    SuggestedAmount(
                        interval=Interval(interval),
                        currency=demo_newsroom.CURRENCY,
                        amount_minor=amount,
                        preselected=preselected,
                    )
                )
        for email, name, role in demo_newsroom.STAFF:
            staff.grant(session, email, role, now).name = name


class Year:
    """Lives the year: moves the sandbox's clock and does what falls on each day, through the pages if there is one."""

    def __init__(self, place: Place, tools: Tools, secret: str) -> None:
        self._place, self._tools, self._secret = place, tools, secret
        self._first_round = 0
        self._deeds = self._schedule()

    def days(self, length: int) -> Iterator[int]:
        """Yield each day once it has been lived."""
        stops = sorted({*range(STEP_DAYS, length, STEP_DAYS), *self._deeds, length})
        today = 0
        for stop in stops:
            self._advance(stop - today)
            for giver in self._deeds.get(stop, []):
                self._join(giver)
            self._editors_deed(stop)
            yield from range(today, stop)
            today = stop

    def _schedule(self) -> dict[int, list[Giver]]:
        deeds: dict[int, list[Giver]] = {day: [] for day in (ROUND_OPENS, ROUND_CLOSES + 1, STORY_OUT, NEXT_ROUND)}
        for giver in GIVERS:
            deeds.setdefault(giver.day, []).append(giver)
            for day in filter(None, (giver.stops_on, giver.card_ends_on)):
                deeds.setdefault(day, [])
        return deeds

    def _advance(self, days: int) -> None:
        if days:
            wire.post_json(f"{self._place.sandbox_url}/_sandbox/clock/advance", {"days": days})
            self._settle()

    def _settle(self) -> None:
        """Wait until every event there is has been delivered and applied."""
        wire.wait_for("applying what Stripe told", lambda: self._settled() and self._settled(), SETTLING_SECONDS)

    def _settled(self) -> bool:
        if not wire.get_json(f"{self._place.sandbox_url}/_sandbox/deliveries/drained")["drained"]:
            return False
        with self._tools.database.reading() as session:
            waiting = select(func.count()).where(StripeEvent.applied_at.is_(None))
            return not session.scalar(waiting)

    def _join(self, giver: Giver) -> None:
        """Give as a reader does: the support page's form, Stripe's page, the webhook."""
        form = {
            "amount": giver.amount,
            "currency": demo_newsroom.CURRENCY,
            "interval": giver.interval,
            "email": giver.email,
            "source": giver.source,
            **({"cover_fees": "y"} if giver.cover_fees else {}),
        }
        status, headers, body = wire.post_form(f"{self._place.base_url}/support", form)
        if status != 303:
            raise RuntimeError(f"the support page answered {status}: {body[:300]!r}")
        session_id = urlsplit(headers["Location"]).path.rsplit("/", 1)[1]
        url = f"{self._place.sandbox_url}/_sandbox/checkout/{session_id}/pay"
        wire.post_json(url, {"card": demo_newsroom.CARD, "email": giver.email})
        self._settle()
        with self._tools.database.transaction() as session:
            people.known(session, giver.email).name = giver.name

    def _editors_deed(self, day: int) -> None:
        deeds = {ROUND_OPENS: self._open_first, STORY_OUT: self._publish, NEXT_ROUND: self._open_second}
        if day in deeds:
            deeds[day]()
        for giver in GIVERS:
            if giver.stops_on == day:
                subscription_id, _ = self._at_stripe(giver)
                self._tools.payments.end_at_period_end(subscription_id, f"demo-end-{giver.day}")
                self._settle()
            if giver.card_ends_on == day:
                self._spend_card(giver)

    def _spend_card(self, giver: Giver) -> None:
        """Have the next renewal declined: a bank does that at Stripe, without us."""
        subscription_id, customer_id = self._at_stripe(giver)
        card = self._ask_stripe(f"payment_methods/{demo_newsroom.SPENT_CARD}/attach", {"customer": customer_id})
        self._ask_stripe(f"subscriptions/{subscription_id}", {"default_payment_method": card["id"]})

    def _at_stripe(self, giver: Giver) -> tuple[str, str]:
        with self._tools.database.reading() as session:
            person = people.known(session, giver.email)
            pledge = session.scalars(select(Pledge).where(Pledge.person_id == person.id)).one()
        return str(pledge.stripe_subscription_id), str(pledge.stripe_customer_id)

    def _ask_stripe(self, path: str, fields: dict[str, str]) -> Any:
        headers = {"Authorization": "Bearer sk_test_demo", "Content-Type": "application/x-www-form-urlencoded"}
        url, body = f"{self._place.sandbox_url}/v1/{path}", urlencode(fields).encode()
        status, _, answer = wire.call("POST", url, body, headers)
        if status != 200:
            raise RuntimeError(f"{url} answered {status}: {answer[:300]!r}")
        return json.loads(answer)

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
            topics.suggest(session, suggester.id, topics.Words(title, summary), True, self._now())

    def _open_round(self, title: str, words: list[tuple[str, str, int]], places: int) -> int:
        now = self._now()
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
        now = self._now()
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
            topics.publish(session, winner, demo_newsroom.STORY_URL, editor, self._now())

    def _first_is_closed(self) -> bool:
        with self._tools.database.reading() as session:
            return session.get_one(Round, self._first_round).closed_at is not None

    def _now(self) -> datetime:
        return self._tools.clock.now()


def _evening(moment: datetime) -> datetime:
    """Return six in the evening UTC of that day, as people close a vote at a time one can remember."""
    return moment.replace(hour=18, minute=0, second=0, microsecond=0)
