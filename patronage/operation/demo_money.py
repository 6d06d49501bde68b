"""What befalls money in the demo's year: refunds, disputes, a warning, a pause, presents, gifts by hand, the books."""

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from flask import current_app
from sqlalchemy import select

from patronage.books import closing, month_pages, months
from patronage.books.manual_gifts import Entered
from patronage.books.models import Channel
from patronage.books.papers import entities, sending, statements
from patronage.giving.keeping import changing, deeds
from patronage.giving.memberships import addresses, complimentary, gifts
from patronage.giving.memberships.complimentary import Given
from patronage.giving.memberships.gifts import Giver as FromWhom
from patronage.giving.memberships.models import Present
from patronage.giving.memberships.pricing import Editor
from patronage.giving.returning import refunding
from patronage.giving.returning import sending as refunds
from patronage.giving.returning.refunding import Wanted
from patronage.giving.standing import Policy
from patronage.operation import demo_newsroom
from patronage.operation.demo_town import Town

FREE_FOR = timedelta(days=400)
CLOSED_ON = 10  # of the month: by then the month before is settled
CLOSED_UNTIL_DAY = 345  # what is over after that is left to be closed by whoever looks
STATEMENTS_FROM = 21  # day of the new year
NO_FOUR_EYES = 10**9


class Money:
    """What is done with money on some days of the year, by the pages and by the rules that the desk's pages use."""

    def __init__(self, town: Town, policy: Policy) -> None:
        self._town, self._policy = town, policy
        self._began, self._has_sent = town.now().astimezone(policy.zone), False
        self._deeds: dict[int, Callable[[], None]] = {
            100: self._invite,
            125: self._enter_grant,
            130: self._give_present_early,
            140: self._redeem_present,
            190: self._lose_dispute,
            205: self._give_part_back,
            215: self._give_all_back,
            300: self._enter_transfer,
            340: self._pause,
            345: self._warn,
            350: self._give_present,
            360: self._dispute,
        }

    @property
    def days(self) -> list[int]:
        """The days on which there is something to do."""
        return list(self._deeds)

    def live(self, day: int) -> None:
        """Do what falls on `day`, close the month that is settled, and send the statements of the year that is over."""
        if day in self._deeds:
            self._deeds[day]()
            self._town.settle()
        today = self._town.now().astimezone(self._policy.zone)
        if today.day >= CLOSED_ON and day <= CLOSED_UNTIL_DAY:
            self._close_month(today)
        if today.year > self._began.year and today.timetuple().tm_yday >= STATEMENTS_FROM and not self._has_sent:
            self._send_statements(today.year - 1)

    def _by(self, who: tuple[str, str, str]) -> Editor:
        return Editor(self._town.person(who[0]), self._town.now())

    def _close_month(self, today: datetime) -> None:
        """Close the month before that of `today`, unless that was done."""
        zone, by = self._policy.zone, self._by(demo_newsroom.BOOKKEEPER)
        month = months.month_of(today.replace(day=1) - timedelta(days=1), zone)
        looks = current_app.extensions[month_pages.LOOKS]
        if month < months.month_of(self._began, zone):
            return
        with self._town.tools.database.transaction() as session:
            closed = months.closed_until(session)
            if closed is None or closed < months.begin_of(months.next_after(month), zone):
                closing.close(session, month, zone, looks, nevertheless=True, by=by.person_id, now=by.now)

    def _send_statements(self, year: int) -> None:
        self._has_sent, by = True, self._by(demo_newsroom.BOOKKEEPER)
        with self._town.tools.database.transaction() as session:
            entity = entities.all_of(session)[0]
            wanted = statements.year_called(entity, year, self._policy.zone)
            sending.start(session, entity.id, wanted, by.person_id, by.now)
        self._town.settle()

    def _invite(self) -> None:
        """Make a photographer a patron who pays with pictures."""
        email, why = demo_newsroom.INVITED
        by = self._by(demo_newsroom.ADMIN)
        given = Given(email, by.now + FREE_FOR, why, "demo-invited")
        with self._town.tools.database.transaction() as session:
            complimentary.give(session, given, self._policy, by, demo_newsroom.CURRENCY)

    def _enter_grant(self) -> None:
        name, minor, note = demo_newsroom.GRANT
        self._enter(Channel.GRANT, minor, name, note, FromWhom(None, None))

    def _enter_transfer(self) -> None:
        """Enter a bank transfer that makes its giver a patron for a year."""
        name, email, minor, note = demo_newsroom.TRANSFER
        until = self._town.now() + timedelta(days=365)
        self._enter(Channel.BANK_TRANSFER, minor, name, note, FromWhom(email, until))

    def _enter(self, channel: Channel, minor: int, name: str, note: str, giver: FromWhom) -> None:
        by = self._by(demo_newsroom.BOOKKEEPER)
        entered = Entered(channel, minor, demo_newsroom.CURRENCY, by.now, name, note, f"demo-{channel}")
        with self._town.tools.database.transaction() as session:
            gifts.enter(session, entered, giver, self._policy, by)

    def _give_present_early(self) -> None:
        self._buy(demo_newsroom.PRESENTS[0])

    def _give_present(self) -> None:
        self._buy(demo_newsroom.PRESENTS[1])

    def _buy(self, said: dict[str, str]) -> None:
        today = self._town.now().astimezone(self._policy.zone).date()
        form = {"currency": demo_newsroom.CURRENCY, "deliver_on": today.isoformat(), **said}
        self._town.pay("/support/present", form, said["email"])

    def _redeem_present(self) -> None:
        """Press the button on the page that the present's letter leads to."""
        email = demo_newsroom.PRESENTS[0]["recipient_email"]
        with self._town.tools.database.reading() as session:
            present = session.scalars(select(Present).where(Present.recipient_email == email)).one()
        value = urlsplit(addresses.redeem_address(present.reference)).query.removeprefix("present=")
        self._town.send("/support/present/redeem", {"present": value, "email": email})

    def _give_part_back(self) -> None:
        self._give_back("tomasz@reader.example", 5000, "Meant to give 50, typed 100")

    def _give_all_back(self) -> None:
        self._give_back("noor@reader.example", 4000, "Gave twice by mistake, once by bank transfer")

    def _give_back(self, email: str, minor: int, why: str) -> None:
        payment, by = self._town.payment(email), self._by(demo_newsroom.BOOKKEEPER)
        wanted = Wanted(minor, why, f"demo-{email}")
        with self._town.tools.database.transaction() as session:
            asked = refunding.ask(session, payment.id, wanted, by.person_id, NO_FOUR_EYES, by.now)
        refunds.send(self._town.tools, self._policy, asked.id)

    def _lose_dispute(self) -> None:
        """Have a bank take a payment back, which nothing could be said against."""
        dispute = self._town.control("POST", "disputes", {"charge": self._charge("bianca@reader.example")})
        self._town.settle()
        self._town.control("POST", f"disputes/{dispute['id']}", {"status": "lost"})

    def _dispute(self) -> None:
        """Have a bank ask for a payment back; the answer is left to whoever looks."""
        self._town.control("POST", "disputes", {"charge": self._charge("eleanor@reader.example")})

    def _warn(self) -> None:
        self._town.control("POST", "early_fraud_warnings", {"charge": self._charge("kurt@reader.example")})

    def _charge(self, email: str) -> str:
        return str(self._town.payment(email).charge_id)

    def _pause(self) -> None:
        """Let a pledge rest for two months, as its patron would."""
        pledge = self._town.pledge("oksana@reader.example")
        deeds.do(self._town.tools, self._policy, pledge, changing.pause(pledge, 2, self._town.now()))
