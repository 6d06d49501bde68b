"""What the sandbox's tests do again and again: open a checkout, pay it, let time pass, read the events."""

from typing import Any

import stripe

from patronage.sandbox import checkout, clock
from patronage.sandbox.serving import RunningSandbox
from patronage.sandbox.store import Store

Json = dict[str, Any]


class Desk:
    """A running sandbox with the real library beside it."""

    def __init__(self, running: RunningSandbox, client: stripe.StripeClient) -> None:
        self.running = running
        self.store: Store = running.store
        self.v1: Any = client.v1  # Any: tests say what they expect of an answer by using it
        self._client = client
        self._read = 0

    def ask(self, method: str, path: str, params: Json | None = None) -> Json:
        """One call by its path, as plain JSON."""
        answer: Json = self._client.raw_request(method, path, **(params or {})).data
        return answer

    def open(self, mode: str, **more: Any) -> Any:
        """A checkout session over five euros, once or each month."""
        data: Json = {"currency": "eur", "unit_amount": 500, "product_data": {"name": "Support"}}
        if mode == "subscription":
            data["recurring"] = {"interval": "month"}
            more.setdefault("subscription_data", {"metadata": {"pledge": "7"}})
        params: Any = {
            "mode": mode,
            "line_items": [{"price_data": data, "quantity": 1}],
            "success_url": "https://news.example/thanks?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "https://news.example/support",
            "metadata": {"pledge": "7"},
            **more,
        }
        session = self.v1.checkout.sessions.create(params)
        self._unread()
        return session

    def pay(self, session: Any, **how: Any) -> Json:
        """Pay a session as the hosted page does."""
        return checkout.pay(self.store, session.id, **how)

    def patron(self, **how: Any) -> Any:
        """A subscription that has just been paid for the first time."""
        session = self.open("subscription")
        assert self.pay(session, **how)["status"] == "complete"
        self._unread()
        return self.v1.subscriptions.retrieve(self.session(session).subscription)

    def session(self, session: Any) -> Any:
        """The session as it is now."""
        return self.v1.checkout.sessions.retrieve(session.id)

    def pass_time(self, **length: int) -> None:
        """Let sandbox time pass."""
        clock.advance(self.store, **length)

    def events(self) -> list[Any]:
        """The events since they were last read, oldest first, as stripe objects."""
        return [self.v1.events.retrieve(event["id"]) for event in self._unread()]

    def news(self) -> list[str]:
        """The types of the events since they were last read, oldest first."""
        return [event["type"] for event in self._unread()]

    def _unread(self) -> list[Json]:
        """The id and type of each event since they were last read, oldest first; now they are read."""
        with self.store.read() as tx:
            rows = tx.sql("SELECT seq, id, type FROM events WHERE seq > ? ORDER BY seq", (self._read,)).fetchall()
        if rows:
            self._read = rows[-1]["seq"]
        return [{"id": row["id"], "type": row["type"]} for row in rows]
