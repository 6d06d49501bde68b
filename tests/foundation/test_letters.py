"""Letters as they go out: encoded so that every mail server and program can carry and read them."""

from datetime import datetime

from flask import Flask

from patronage.foundation.letters import compose
from patronage.foundation.outbox import Letter

LONGEST = 78  # signs of a line in a body, as RFC 5322 advises; encoded ones have 76 at most (RFC 2045)


def test_no_line_of_a_body_is_too_long_for_a_mail_server(app: Flask, now: datetime) -> None:
    letter = Letter(
        kind="people/sign_in", data={"nonce": "abc", "email": "ann@reader.example", "next": ""}, language="uk",
        to_address="ann@reader.example", written_at=now, message_id="<1@newsroom.example>",
    )  # fmt: skip
    with app.test_request_context("/"):
        message = compose(
            letter, {"code": "123456", "minutes": 15, "url": "https://support.example.org/sign-in/" + "a" * 200}
        )
    _headers, _, bodies = message.as_bytes().partition(b"\n\n")
    assert max(map(len, bodies.splitlines())) <= LONGEST
