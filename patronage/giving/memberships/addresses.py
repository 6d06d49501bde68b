"""Signed addresses of a present: the buyer's page, which can send it again, and the one that redeems it."""

from patronage.foundation.web.house import link
from patronage.giving.signed import sealed, unsealed

GIVEN = "/support/present/given"
REDEEM = "/support/present/redeem"
BACK = "/support/present"


def given_path(pledge_reference: str) -> str:
    """Return the path of the buyer's page, by the reference of the pledge that pays for the present."""
    return f"{GIVEN}?pledge={sealed(GIVEN, pledge_reference)}"


def given_address(pledge_reference: str) -> str:
    """Return the full address of the buyer's page."""
    return link(given_path(pledge_reference))


def back_address(_pledge_reference: str) -> str:
    """Return where Stripe sends those who leave its page unpaid."""
    return link(BACK)


def redeem_address(present_reference: str) -> str:
    """Return the full address at which a present is redeemed; whoever has it can."""
    return link(f"{REDEEM}?present={sealed(REDEEM, present_reference)}")


def given(value: str) -> str:
    """Return the pledge's reference in the signed `pledge` of a buyer's page. Raises `NoSuchPledge`."""
    return unsealed(GIVEN, value)


def redeemed(value: str) -> str:
    """Return the present's reference in the signed `present` of a redeeming address. Raises `NoSuchPledge`."""
    return unsealed(REDEEM, value)
