"""The votes of the demo's year: ideas and who backs them, three rounds, decisions, and what voters were told."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from patronage.ballots import rounds, topics, voting
from patronage.ballots.deciding import decisions, telling
from patronage.ballots.deciding.decisions import Wanted
from patronage.ballots.deciding.models import Telling, Tidings
from patronage.ballots.electing import whys
from patronage.ballots.models import ReasonState, Round
from patronage.ballots.sealing import certifying, recounting
from patronage.ballots.suggesting import backing, merging
from patronage.books.manual_gifts import Entered
from patronage.books.models import Channel
from patronage.giving import standing
from patronage.giving.memberships import gifts
from patronage.giving.memberships.gifts import Giver
from patronage.giving.memberships.pricing import Editor
from patronage.giving.standing import Policy
from patronage.operation import demo_newsroom, demo_topics, wire
from patronage.operation.demo_topics import Idea
from patronage.operation.demo_town import Town
from patronage.people import people
from patronage.people.models import Person

LASTS = timedelta(days=14)
MEMBERS_FOR = timedelta(days=365)
Votes = Iterable[tuple[int, tuple[int, ...]]]


class Voting:
    """What patrons and editors do about topics on some days of the year, by the rules that the pages use."""

    def __init__(self, town: Town, policy: Policy, secret: str) -> None:
        self._town, self._policy, self._secret = town, policy, secret
        self._tools = town.tools
        self._taken_up: list[int] = []
        self._first = 0
        self._deeds: dict[int, Callable[[], None]] = {
            225: self._club_joins,
            230: self._suggest,
            240: self._open_first,
            255: self._certify_and_decide,
            290: self._publish,
            320: self._open_middle,
            335: self._wait_for_closing,
            360: self._open_last,
        }

    @property
    def days(self) -> list[int]:
        """The days on which there is something to do."""
        return list(self._deeds)

    def live(self, day: int) -> None:
        """Do what falls on `day`."""
        if day in self._deeds:
            self._deeds[day]()

    def _editor(self, session: Session) -> int:
        return people.known(session, demo_newsroom.EDITOR[0]).id

    def _club_joins(self) -> None:
        """Enter the gifts of a club's members, each of which makes its giver a patron for a year."""
        name, minor, note = demo_topics.CLUB
        now = self._town.now()
        by = Editor(self._town.person(demo_newsroom.BOOKKEEPER[0]), now)
        with self._tools.database.transaction() as session:
            for each in demo_topics.CLUB_NAMES:
                giver = Giver(f"{each.lower()}@rowing.example", now + MEMBERS_FOR)
                entered = Entered(
                    Channel.BANK_TRANSFER, minor, demo_newsroom.CURRENCY, now, f"{each}, {name}", note, f"demo-{each}"
                )
                gifts.enter(session, entered, giver, self._policy, by)
        self._town.settle()

    def _suggest(self) -> None:
        with self._tools.database.transaction() as session:
            made = [self._write_idea(session, idea) for idea in demo_topics.IDEAS]
            editor, now = self._editor(session), self._town.now()
            first, second, like_second, declined = made
            merging.merge(session, like_second, second, editor, now)
            topics.decline(session, declined, demo_topics.DECLINED, editor, now)
            for topic_id, idea in zip((first, second), demo_topics.IDEAS, strict=False):
                topics.accept(session, topic_id, editor, now)
                topics.edit(session, topic_id, topics.Words(idea.title, idea.summary, "en", idea.days), editor, now)
            self._taken_up = [first, second]

    def _write_idea(self, session: Session, idea: Idea) -> int:
        now = self._town.now()
        words = topics.Words(idea.title, idea.summary)
        topic = topics.suggest(session, people.known(session, idea.by).id, words, idea.credit, now, tell=True)
        if idea.backers:
            topics.show(session, topic.id, self._editor(session), now)
        for person_id in self._patrons(session)[: idea.backers]:
            backing.back(session, topic.id, person_id, now)
        return topic.id

    def _patrons(self, session: Session, leave_out: str = "") -> list[int]:
        voters = session.scalars(
            select(Person).where(standing.patron_clause(Person.id, self._town.now())).order_by(Person.id)
        )
        return [person.id for person in voters if person.email != leave_out]

    def _open_first(self) -> None:
        self._first = self._open("What should we dig into this autumn?", demo_topics.FIRST_TOPICS, 2, self._taken_up)
        self._vote(self._first, demo_topics.FIRST_VOTES)

    def _open_middle(self) -> None:
        middle = self._open("One small thing we could find out this month", demo_topics.MIDDLE_TOPICS, 2)
        self._vote(middle, demo_topics.MIDDLE_VOTES)

    def _open_last(self) -> None:
        last = self._open("What should we cover in the new year?", demo_topics.LAST_TOPICS, 3)
        # The demo's own patron is left out: voting is what its visitors come to try.
        self._vote(last, demo_topics.LAST_VOTES, leave_out=demo_newsroom.PATRON)
        with self._tools.database.transaction() as session:
            for idea in demo_topics.LATER_IDEAS:
                self._write_idea(session, idea)

    def _open(self, title: str, asked: Sequence[tuple[str, str, int]], places: int, taken: Sequence[int] = ()) -> int:
        now = self._town.now()
        with self._tools.database.transaction() as session:
            editor = self._editor(session)
            words = [topics.Words(head, text, "en", days) for head, text, days in asked]
            made = [*taken, *(topics.create(session, each, editor, now).id for each in words)]
            terms = rounds.Terms(
                title, demo_topics.PROMISE, places, now, _evening(now + LASTS), most_ticks=3, asks_why=True,
                budget_days=15,
            )  # fmt: skip
            drafted = rounds.draft(session, terms, editor, now)
            rounds.set_topics(session, drafted.id, made, editor, now)
            rounds.open_round(session, drafted.id, self._secret, editor, now)
        return drafted.id

    def _vote(self, round_id: int, votes: Votes, leave_out: str = "") -> None:
        now = self._town.now()
        with self._tools.database.reading() as session:
            patrons = self._patrons(session, leave_out)
        ballots = [choices for number, choices in votes for _ in range(number)]
        said = {position: list(texts) for position, texts in demo_topics.WHYS.items()} if not leave_out else {}
        for number, (person_id, choices) in enumerate(zip(patrons, ballots, strict=False)):
            with self._tools.database.transaction() as session:
                ticked, submission = map(str, choices), f"demo-{round_id}-{number}"
                voting.cast(session, round_id, person_id, ticked, submission, now, self._secret)
                reason = {position: said[position].pop(0) for position in choices[:1] if said.get(position)}
                whys.give(session, round_id, person_id, reason, now, self._secret)

    def _wait_for_closing(self) -> None:
        wire.wait_for("closing a round", self._all_over_are_closed)

    def _all_over_are_closed(self) -> bool:
        late = select(Round.id).where(Round.closed_at.is_(None), Round.closes_at <= self._town.now())
        with self._tools.database.reading() as session:
            return session.scalar(late.limit(1)) is None

    def _certify_and_decide(self) -> None:
        """Certify the first result; of its two winners one is covered, and instead of the other something else."""
        self._wait_for_closing()
        now = self._town.now()
        with self._tools.database.reading() as session:
            agreed = recounting.agreed(session, self._first)
        with self._tools.database.transaction() as session:
            editor, round_ = self._editor(session), session.get_one(Round, self._first)
            certifying.certify(session, self._first, agreed, editor, now)
            for reason in whys.to_moderate(session, round_, ReasonState.WAITING):
                whys.show(session, round_, reason.id, editor, now)
            flats, schools, _buses, river, *_rest = rounds.topic_ids(session, self._first)
            why = {schools: demo_topics.WHY_NOT, river: demo_topics.INSTEAD}
            decisions.decide(session, self._first, Wanted(frozenset({flats, river}), why), editor, now)
            for topic_id in (flats, river):
                topics.assign(session, topic_id, demo_topics.REPORTER, editor, now)
        self._tell(Tidings.WHY_NOT, demo_topics.WHY_NOT_NOTE)

    def _publish(self) -> None:
        with self._tools.database.transaction() as session:
            flats = rounds.topic_ids(session, self._first)[0]
            topics.publish(session, flats, demo_topics.STORY_URL, self._editor(session), self._town.now())
        self._tell(Tidings.STORY, demo_topics.STORY_NOTE)

    def _tell(self, about: Tidings, note: str) -> None:
        with self._tools.database.transaction() as session:
            owed = select(Telling).where(Telling.about == about, Telling.told_at.is_(None))
            for row in session.scalars(owed).all():
                telling.write_notes(session, row.id, {"en": note})
                telling.send(session, row.id, self._editor(session), self._town.now())
        self._town.settle()


def _evening(moment: datetime) -> datetime:
    """Return six in the evening UTC of that day, as people close a vote at a time one can remember."""
    return moment.replace(hour=18, minute=0, second=0, microsecond=0)
