"""Settings: read once, checked at once, all problems told together."""

from pathlib import Path

import pytest

from patronage.foundation import settings
from patronage.foundation.settings import BadSettings, load

GOOD = {
    "secret_key": "k" * 40,
    "base_url": "https://support.example.org",
    "stripe_secret_key": "sk_test_123",
    "stripe_webhook_secret": "whsec_123",
    "smtp_url": "smtp://localhost:2525",
    "mail_from": "Post <post@example.org>",
}


@pytest.fixture(autouse=True)
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_good_settings_are_taken() -> None:
    assert load(**GOOD).zone.key == "Europe/Kyiv"


def test_all_problems_are_told_together() -> None:
    with pytest.raises(BadSettings) as told:
        load(**{**GOOD, "secret_key": "short", "timezone": "Mars/Olympus", "smtp_url": "http://x"})
    assert len(told.value.problems) == 3
    assert "PATRONAGE_SECRET_KEY" in str(told.value)


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(BadSettings, match="PATRONAGE_STRIPE_WEBHOOK_SECRET is not set"):
        load(**{name: value for name, value in GOOD.items() if name != "stripe_webhook_secret"})


@pytest.mark.parametrize(
    ("given", "word"),
    [
        ({"stripe_secret_key": "sk_live_1", "stripe_api_base": "http://127.0.0.1:8010"}, "STRIPE_API_BASE"),
        ({"stripe_secret_key": "sk_live_1", "base_url": "http://support.example.org"}, "https"),
        ({"stripe_secret_key": "sk_live_1", "clock_file": "/tmp/clock"}, "CLOCK_FILE"),
        ({"stripe_secret_key": "whsec_oops"}, "STRIPE_SECRET_KEY"),
        ({"stripe_webhook_secret": "sk_test_oops"}, "STRIPE_WEBHOOK_SECRET"),
        ({"secret_key": "changeme"}, "32 random"),
        ({"database_url": "mysql://localhost/x"}, "sqlite:/// or postgresql://"),
        ({"base_url": "support.example.org"}, "full address"),
        ({"smallest_gift_minor": 10, "largest_gift_minor": 5}, "SMALLEST"),
        ({"smallest_gift_minor": 2_000_000}, "SMALLEST"),
        ({"database_url": "var/patronage.db"}, "sqlite:///"),
        ({"base_url": "https://example.org/support"}, "without a path"),
        ({"base_url": "https://user:word@example.org"}, "full address"),
        ({"base_url": "https://example.org:99999"}, "BASE_URL"),
        ({"base_url": "http://[::1]:8000"}, "full address"),
        ({"mail_from": "the desk"}, "MAIL_FROM"),
        ({"smtp_url": "smtp://host:mail"}, "SMTP_URL"),
        ({"smtp_url": "smtp://"}, "SMTP_URL"),
        ({"smtp_url": "smtp://user:word@host?tls=yes"}, "tls=starttls"),
        ({"stripe_secret_key": "rk_live_1", "smtp_url": "maildir:///tmp/mail"}, "SMTP_URL"),
    ],
)
def test_what_does_not_belong_is_refused_with_a_reason(given: dict[str, object], word: str) -> None:
    with pytest.raises(BadSettings, match=word):
        load(**{**GOOD, **given})


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in GOOD.items():
        monkeypatch.setenv(f"PATRONAGE_{name.upper()}", value)
    assert load().base_url == GOOD["base_url"]


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        load(**GOOD).base_url = "https://elsewhere.example"  # type: ignore[misc]  # that is the point


def test_no_secret_is_shown_by_accident() -> None:
    assert "k" * 40 not in repr(load(**GOOD))


def test_problems_of_one_setting_hide_none_between_settings() -> None:
    """Everything at once, what stands in the environment, in `.env` and in secret files alike."""
    wrong = {"secret_key": "short", "stripe_secret_key": "pk_test_1", "stripe_webhook_secret": "sk_test_1"}
    with pytest.raises(BadSettings) as told:
        load(**{**GOOD, **wrong, "smallest_gift_minor": 9, "largest_gift_minor": 5})
    assert len(told.value.problems) == 4


def test_everything_a_live_key_forbids_is_told_at_once() -> None:
    demo = {"stripe_api_base": "http://127.0.0.1:8010", "clock_file": "clock", "smtp_url": "maildir:///tmp/mail"}
    with pytest.raises(BadSettings) as told:
        load(**{**GOOD, **demo, "stripe_secret_key": "sk_live_1"})
    assert sorted(problem.split(":")[0] for problem in told.value.problems) == [
        "PATRONAGE_CLOCK_FILE", "PATRONAGE_SMTP_URL", "PATRONAGE_STRIPE_API_BASE"
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("written", "known"),
    [
        ("https://Support.Example.org/", "https://support.example.org"),
        ("https://support.example.org:443", "https://support.example.org"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("https://münchen.example", "https://xn--mnchen-3ya.example"),
    ],
)
def test_the_address_is_known_as_browsers_write_it(written: str, known: str) -> None:
    assert load(**{**GOOD, "base_url": written}).base_url == known


def test_what_is_set_to_nothing_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line of `.env.example` without a value, or a variable that compose passes on empty."""
    monkeypatch.setenv("PATRONAGE_STRIPE_API_BASE", "")
    monkeypatch.setenv("PATRONAGE_TIMEZONE", "")
    monkeypatch.setenv("PATRONAGE_SECRET_KEY", "")
    assert load(**GOOD).stripe_api_base is None
    with pytest.raises(BadSettings, match="PATRONAGE_SECRET_KEY is not set"):
        load(**{name: value for name, value in GOOD.items() if name != "secret_key"})


def test_settings_come_from_a_file_and_from_secrets_the_environment_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "patronage_secret_key").write_text("s" * 40 + "\n")
    (tmp_path / "secrets" / "patronage_currency").write_text("PLN")
    lines = [f"PATRONAGE_{name.upper()}={value}" for name, value in GOOD.items() if name != "secret_key"]
    (tmp_path / ".env").write_text("\n".join([*lines, "PATRONAGE_CURRENCY=UAH", "PATRONAGE_GRACE_DAYS=3"]))
    monkeypatch.setenv("PATRONAGE_GRACE_DAYS", "7")
    monkeypatch.setattr(settings, "SECRETS", tmp_path / "secrets")
    known = load()
    assert known.secret_key.get_secret_value() == "s" * 40
    assert (known.currency, known.grace_days) == ("UAH", 7)


def test_no_password_within_an_address_is_shown_by_accident() -> None:
    known = load(**{**GOOD, "database_url": "postgresql://u:hush@h/x", "smtp_url": "smtps://u:hush@h"})
    assert "hush" not in repr(known)
