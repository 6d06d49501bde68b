"""A patron who manages a pledge, in a few words."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from patronage.foundation.tools import Tools
from patronage.giving.gateway import Answer, Gateway, GatewayUnknown
from patronage.giving.models import Pledge
from patronage.people import people
from tests.fixtures.app import SignIn
from tests.giving.readers import Readers, pledges
from tests.giving.supporting import words

ANN = "ann@reader.example"


@dataclass
class Patron:
    """A patron's browser, what its forms must carry, and the reference of the pledge."""

    browser: FlaskClient
    token: str
    reference: str
    readers: Readers

    @property
    def pledge(self) -> Pledge:
        """The pledge as it stands in our database."""
        with self.readers.tools.database.reading() as session:
            return next(pledge for pledge in pledges(session) if pledge.reference == self.reference)

    @property
    def subscription(self) -> Any:
        """The subscription as it stands at Stripe."""
        return self.readers.stripe.api.subscriptions.retrieve(self.pledge.stripe_subscription_id)

    def path(self, deed: str) -> str:
        """Return the address of a page of the pledge."""
        return f"/account/pledges/{self.reference}/{deed}"

    def see(self, deed: str) -> str:
        """Return what a page of the pledge says (change, date, pause, …)."""
        return words(self.browser.get(self.path(deed)))

    def press(self, deed: str, **fields: str) -> int:
        """Send the form `deed`; return the status."""
        return self.send(deed, **fields).status_code

    def send(self, deed: str, **fields: str) -> TestResponse:
        """Send the form `deed`; return the answer."""
        return self.browser.post(self.path(deed), data={"csrf_token": self.token, **fields})

    def account(self) -> str:
        """Return what the account says."""
        return words(self.browser.get("/account"))

    def later(self, **span: int) -> None:
        """Let time pass, and apply what Stripe tells of it; the hour in which an invoice is a draft too."""
        seen = len(self.readers.stripe.events())
        self.readers.stripe.advance(**span)
        self.readers.stripe.advance(seconds=4000)
        self.readers.catch_up(seen)

    def told(self) -> None:
        """Carry everything Stripe tells once more, as if it had been late."""
        events = [{**event, "id": event["id"] + "x"} for event in self.readers.stripe.events()]
        self.readers.stripe.deliver(self.readers.app, *events)
        self.readers.apply()


class CutOff(Gateway):
    """The real gateway, whose connection is cut at one call: before Stripe hears it, or after it was done."""

    calls_left, was_done = 0, False

    def cut(self, call: int, was_done: bool) -> None:
        """Cut the connection at the `call`th call from now on."""
        self.calls_left, self.was_done = call, was_done

    def call(self, ask: Callable[[Any], Any]) -> Answer:
        """Ask Stripe, unless this is the call that is cut. Raises `GatewayUnknown` then."""
        self.calls_left -= 1
        if self.calls_left != 0:
            return super().call(ask)
        if self.was_done:
            super().call(ask)
        raise GatewayUnknown


def enter(browser: FlaskClient, email: str, tools: Tools, signed_in: SignIn) -> str:
    """Sign somebody in; return what their forms must carry."""
    with tools.database.transaction() as session:
        person = people.find_or_add(session, email, tools.clock.now())
    return signed_in(browser, person)
