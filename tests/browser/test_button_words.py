"""The button of the support page says exactly what pressing it does, with scripts and without."""

import pytest
from playwright.sync_api import Page, expect

from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = pytest.mark.browser


def _says(page: Page, words: str) -> None:
    expect(page.get_by_role("button", name=words, exact=True)).to_be_visible()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_the_button_follows_what_is_ticked(live: Live, somebody: People, scripts: bool) -> None:
    page = somebody(java_script_enabled=scripts)
    page.goto(f"{live.url}/support?interval=month")
    _says(page, "Give €5 every month")
    page.get_by_label("€20 a month").check()
    _says(page, "Give €20 every month")
    page.get_by_label("so that the payment fee takes nothing").check()
    _says(page, "Give €20.91 every month")
    page.get_by_label("Every year").check()
    _says(page, "Give €62.11 every year")
    page.get_by_label("Once", exact=True).check()
    _says(page, "Give €10.61 once")
    expect(page.locator(".what-happens")).to_have_text("€10.61 today, and that is all: nothing more is charged.",
                                                       use_inner_text=True)  # fmt: skip
    page.get_by_label("Or another amount").fill("7,50")
    _says(page, "Give €8.04 once" if scripts else "Give once")


def test_ticking_after_typing_means_the_ticked_amount(live: Live, somebody: People) -> None:
    page = somebody()
    page.goto(f"{live.url}/support")
    page.get_by_label("Or another amount").fill("7")
    _says(page, "Give €7 once")
    page.get_by_label("€25 once").check()
    _says(page, "Give €25 once")
    expect(page.get_by_label("Or another amount")).to_have_value("")


def test_a_slip_in_the_address_is_offered_as_a_button(live: Live, somebody: People) -> None:
    page = somebody()
    page.goto(f"{live.url}/support")
    page.get_by_label("Your e-mail address").fill("ann@gmial.com")
    page.get_by_label("Your e-mail address").blur()
    page.get_by_role("button", name="Did you mean ann@gmail.com?").click()
    expect(page.get_by_label("Your e-mail address")).to_have_value("ann@gmail.com")
