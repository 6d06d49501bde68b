"""What papers say for each tax office."""

from typing import Any

import pytest

from patronage.books.papers import wording
from patronage.books.papers.entities import FROZEN
from patronage.books.papers.models import Profile
from patronage.books.papers.wording import Given

pytestmark = pytest.mark.usefixtures("app_context")


def _issuer(profile: Profile, **of: Any) -> dict[str, Any]:
    return {**dict.fromkeys(FROZEN, ""), "name": "The Gazette", "goods_minor": 0, "profile": str(profile), **of}


def _said(issuer: dict[str, Any], *given: Given) -> str:
    return " ".join(sentence.text for sentence in wording.sentences(issuer, list(given), "uk"))


def test_an_american_receipt_says_whether_anything_was_provided_in_exchange() -> None:
    said = _said(_issuer(Profile.US_501C3, tax_number="12-3456789"), Given(5000, "USD", largest_minor=5000))
    assert "section 501(c)(3)" in said
    assert "EIN: 12-3456789." in said
    assert "No goods or services were provided in exchange for this contribution." in said
    assert "$250" not in said


def test_what_came_in_return_is_valued_and_only_the_excess_is_deductible() -> None:
    issuer = _issuer(Profile.US_501C3, goods="a printed yearbook", goods_minor=2000, goods_currency="USD")
    said = _said(issuer, Given(30_000, "USD", payments=2, largest_minor=25_000))
    assert "No goods" not in said
    assert "a printed yearbook. In good faith we estimate its value at $40." in said
    assert "limited to the excess" in said
    assert "Deductible at most: $260." in said
    assert "$250 or more" in said


def test_the_rule_of_250_dollars_is_about_a_single_contribution() -> None:
    many = Given(60_000, "USD", payments=12, largest_minor=5000)
    assert "$250" not in _said(_issuer(Profile.US_501C3), many)
    assert "in exchange for these contributions." in _said(_issuer(Profile.US_501C3), many)


def test_legal_sentences_stay_in_the_language_of_their_law() -> None:
    for profile, language in [(Profile.US_501C3, "en"), (Profile.UK_GIFT_AID, "en"), (Profile.EU, "uk")]:
        found = wording.sentences(_issuer(profile), [Given(500, "EUR")], "uk")
        assert {sentence.language for sentence in found} == {language}


def test_a_british_receipt_names_the_charity_and_gift_aid() -> None:
    said = _said(_issuer(Profile.UK_GIFT_AID, charity_number="1234567"), Given(500, "GBP"))
    assert "Registered charity number: 1234567." in said
    assert "25p of tax on every £1" in said


@pytest.mark.parametrize("profile", list(Profile))
def test_nothing_is_said_of_money_that_did_not_stay(profile: Profile) -> None:
    assert _said(_issuer(profile)) == ""


def test_without_a_profile_only_what_came_in_return_is_said() -> None:
    assert _said(_issuer(Profile.NONE), Given(500, "EUR")) == ""
    assert "a yearbook" in _said(_issuer(Profile.NONE, goods="a yearbook"), Given(500, "EUR"))
