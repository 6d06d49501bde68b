"""Where the demo lives: its folder, its ports, and the settings it generated for itself."""

import os
import secrets
from dataclasses import dataclass
from pathlib import Path

DATABASE = "patronage.db"
OPENING = "# Written by `patronage demo`; point other commands at the running demo with these.\n"


class NotOurs(RuntimeError):
    """The folder holds a database that no demo has made."""


@dataclass(frozen=True)
class Place:
    """The demo's folder (`VAR`) and ports (`PORT`, `SANDBOX_PORT`)."""

    var: Path
    port: int
    sandbox_port: int

    @classmethod
    def from_environment(cls) -> "Place":
        """Read VAR, PORT and SANDBOX_PORT; raises `SystemExit` with a sentence when a port is no port."""
        return cls(Path(os.environ.get("VAR", "var")).resolve(), _port("PORT", 8000), _port("SANDBOX_PORT", 8010))

    @property
    def env_file(self) -> Path:
        """The settings of the demo, one a line."""
        return self.var / "demo.env"

    @property
    def built(self) -> Path:
        """A file that is there once the demo's year has been lived to its end."""
        return self.var / "demo.built"

    @property
    def log(self) -> Path:
        """What the demo's processes say."""
        return self.var / "demo.log"

    @property
    def base_url(self) -> str:
        """The address of the pages."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def sandbox_url(self) -> str:
        """The address of the stand-in for Stripe."""
        return f"http://127.0.0.1:{self.sandbox_port}"

    def begin_anew(self) -> None:
        """Clear away what an earlier, unfinished demo left in the folder; nothing else is touched.

        Raises `NotOurs` when a database lies there without the demo's settings: those are written before the demo's
        database is made, and a real newsroom's database lies at the same place by default.
        """
        self.var.mkdir(parents=True, exist_ok=True)
        if (self.var / DATABASE).exists() and not self.env_file.exists():
            raise NotOurs(f"{self.var / DATABASE} was made by no demo and is left alone; choose another folder: VAR=…")
        for name in (DATABASE, "sandbox.db"):
            for suffix in ("", "-wal", "-shm"):
                (self.var / (name + suffix)).unlink(missing_ok=True)
        for name in ("clock", "demo.env", "demo.built", "demo.log"):
            (self.var / name).unlink(missing_ok=True)
        for letter in self.var.glob("mail/*/*"):
            letter.unlink()

    def generated(self, webhook_secret: str) -> dict[str, str]:
        """Return fresh settings for this demo."""
        return {
            "PATRONAGE_DATABASE_URL": f"sqlite:///{self.var / DATABASE}",
            "PATRONAGE_SECRET_KEY": secrets.token_urlsafe(48),
            "PATRONAGE_BASE_URL": self.base_url,
            "PATRONAGE_STRIPE_SECRET_KEY": f"sk_test_{secrets.token_hex(16)}",
            "PATRONAGE_STRIPE_WEBHOOK_SECRET": webhook_secret,
            "PATRONAGE_STRIPE_API_BASE": self.sandbox_url,
            "PATRONAGE_SMTP_URL": f"maildir://{self.var / 'mail'}",
            "PATRONAGE_MAIL_FROM": "The Harbour Post <post@harbourpost.example>",
            "PATRONAGE_TIMEZONE": "Europe/Kyiv",
            "PATRONAGE_CLOCK_FILE": str(self.var / "clock"),
        }

    def write(self, settings: dict[str, str]) -> None:
        """Write the settings down, readable by their owner alone."""
        self.env_file.touch(mode=0o600)
        self.env_file.chmod(0o600)  # it may have been there before
        self.env_file.write_text(OPENING + "".join(f"{name}={value}\n" for name, value in settings.items()))

    def written(self) -> dict[str, str]:
        """Return the settings as they were written down, with the addresses of today's ports."""
        lines = self.env_file.read_text().splitlines()
        settings = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        return {**settings, "PATRONAGE_BASE_URL": self.base_url, "PATRONAGE_STRIPE_API_BASE": self.sandbox_url}


def _port(name: str, default: int) -> int:
    given = os.environ.get(name) or str(default)
    if not given.isdecimal() or not 1 <= int(given) <= 65535:
        raise SystemExit(f"{name} must be a port between 1 and 65535, not {given!r}.")
    return int(given)
