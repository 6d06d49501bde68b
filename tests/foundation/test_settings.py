"""Settings: read once, checked at once, all problems told together."""

import pytest

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
def _nothing_set(monkeypatch: pytest.MonkeyPatch, tmp_path: pytest.TempPathFactory) -> None:
    monkeypatch.chdir(str(tmp_path))


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
