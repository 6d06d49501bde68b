"""The demo's town: its pages, the sandbox beside them and its clock, as whoever lives in it can use them."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from sqlalchemy import func, select

from patronage.books.models import Payment
from patronage.foundation.jobs import Job
from patronage.foundation.tools import Tools
from patronage.giving.models import Pledge, StripeEvent
from patronage.operation import demo_newsroom, wire
from patronage.operation.demo_newsroom import Giver
from patronage.operation.demo_place import Place
from patronage.people import people

SETTLING_SECONDS = 60.0


@dataclass(frozen=True)
class Town:
    """Where the demo's year is lived."""

    place: Place
    tools: Tools

    def now(self) -> datetime:
        """Return the moment it is in the demo, in UTC."""
        return self.tools.clock.now()

    def advance(self, days: int) -> None:
        """Let days pass, with all that Stripe does in them."""
        if days:
            self.control("POST", "clock/advance", {"days": days})
            self.settle()

    def control(self, method: str, path: str, asked: Any) -> Any:
        """Use one of the sandbox's own controls; return its answer. Raises `RuntimeError` when it refuses."""
        return wire.send_json(method, f"{self.place.sandbox_url}/_sandbox/{path}", asked)

    def settle(self) -> None:
        """Wait until every event there is has been delivered and applied, and what follows from it is done."""
        wire.wait_for("applying what Stripe told", lambda: self._settled() and self._settled(), SETTLING_SECONDS)

    def _settled(self) -> bool:
        if not wire.get_json(f"{self.place.sandbox_url}/_sandbox/deliveries/drained")["drained"]:
            return False
        with self.tools.database.reading() as session:
            events = select(func.count()).where(StripeEvent.applied_at.is_(None))
            todo = select(func.count()).where(Job.done_at.is_(None), Job.dead_at.is_(None), Job.due_at <= self.now())
            return not session.scalar(events) and not session.scalar(todo)

    def give(self, giver: Giver) -> None:
        """Give as a reader does: the support page's form, Stripe's page, the webhook."""
        form = {
            "amount": giver.amount,
            "currency": giver.currency,
            "interval": giver.interval,
            "email": giver.email,
            "source": giver.source,
            "offer": giver.offer,
            **({"cover_fees": "y"} if giver.cover_fees else {}),
        }
        self.pay("/support", form, giver.email)
        with self.tools.database.transaction() as session:
            people.known(session, giver.email).name = giver.name

    def pay(self, path: str, form: dict[str, str], email: str) -> None:
        """Send a form that leads to Stripe's page, and pay there. Raises `RuntimeError` when it leads elsewhere."""
        address = self.send(path, form)
        session_id = urlsplit(address).path.rsplit("/", 1)[1]
        self.control("POST", f"checkout/{session_id}/pay", {"card": demo_newsroom.CARD, "email": email})
        self.settle()

    def send(self, path: str, form: dict[str, str]) -> str:
        """Send a form as a reader's browser would; return where it leads on to. Raises `RuntimeError` if nowhere."""
        status, headers, body = wire.post_form(self.place.base_url + path, form)
        if status != 303:
            raise RuntimeError(f"{path} answered {status}: {body[:300]!r}")
        return str(headers["Location"])

    def ask_stripe(self, path: str, fields: dict[str, str]) -> Any:
        """Do at Stripe what is done there without us; return the object it answers."""
        headers = {"Authorization": "Bearer sk_test_demo", "Content-Type": "application/x-www-form-urlencoded"}
        url, body = f"{self.place.sandbox_url}/v1/{path}", urlencode(fields).encode()
        status, _, answer = wire.call("POST", url, body, headers)
        if status != 200:
            raise RuntimeError(f"{url} answered {status}: {answer[:300]!r}")
        return json.loads(answer)

    def person(self, email: str) -> int:
        """Return the id of somebody in the demo."""
        with self.tools.database.reading() as session:
            return people.known(session, email).id

    def pledge(self, email: str) -> Pledge:
        """Return the one pledge of somebody who gives through Stripe."""
        mine = select(Pledge).where(Pledge.person_id == self.person(email), Pledge.stripe_customer_id.is_not(None))
        with self.tools.database.reading() as session:
            return session.scalars(mine).one()

    def payment(self, email: str) -> Payment:
        """Return the last payment of somebody who gives through Stripe."""
        theirs = select(Payment).where(Payment.person_id == self.person(email), Payment.charge_id.is_not(None))
        with self.tools.database.reading() as session:
            return session.scalars(theirs.order_by(Payment.paid_at.desc()).limit(1)).one()
