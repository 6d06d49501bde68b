"""What a sandbox is told when it starts."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class SandboxSettings:
    """Where the sandbox keeps its state, and where it can be reached.

    `mail_dir` is a Maildir the demo's app writes to; `clock_file` receives the offset (seconds, as text)
    between real and sandbox time after every move; `deliver` starts the thread that sends webhooks;
    `starts_ago` (seconds) sets a new sandbox's clock back, so that a past can be lived in it; `payouts` is a new
    sandbox's schedule: daily, weekly or manual.
    """

    path: Path
    base_url: str
    mail_dir: Path | None = None
    clock_file: Path | None = None
    deliver: bool = True
    starts_ago: int = 0
    payouts: str = "manual"
