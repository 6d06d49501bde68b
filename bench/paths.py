"""The paths measured beside the limits, as their senders send them: pages for strangers, Stripe's events, votes."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from flask import Flask
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy import event

from bench import newsroom
from bench.load import request
from bench.serving import SECRET, WEBHOOK_SECRET, settings_for
from patronage.app import create_app, tools_for
from patronage.ballots import rounds
from patronage.foundation.database import Database
from patronage.foundation.settings import Settings

ASKED = 12  # topics on the ballot

Requests = Callable[[int], list[bytes]]


@dataclass(frozen=True)
class Limit:
    """What Flask itself can do: `requests(n)` are the next n requests."""

    name: str
    requests: Requests


@dataclass(frozen=True)
class Path:
    """A path of ours, the limit beside it, and which part of that limit it should reach; `status` is its answer."""

    name: str
    limit: str
    goal: float
    status: int
    requests: Requests


LIMITS = (
    Limit("hello", lambda number: [request("GET", "/hello", {"Host": "127.0.0.1"})] * number),
    Limit("commit1", lambda number: [request("POST", "/commit1", {"Host": "127.0.0.1"})] * number),
)


def prepared(url: str, port: int, voters: int) -> tuple[Path, ...]:
    """Fill the newsroom at `url`, which answers on `port`, with `voters` patrons; return its paths."""
    settings = Settings(_env_file=None, **settings_for(url, port))
    tools = tools_for(settings)
    now = datetime.now(UTC)
    with tools.database.transaction() as session:
        newsroom.add_patrons(session, voters, now)
        newsroom.add_terms(session)
        tokens = newsroom.sign_in(session, voters, now)
        closed = newsroom.open_round(session, ASKED, 3, now)
        rounds.close_round(session, closed, SECRET, None, now)
        asked = newsroom.open_round(session, ASKED, 3, now)
    app = create_app(settings, tools)
    host = {"Host": f"127.0.0.1:{port}"}
    votes = _votes(app, host, asked, tokens)
    made = (
        Path("support page", "hello", 0.85, 200, _page("/support", host)),
        Path("result page", "hello", 0.85, 200, _page(f"/topics/{closed}", host)),
        Path("webhook intake", "commit1", 0.65, 200, lambda number: [_event(host) for _ in range(number)]),
        Path("vote cast", "commit1", 0.40, 303, lambda number: [next(votes) for _ in range(number)]),
    )
    tools.database.close()
    return made


def _page(path: str, host: dict[str, str]) -> Requests:
    return lambda number: [request("GET", path, host)] * number


def _event(host: dict[str, str]) -> bytes:
    """Return one more signed event, such as Stripe sends after a renewal: about 2 KB."""
    name = secrets.token_hex(12)
    lines = [
        {"id": f"il_{name}{each}", "object": "line_item", "amount": 500, "currency": "eur", "quantity": 1,
         "period": {"start": 1_764_000_000, "end": 1_766_592_000}, "metadata": {"patronage_pledge": name}}
        for each in range(4)
    ]  # fmt: skip
    invoice = {
        "id": f"in_{name}", "object": "invoice", "status": "paid", "amount_paid": 500, "currency": "eur",
        "customer": f"cus_{name}", "subscription": f"sub_{name}", "billing_reason": "subscription_cycle",
        "customer_email": f"{name}@reader.example", "lines": {"object": "list", "data": lines}, "attempt_count": 1,
        "metadata": {}, "description": "A monthly gift. " * 20,
    }  # fmt: skip
    told = {
        "id": f"evt_{name}", "object": "event", "type": "invoice.paid", "livemode": False, "api_version": "2026-01-28",
        "created": int(time.time()), "pending_webhooks": 1, "data": {"object": invoice},
    }  # fmt: skip
    body = json.dumps(told, indent=2).encode()
    signed_at = str(int(time.time()))
    signature = hmac.new(WEBHOOK_SECRET.encode(), f"{signed_at}.".encode() + body, hashlib.sha256).hexdigest()
    headers = {"Stripe-Signature": f"t={signed_at},v1={signature}", "Content-Type": "application/json; charset=utf-8"}
    return request("POST", "/webhooks/stripe", host | headers, body)


def _votes(app: Flask, host: dict[str, str], round_id: int, tokens: list[str]) -> Iterator[bytes]:
    """Yield one vote of each patron in turn, with their own cookie and form token, as a browser sends it."""
    cookies: Any = app.session_interface
    signer = cookies.get_signing_serializer(app)
    forms = URLSafeTimedSerializer(SECRET, salt="wtf-csrf-token")
    for token in tokens:
        known = secrets.token_hex(20)
        cookie = signer.dumps({"_user_id": token, "_fresh": True, "csrf_token": known})
        ticked = [("choices", str(each)) for each in sorted(secrets.SystemRandom().sample(range(1, ASKED + 1), 5))]
        fields = [*ticked, ("submission", secrets.token_hex(16)), ("csrf_token", forms.dumps(known))]
        headers = {
            "Cookie": f"patronage={cookie}", "Content-Type": "application/x-www-form-urlencoded",
            "Origin": f"http://{host['Host']}", "Sec-Fetch-Site": "same-origin",
        }  # fmt: skip
        yield request("POST", f"/topics/{round_id}", host | headers, urlencode(fields).encode())


def statements(app: Flask, database: Database, sent: bytes) -> int:
    """Return how many SQL statements `app` needs to answer the request `sent`, transactions not counted."""
    head, _, body = sent.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, path, _version = first.split()
    headers = dict(line.split(": ", 1) for line in lines)
    seen: list[str] = []

    def see(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if not statement.startswith("BEGIN"):
            seen.append(statement)

    event.listen(database.engine, "before_cursor_execute", see)
    app.test_client(use_cookies=False).open(path, method=method, headers=headers, data=body)
    event.remove(database.engine, "before_cursor_execute", see)
    return len(seen)
