"""How letters leave the house: SMTP, a Maildir the demo's mailbox shows, or a list that tests read."""

import contextlib
import mailbox
import smtplib
import ssl
from email.message import EmailMessage
from pathlib import Path
from typing import Protocol
from urllib.parse import parse_qs, unquote, urlsplit

TIMEOUT_SECONDS = 20
FOLDERS = ("tmp", "new", "cur")  # of a Maildir


class Post(Protocol):
    """What carries a letter away."""

    def send(self, message: EmailMessage) -> None:
        """Hand `message` over; returning means that the next station has taken it. Raises `OSError` otherwise."""


class Smtp:
    """Speaks to the newsroom's mail server at `smtp://user:password@host:587?tls=starttls` or `smtps://…`."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or "localhost"
        self._implicit = parts.scheme == "smtps"
        self._port = parts.port or (465 if self._implicit else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")
        self._starttls = parse_qs(parts.query).get("tls", [""])[0] == "starttls"

    def send(self, message: EmailMessage) -> None:
        """Hand `message` to the server. Raises `OSError` (`smtplib.SMTPException` is one) when it is not taken."""
        context = ssl.create_default_context()
        with contextlib.ExitStack() as stack:
            if self._implicit:
                server: smtplib.SMTP = smtplib.SMTP_SSL(
                    self._host, self._port, timeout=TIMEOUT_SECONDS, context=context
                )
            else:
                server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT_SECONDS)
            stack.enter_context(server)
            if self._starttls:
                server.starttls(context=context)
            if self._user:
                server.login(self._user, self._password)
            server.send_message(message)


class Maildir:
    """Lays letters into a folder; the demo's mailbox shows them."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Made here and not by the library, which fails when another process makes it at the same moment.
        for folder in (path, *(path / name for name in FOLDERS)):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._box = mailbox.Maildir(path, create=False)

    def send(self, message: EmailMessage) -> None:
        """Lay `message` into the folder."""
        self._box.add(message)


class Mailbox:
    """Keeps letters in a list, for tests."""

    def __init__(self) -> None:
        self.letters: list[EmailMessage] = []

    def send(self, message: EmailMessage) -> None:
        """Keep `message`."""
        self.letters.append(message)

    def to(self, address: str) -> list[EmailMessage]:
        """Return what was sent to `address`, oldest first."""
        return [letter for letter in self.letters if address in str(letter["To"])]


def post_for(url: str) -> Post:
    """Return what carries letters for the setting `PATRONAGE_SMTP_URL`."""
    if url.startswith("maildir:"):
        return Maildir(Path(unquote(urlsplit(url).path)))
    return Smtp(url)
