"""The letters the demo's app has sent, read from the Maildir it writes to."""

import email.policy
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.message import EmailMessage
from email.parser import BytesParser
from functools import lru_cache
from pathlib import Path


@dataclass(frozen=True)
class Letter:
    """One letter; `sent` is its Date in unix seconds, `key` its name in the Maildir without flags."""

    key: str
    sent: int
    sender: str
    to: str
    subject: str
    message_id: str
    text: str
    html: str
    headers: dict[str, str] = field(default_factory=dict)
    attachments: tuple[str, ...] = ()


def letters(folder: Path | None, *, to: str | None = None) -> list[Letter]:
    """Every letter, newest first; only those to an address where one is given."""
    found = [_read(path, path.stat().st_mtime_ns) for path in _files(folder)]
    if to is not None:
        found = [letter for letter in found if to.lower() in letter.to.lower()]
    return sorted(found, key=lambda letter: (letter.sent, letter.key), reverse=True)


def letter(folder: Path | None, key: str) -> Letter | None:
    """The letter of that key, or None."""
    for path in _files(folder):
        if _key(path) == key:
            return _read(path, path.stat().st_mtime_ns)
    return None


def _files(folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    return [path for part in ("new", "cur") for path in (folder / part).glob("*") if path.is_file()]


def _key(path: Path) -> str:
    return path.name.partition(":")[0]


@lru_cache(maxsize=20000)  # letters in a Maildir never change: the second look at thousands costs nothing
def _read(path: Path, changed: int) -> Letter:
    message = BytesParser(EmailMessage, policy=email.policy.default).parsebytes(path.read_bytes())
    return Letter(
        key=_key(path),
        sent=_sent(message, changed),
        sender=str(message.get("From", "")),
        to=str(message.get("To", "")),
        subject=str(message.get("Subject", "")),
        message_id=str(message.get("Message-ID", "")),
        text=_body(message, "plain"),
        html=_body(message, "html"),
        headers={name: str(value) for name, value in message.items()},
        attachments=tuple(part.get_filename() or "unnamed" for part in message.iter_attachments()),
    )


def _sent(message: EmailMessage, changed: int) -> int:
    date = getattr(message.get("Date"), "datetime", None)
    if not isinstance(date, datetime):
        return changed // 10**9
    return int((date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp())


def _body(message: EmailMessage, kind: str) -> str:
    part = message.get_body((kind,))
    return str(part.get_content()) if part is not None else ""
