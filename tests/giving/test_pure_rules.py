"""What holds for all amounts, texts and facts: properties of the rules that touch nothing."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from patronage.foundation import money
from patronage.foundation.settings import Settings
from patronage.giving import standing, terms, typed
from patronage.giving.intake.told import inside, is_id
from patronage.giving.models import Interval, PledgeState
from patronage.giving.standing import Facts

SETTINGS = Settings.model_construct(
    fee_percent=Settings.model_fields["fee_percent"].default, fee_fixed_minor=30, smallest_gift_minor=1,
    largest_gift_minor=99_999_999,
)  # fmt: skip
CURRENCIES = st.sampled_from(["EUR", "UAH", "JPY", "KWD", "ISK"])
STEPS = st.integers(1, 90_000)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)).map(lambda moment: moment.replace(tzinfo=UTC))  # noqa: DTZ001 - made aware beside it
FACTS = st.builds(
    Facts, st.sampled_from(list(Interval)), *[st.none() | MOMENTS] * 3, ended_at=st.none() | MOMENTS,
    paid_until=st.none() | MOMENTS,
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.integers() | st.text(), lambda held: st.lists(held) | st.dictionaries(st.text(), held)
)


@given(currency=CURRENCIES, steps=STEPS)
def test_an_amount_put_back_into_the_form_is_read_as_it_was(currency: str, steps: int) -> None:
    amount = steps * money.step(currency)
    assert terms.gift(terms.as_typed(amount, currency), currency, SETTINGS) == amount


@given(currency=CURRENCIES, steps=STEPS)
def test_with_the_fee_covered_the_whole_gift_is_left_and_no_step_too_much(currency: str, steps: int) -> None:
    step = money.step(currency)
    gift = steps * step
    charged = gift + terms.fee_cover(gift, currency, SETTINGS)
    assert charged % step == 0

    def left(charge: int) -> Any:
        return charge - charge * SETTINGS.fee_percent / 100 - SETTINGS.fee_fixed_minor

    assert left(charged) >= gift > left(charged - step)


@given(text=st.text())
def test_what_is_seen_holds_nothing_unseen_and_cleaning_again_changes_nothing(text: str) -> None:
    clean = typed.seen(text)
    assert typed.seen(clean) == clean
    assert all(sign == "\n" or unicodedata.category(sign)[0] != "C" for sign in clean)


@given(text=st.text() | st.from_regex(r"\s*(javascript|data)\s*:.*", fullmatch=True))
def test_a_story_is_one_short_line_that_runs_nothing(text: str) -> None:
    story = typed.story(text)
    assert story is None or (0 < len(story) <= typed.LONGEST_STORY and "\n" not in story)
    assert not (story or "").lower().startswith(("javascript:", "data:"))
    assert typed.story(story) == story


@given(facts=FACTS, grace=st.integers(0, 60).map(lambda days: timedelta(days=days)))
def test_standing_follows_from_the_facts(facts: Facts, grace: timedelta) -> None:
    state, until = standing.state_of(facts), standing.patron_until(facts, grace)
    if until is not None:  # a patron has paid regularly, and is one no longer than that and the grace
        assert facts.interval != Interval.ONCE
        assert facts.settled_at
        assert facts.paid_until
        assert facts.paid_until <= until <= facts.paid_until + grace
        assert facts.ended_at is None or until == facts.paid_until
    if facts.ended_at:
        assert state == PledgeState.ENDED
    if state == PledgeState.OFFERED:
        assert facts.settled_at is None
        assert until is None


@given(held=JSON, path=st.lists(st.text(max_size=3) | st.integers(-3, 3), max_size=4))
def test_looking_inside_anything_never_fails(held: Any, path: list[str | int]) -> None:
    found = inside(held, *path)
    assert not is_id(found) or isinstance(found, str)
