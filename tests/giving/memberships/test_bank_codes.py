"""Bank transfers: IBANs proved, and a code that says what EPC069-12 says."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from patronage.giving.memberships import bank_codes
from patronage.giving.memberships.bank_codes import NotABic, NotAnIban, Transfer

RED_CROSS = "BE72000000001616"  # the example of the standard


def test_the_code_says_what_the_standard_says() -> None:
    transfer = Transfer("Red Cross", RED_CROSS, "BPOTBEB1", 100, "Urgency fund")
    assert bank_codes.content(transfer) == (
        "BCD\n002\n1\nSCT\nBPOTBEB1\nRed Cross\nBE72000000001616\nEUR1.00\n\n\nUrgency fund"
    )


def test_what_is_not_said_at_the_end_is_left_out() -> None:
    assert bank_codes.content(Transfer("Red Cross", RED_CROSS)) == "BCD\n002\n1\nSCT\n\nRed Cross\nBE72000000001616"


@pytest.mark.parametrize(
    "typed", ["de89 3704 0044 0532 0130 00", "GB82WEST12345698765432", "UA213223130000026007233566001"]
)
def test_an_iban_is_read_as_it_is_typed(typed: str) -> None:
    assert bank_codes.iban(typed) == typed.replace(" ", "").upper()


@pytest.mark.parametrize(
    "typed",
    ["", "DE89370400440532013001", "DE8937040044053201300", "XX", "ДЕ89370400440532013000", "DE٨٩370400440532013000"],
)
def test_what_is_no_iban_is_refused(typed: str) -> None:
    with pytest.raises(NotAnIban):
        bank_codes.iban(typed)


@given(some.integers(0, 20), some.integers(0, 20))
@settings(max_examples=50)
def test_two_digits_exchanged_are_seen(first: int, second: int) -> None:
    number = list("DE89370400440532013000")
    first, second = first % 20 + 2, second % 20 + 2
    if number[first] == number[second]:
        return
    number[first], number[second] = number[second], number[first]
    with pytest.raises(NotAnIban):
        bank_codes.iban("".join(number))


def test_a_bic_may_be_left_out() -> None:
    assert bank_codes.bic("") == ""
    with pytest.raises(NotABic):
        bank_codes.bic("COBADE")


def test_the_picture_has_a_quiet_border_and_is_not_too_fine() -> None:
    picture = bank_codes.draw(Transfer("Н" * 70, RED_CROSS, "BPOTBEB1", None, "x" * 20))
    assert picture.path.startswith(f"M{bank_codes.QUIET} {bank_codes.QUIET}h7v1h-7z")
    assert picture.side - 2 * bank_codes.QUIET <= 69  # version 13, the finest the standard allows
    with pytest.raises(ValueError, match="331"):
        bank_codes.content(Transfer("Н" * 70, RED_CROSS, "BPOTBEB1", None, "Д" * 140))
