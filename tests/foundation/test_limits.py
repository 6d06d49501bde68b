"""Limits: counted in the database for all processes, by network, and open when they cannot be counted."""

import threading
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.tools import Tools
from patronage.foundation.web import limits
from patronage.foundation.web.limits import LimitCount, TooOften, allow, network

RULE = "3 per hour"


def _allowed(app: Flask, times: int, *who: str) -> int:
    """How often of `times` it was allowed."""
    allowed = 0
    with app.test_request_context():
        for _ in range(times):
            try:
                allow(RULE, *who)
            except TooOften:
                continue
            allowed += 1
    return allowed


def test_what_is_done_too_often_is_refused_until_the_hour_is_over(app: Flask, clock: FrozenClock) -> None:
    assert _allowed(app, 5, "somebody") == 3
    clock.advance(minutes=59)
    assert _allowed(app, 1, "somebody") == 0
    clock.advance(minutes=2)
    assert _allowed(app, 5, "somebody") == 3


def test_everybody_has_a_count_of_their_own(app: Flask) -> None:
    assert _allowed(app, 5, "one") == 3
    assert _allowed(app, 5, "other") == 3


def test_requests_at_once_never_get_more(app: Flask) -> None:
    allowed: list[int] = []
    threads = [threading.Thread(target=lambda: allowed.append(_allowed(app, 2, "somebody"))) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sum(allowed) == 3


def test_the_table_tells_nobody_who_it_was(app: Flask, tools: Tools) -> None:
    _allowed(app, 1, "sign-in to", "reader@example.org")
    with tools.database.reading() as session:
        (key,) = session.scalars(select(LimitCount.key))
    assert "reader" not in key


def test_limits_fail_open_since_a_locked_counter_must_not_stop_a_gift(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(_database: Database) -> None:
        raise OperationalError("UPDATE", {}, Exception("locked"))

    monkeypatch.setattr(Database, "transaction", gone)
    assert _allowed(app, 5, "somebody") == 5


def test_counts_that_are_over_are_forgotten(app: Flask, tools: Tools, clock: FrozenClock) -> None:
    def counts() -> int | None:
        with tools.database.reading() as session:
            return session.scalar(select(func.count()).select_from(LimitCount))

    _allowed(app, 1, "somebody")
    assert not limits.forget_past(tools)
    assert counts() == 1
    clock.advance(hours=2, minutes=1)
    assert limits.forget_past(tools)
    assert counts() == 0
    assert not limits.forget_past(tools)


@pytest.fixture
def network_of(app: Flask) -> Callable[[str], str]:
    def asked(address: str) -> str:
        with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
            return network()

    return asked


@pytest.mark.parametrize(
    ("address", "asking"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2ff::1", "2001:db8:1:200::/56"),
        ("2001:db8:1:201:ffff::9", "2001:db8:1:200::/56"),
        ("2001:db8:1:300::1", "2001:db8:1:300::/56"),
        ("fe80::1%eth0", "fe80::/56"),
        ("", "unknown"),
        ("203.0.113.9, 10.0.0.1", "unknown"),
    ],
)
def test_one_home_is_one_network(network_of: Callable[[str], str], address: str, asking: str) -> None:
    assert network_of(address) == asking
