"""A form that trickles in holds up nobody: what was sent is read before anything is locked."""

from io import BytesIO
from typing import Any

from flask.testing import FlaskClient

from patronage.foundation.tools import Tools
from patronage.people import signing_in
from patronage.people.people import find_or_add


class SlowBody(BytesIO):
    """A body that notes, at each read, whether a writer's turn was taken meanwhile."""

    def __init__(self, body: bytes, tools: Tools) -> None:
        super().__init__(body)
        self.tools = tools
        self.held: list[bool] = []

    def read(self, size: int | None = -1, /) -> bytes:
        """Read as ever."""
        self.held.append(self.tools.database._turn.locked())
        return super().read(size)

    def readinto(self, buffer: Any, /) -> int:
        """Read as ever."""
        self.held.append(self.tools.database._turn.locked())
        return super().readinto(buffer)


def test_the_button_behind_a_link_is_read_before_the_link_is_locked(client: FlaskClient, tools: Tools) -> None:
    with client.application.app_context(), tools.database.transaction() as session:
        person = find_or_add(session, "reader@example.org", tools.clock.now())
        asked = signing_in.ask(session, person.id, tools.clock.now(), "", browser="another browser")
        url = signing_in.link_of(asked.nonce)
    body = SlowBody(b"confirmed=yes", tools)
    answer = client.post(
        "/sign-in/" + url.rpartition("/")[2],
        input_stream=body,
        content_length=13,
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code == 303
    assert body.held
    assert not any(body.held)
