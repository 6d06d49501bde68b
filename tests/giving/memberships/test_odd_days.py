"""Days that no calendar of a newsroom has are refused beside their field, and nothing falls over."""

import pytest

from tests.giving.memberships.desk import Desk
from tests.giving.supporting import words

GIFT = {
    "channel": "cash", "received_on": "2026-03-01", "currency": "EUR", "amount": "50", "giver_name": "Vira",
    "email": "vira@reader.example", "until": "", "note": "", "submission": "once",
}  # fmt: skip
FREE = {"email": "vira@reader.example", "until": "2026-12-31", "why": "Photographs", "submission": "once"}
CODE = {
    "code": "SPRING", "gives": "percent", "percent": "20", "interval": "month", "months": "2", "tier": "0",
    "currency": "EUR", "valid_until": "2026-12-31",
}  # fmt: skip


@pytest.mark.parametrize("day", ["9999-12-31", "2126-01-01", "0001-01-01"])
@pytest.mark.parametrize(
    ("page", "form", "field"),
    [
        ("/desk/books/gifts/new", GIFT, "until"),
        ("/desk/patrons/complimentary", FREE, "until"),
        ("/desk/settings/offers", CODE, "valid_until"),
    ],
)
def test_a_last_day_is_within_ten_years(desk: Desk, page: str, form: dict[str, str], field: str, day: str) -> None:
    answer = desk.send(page, **{**form, field: day})
    assert answer.status_code == 422
    said = words(answer)
    assert "between today and ten years from now" in said or "This day has passed" in said


@pytest.mark.parametrize("day", ["0001-01-01", "1026-03-01", "1999-12-31"])
def test_a_gift_was_received_in_our_time(desk: Desk, day: str) -> None:
    answer = desk.send("/desk/books/gifts/new", **{**GIFT, "received_on": day})
    assert answer.status_code == 422
    assert "within the last ten years" in words(answer)
