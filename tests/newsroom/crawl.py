"""Asks for every address there is, as everybody there is, and makes answers comparable."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.routing import BuildError, Rule
from werkzeug.test import TestResponse

# What differs from one answer to the next whatever is asked: one-time ids, form tokens, nonces, serial numbers.
ONE_TIME = re.compile(rb"(?<=value=\")[\w-]{22}(?=\")|[0-9a-f]{32,}|I[jm][\w-]{20,}\.[\w.-]+|nonce-[\w+/=-]+")
# Whatever might ask for a list in another order or for other numbers.
QUESTION = "?sort=votes&order=votes&k=3&seats=3&state=on%20ballot&view=list&limit=1"
EVERY, VOTING = re.compile(""), re.compile("topics|rounds|owed|stories|feeds|api")
LONGEST_READ = 2_000_000


class Plain(FlaskClient):
    """A browser that speaks to the service under its own address, and reads whatever comes."""

    base_url: str

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:
        """Send a request."""
        if args and isinstance(args[0], str):
            kwargs.setdefault("base_url", self.base_url)
        return super().open(*args, **kwargs)


@dataclass(frozen=True)
class Visitor:
    """Somebody who asks: their browser, what it sends besides, and their form token."""

    name: str
    browser: FlaskClient
    headers: Mapping[str, str]
    form_token: str = ""


@dataclass(frozen=True)
class Answer:
    """What somebody got: status, the headers that could tell something, the body without what is used once."""

    status: int
    etag: str | None
    body: bytes

    @property
    def text(self) -> str:
        """The body as text; what is no text gives signs nobody looks for."""
        return self.body.decode("utf-8", "replace")


def addresses(app: Flask, values: Mapping[str, object], method: str) -> list[str]:
    """Return the address of each route that answers `method`; `values` fill in what a route asks for."""
    rules = [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ()) and rule.endpoint != "static"]
    return sorted({_address(app, rule, values) for rule in rules})


def asked(visitor: Visitor, address: str) -> Answer:
    """Return what `visitor` gets at `address`."""
    answer = visitor.browser.get(address, headers=dict(visitor.headers))
    body = answer.get_data()[:LONGEST_READ]
    return Answer(answer.status_code, answer.headers.get("ETag"), ONE_TIME.sub(b"", body))


def everything(
    app: Flask, visitors: list[Visitor], values: Mapping[str, object], only: re.Pattern[str] = EVERY
) -> Iterator[tuple[str, Answer]]:
    """Yield what each of `visitors` gets at each address, under "who: address"; `only` at some."""
    for address in filter(only.search, addresses(app, values, "GET")):
        for visitor in visitors:
            first = asked(visitor, address)
            yield f"{visitor.name}: {address}", first
            if first.status == 200 and VOTING.search(address):
                yield f"{visitor.name}: {address}{QUESTION}", asked(visitor, address + QUESTION)


def _address(app: Flask, rule: Rule, values: Mapping[str, object]) -> str:
    wanted = {name: values.get(name, "1") for name in rule.arguments}
    with app.test_request_context():
        try:
            return app.url_map.bind("").build(rule.endpoint, wanted, method=None)
        except BuildError as error:
            raise AssertionError(f"give {rule.rule} a value for each of {sorted(rule.arguments)}") from error
