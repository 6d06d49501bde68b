"""What an operator can set: read once from the environment, `.env` or /run/secrets, checked at once, told together."""

from decimal import Decimal
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from patronage.foundation.database import address

PREFIX = "PATRONAGE_"
SECRETS = Path("/run/secrets")
DEVELOPMENT_KEYS = {"dev", "development", "changeme", "secret", "test"}


class BadSettings(Exception):
    """Something about the settings is wrong; `problems` lists all of it, one sentence each."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("The settings cannot be used:\n" + "\n".join(f"  - {problem}" for problem in problems))


def _database(url: str) -> str:
    address(url)
    return url


def _origin(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment:
        raise ValueError("write a full address such as https://support.example.org")
    return url.rstrip("/")


def _zone(name: str) -> str:
    if name not in available_timezones():
        raise ValueError(f"{name!r} is not a time zone; write one such as Europe/Kyiv")
    return name


def _long_enough(secret: SecretStr) -> SecretStr:
    value = secret.get_secret_value()
    if len(value) < 32 or value.lower() in DEVELOPMENT_KEYS:
        raise ValueError(
            "use at least 32 random characters: python3 -c 'import secrets; print(secrets.token_urlsafe(48))'"
        )
    return secret


def _mail(url: str) -> str:
    if urlsplit(url).scheme not in {"smtp", "smtps", "maildir"}:
        raise ValueError("write smtp://user:password@host:587?tls=starttls or smtps://…")
    return url


Address = Annotated[str, AfterValidator(_origin)]


class Settings(BaseSettings):
    """Every setting of the service; each is the environment variable `PATRONAGE_<NAME>`.

    Frozen. There is no default for a secret: the demo generates its own and writes them down.
    """

    model_config = SettingsConfigDict(env_prefix=PREFIX, env_file=".env", frozen=True, extra="ignore")

    database_url: Annotated[str, AfterValidator(_database)] = "sqlite:///var/patronage.db"
    secret_key: Annotated[SecretStr, AfterValidator(_long_enough)]
    base_url: Address
    stripe_secret_key: SecretStr
    stripe_webhook_secret: SecretStr
    stripe_api_base: Address | None = None
    smtp_url: Annotated[str, AfterValidator(_mail)]
    mail_from: str
    trusted_proxies: Annotated[int, Field(ge=0, le=5)] = 0
    timezone: Annotated[str, AfterValidator(_zone)] = "Europe/Kyiv"
    metrics_token: SecretStr | None = None
    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")] = "EUR"
    fee_percent: Annotated[Decimal, Field(ge=0, lt=20)] = Decimal("2.9")
    fee_fixed_minor: Annotated[int, Field(ge=0)] = 30
    smallest_gift_minor: Annotated[int, Field(ge=1)] = 100
    largest_gift_minor: Annotated[int, Field(ge=1, le=99_999_999)] = 1_000_000
    grace_days: Annotated[int, Field(ge=0, le=60)] = 14
    checkouts_per_address_and_hour: Annotated[int, Field(ge=1)] = 10
    checkouts_per_hour: Annotated[int, Field(ge=1)] = 600
    web_workers: Annotated[int, Field(ge=1, le=64)] = 2
    web_threads: Annotated[int, Field(ge=1, le=64)] = 4
    clock_file: Path | None = None

    @model_validator(mode="after")
    def _that_fit_together(self) -> "Settings":
        problems = [*self._about_stripe(), *self._about_demo()]
        if self.smallest_gift_minor > self.largest_gift_minor:
            problems.append("SMALLEST_GIFT_MINOR is larger than LARGEST_GIFT_MINOR")
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _about_stripe(self) -> list[str]:
        key = self.stripe_secret_key.get_secret_value()
        signing = self.stripe_webhook_secret.get_secret_value()
        problems = []
        if not key.startswith(("sk_test_", "sk_live_", "rk_test_", "rk_live_")):
            problems.append("STRIPE_SECRET_KEY must be a secret key (sk_… or rk_…) from Stripe's dashboard")
        if not signing.startswith("whsec_"):
            problems.append("STRIPE_WEBHOOK_SECRET must be the endpoint's signing secret (whsec_…)")
        if self.stripe_api_base and self.is_live:
            problems.append("STRIPE_API_BASE is for the sandbox only and is refused together with a live key")
        return problems

    def _about_demo(self) -> list[str]:
        if self.clock_file and self.is_live:
            return ["CLOCK_FILE lets time be moved and is refused together with a live key"]
        if self.is_live and not self.base_url.startswith("https://"):
            return ["BASE_URL must be https:// once real money is taken"]
        return []

    @property
    def is_live(self) -> bool:
        """Tell whether real money moves: a live key of Stripe is set."""
        return self.stripe_secret_key.get_secret_value().startswith(("sk_live_", "rk_live_"))

    @property
    def zone(self) -> ZoneInfo:
        """The newsroom's time zone, in which dates are shown and typed."""
        return ZoneInfo(self.timezone)

    @property
    def is_https(self) -> bool:
        """Tell whether readers reach us over TLS, so that cookies may be marked Secure."""
        return self.base_url.startswith("https://")


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
