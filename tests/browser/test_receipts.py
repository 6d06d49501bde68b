"""A receipt checked in the page: found on the published list, and the code does not leave the page."""

import pytest
from playwright.sync_api import Page, expect

from patronage.ballots import rounds
from tests.ballots import polls
from tests.fixtures.chromium import People
from tests.fixtures.live import Live

pytestmark = [
    pytest.mark.browser,
    pytest.mark.parametrize("engine", ["sqlite"], indirect=True),  # the script knows nothing of databases
]
HERE = "Check in this page, without sending the code"


def test_a_receipt_is_checked_without_sending_the_code(somebody: People, live: Live) -> None:
    page = somebody()
    now = live.tools.clock.now()
    with live.tools.database.transaction() as session:
        round_ = polls.an_open_round(session, now)
        receipts = [
            polls.votes(session, round_, polls.a_patron(session, now), each, now).receipt for each in ("1,2", "")
        ]
    codes = [receipt.code for receipt in receipts if receipt]
    sent: list[str] = []
    page.on("request", lambda request: sent.append(f"{request.url} {request.post_data or ''}"))
    page.goto(f"{live.url}/receipt")
    _check(page, codes[0], "The list is not published yet")
    with live.tools.database.transaction() as session:
        rounds.close_round(session, round_.id, polls.SECRET, None, now)
    for code in codes:
        _check(page, code.lower(), "This ballot is on the published list")
    _check(page, codes[0].replace(".1.1-2.", ".1.1-3."), "is not on the published list")
    _check(page, "no code", "no receipt code")
    secrets = [code.rpartition(".")[2] for code in codes]
    assert not any(secret in each.upper() for secret in secrets for each in sent)
    assert any("leaves.txt?prefix=" in each for each in sent)
    page.get_by_label("Receipt code").fill(codes[0])
    page.get_by_role("button", name="Check the receipt").click()
    expect(page.get_by_role("status").first).to_contain_text("and it counts")
    assert codes[0] not in page.url


def _check(page: Page, code: str, answer: str) -> None:
    page.get_by_label("Receipt code").fill(code)
    page.get_by_role("button", name=HERE).click()
    expect(page.locator("[data-receipt-says]")).to_contain_text(answer)
