"""What an operator can set: read once from the environment, `.env` or /run/secrets, checked at once, told together."""

import re
from decimal import Decimal
from email.utils import parseaddr
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError, ValidationInfo, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import ArgumentError

from patronage.foundation.database import address

PREFIX = "PATRONAGE_"
SECRETS = Path("/run/secrets")
USUAL_PORTS = {"http": 80, "https": 443}


class BadSettings(Exception):
    """Something about the settings is wrong; `problems` lists all of it, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))


def _database(url: str) -> str:
    try:
        address(url)
    except ArgumentError:
        raise ValueError("write sqlite:///folder/file.db or postgresql://user:password@host/name") from None
    return url


def _origin(url: str) -> str:
    """Return scheme, host and port as browsers write them in `Origin`: small letters, IDNA, no usual port."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port
    is_more = parts.path.strip("/") or parts.query or parts.fragment or "@" in parts.netloc
    if parts.scheme not in USUAL_PORTS or not host or ":" in host or is_more:
        raise ValueError("write a full address without a path, such as https://support.example.org")
    unsaid = port is None or port == USUAL_PORTS[parts.scheme]
    return f"{parts.scheme}://{host.encode('idna').decode()}" + ("" if unsaid else f":{port}")


@cache
def _zones() -> set[str]:
    return available_timezones()  # it walks the whole folder, each time


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError(f"{name!r} is not a time zone; write one such as Europe/Kyiv")
    return name


def _long_enough(secret: SecretStr) -> SecretStr:
    if len(secret.get_secret_value()) < 32:
        raise ValueError(
            "use at least 32 random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return secret


def _mail(url: str) -> str:
    parts = urlsplit(url)
    tls = parse_qs(parts.query, keep_blank_values=True)
    is_understood = parts.scheme in {"smtp", "smtps", "maildir"} and tls in ({}, {"tls": ["starttls"]})
    if not is_understood or (parts.scheme != "maildir" and not (parts.hostname and parts.port != 0)):
        raise ValueError("write smtp://user:password@host:587?tls=starttls or smtps://user:password@host")
    return url


def _sender(written: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", parseaddr(written)[1]):
        raise ValueError("write who letters come from: Name <address@example.org>")
    return written


def _key_of_stripe(key: SecretStr) -> SecretStr:
    if not key.get_secret_value().startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
        raise ValueError("write a secret key (sk_… or rk_…) from Stripe's dashboard")
    return key


def _signing_secret(secret: SecretStr) -> SecretStr:
    if not secret.get_secret_value().startswith("whsec_"):
        raise ValueError("write the endpoint's signing secret (whsec_…)")
    return secret


def _hosts(names: str) -> str:
    if not all(re.fullmatch(r"[a-z0-9-]+(\.[a-z0-9-]+)+", name.strip().lower()) for name in names.split(",") if name):
        raise ValueError("write names of machines with commas between, such as chat.newsroom.lan")
    return names


Address = Annotated[str, AfterValidator(_origin)]


class Settings(BaseSettings):
    """Every setting of the service; each is the environment variable `PATRONAGE_<NAME>`.

    Frozen. There is no default for a secret: the demo generates its own and writes them down.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_file=".env", env_ignore_empty=True, frozen=True, extra="ignore"
    )

    database_url: Annotated[str, AfterValidator(_database), Field(repr=False)] = "sqlite:///var/patronage.db"
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)]
    base_url: Address
    stripe_secret_key: Annotated[SecretStr, AfterValidator(_key_of_stripe)]
    stripe_webhook_secret: Annotated[SecretStr, AfterValidator(_signing_secret)]
    stripe_api_base: Address | None = None
    smtp_url: Annotated[str, AfterValidator(_mail), Field(repr=False)]
    mail_from: Annotated[str, AfterValidator(_sender)]
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Kyiv"
    metrics_token: SecretStr | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    fee_percent: Annotated[Decimal, Field(ge=0, lt=20)] = Decimal("2.9")
    fee_fixed_minor: Annotated[int, Field(ge=0)] = 30
    smallest_gift_minor: Annotated[int, Field(ge=1)] = 100
    largest_gift_minor: Annotated[int, Field(ge=1, le=99_999_999, validate_default=True)] = 1_000_000
    grace_days: Annotated[int, Field(ge=0, le=60)] = 14
    meant_once: Literal["keep", "refund"] = "keep"
    four_eyes_above_minor: Annotated[int, Field(ge=0)] = 10_000
    dispute_ends_pledge: bool = True
    checkouts_per_address_and_hour: Annotated[int, Field(ge=1)] = 10
    checkouts_per_hour: Annotated[int, Field(ge=1)] = 600
    web_workers: Annotated[int, Field(ge=1, le=64)] = 2
    web_threads: Annotated[int, Field(ge=1, le=64)] = 4
    clock_file: Path | None = None
    private_hook_hosts: Annotated[str, AfterValidator(_hosts)] = ""

    # One setting is held against others here, and not in a validator of the whole, which pydantic would only ask once
    # all else is right: an operator wants to hear of everything at once. What is compared must stand further up.
    @field_validator("stripe_secret_key")
    @classmethod
    def _readers_are_safe(cls, key: SecretStr, known: ValidationInfo) -> SecretStr:
        if _is_live(key) and not known.data.get("base_url", "https://").startswith("https://"):
            raise ValueError(f"{PREFIX}BASE_URL must be https:// once real money is taken")
        return key

    @field_validator("stripe_api_base", "smtp_url", "clock_file")
    @classmethod
    def _belongs_to_the_sandbox(cls, given: Any, known: ValidationInfo) -> Any:
        is_of_the_demo = known.field_name != "smtp_url" or given.startswith("maildir:")
        if is_of_the_demo and given and _is_live(known.data.get("stripe_secret_key")):
            raise ValueError("is for the demo and its sandbox only, and is refused together with a live key")
        return given

    @field_validator("largest_gift_minor")
    @classmethod
    def _leaves_a_choice(cls, largest: int, known: ValidationInfo) -> int:
        if largest < known.data.get("smallest_gift_minor", 1):
            raise ValueError(f"is less than {PREFIX}SMALLEST_GIFT_MINOR")
        return largest

    @property
    def is_live(self) -> bool:
        """Tell whether real money moves: a live key of Stripe is set."""
        return _is_live(self.stripe_secret_key)

    @property
    def zone(self) -> ZoneInfo:
        """The newsroom's time zone, in which dates are shown and typed."""
        return ZoneInfo(self.timezone)

    @property
    def private_hosts(self) -> tuple[str, ...]:
        """The machines in the newsroom's own network that webhooks may be sent to."""
        return tuple(name.strip().lower() for name in self.private_hook_hosts.split(",") if name.strip())

    @property
    def is_https(self) -> bool:
        """Tell whether readers reach us over TLS, so that cookies may be marked Secure."""
        return self.base_url.startswith("https://")


def _is_live(key: SecretStr | None) -> bool:
    return key is not None and key.get_secret_value().startswith(("sk_live_", "rk_live_"))


def load(**given: object) -> Settings:
    """Read and check all settings; `given` wins over the environment. Raises `BadSettings` with every problem."""
    secrets = {"_secrets_dir": SECRETS} if SECRETS.is_dir() else {}
    try:
        return Settings(**secrets, **given)  # type: ignore[arg-type]  # pydantic-settings reads the rest itself
    except ValidationError as error:
        raise BadSettings([_sentence(problem) for problem in error.errors()]) from None


def _sentence(problem: object) -> str:
    assert isinstance(problem, dict)  # noqa: S101 - the shape pydantic promises
    name = PREFIX + str(problem["loc"][0]).upper() if problem["loc"] else ""
    if problem["type"] == "missing":
        return f"{name} is not set"
    message = str(problem["msg"]).removeprefix("Value error, ")
    return f"{name}: {message}" if name else message
