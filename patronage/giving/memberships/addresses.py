"""Signed addresses of a present: the buyer's page, which can send it again, and the one that redeems it."""

from flask_babel import lazy_gettext as _l
from itsdangerous import BadData, URLSafeSerializer

from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.house import link, settings

GIVEN = "/support/present/given"
REDEEM = "/support/present/redeem"
BACK = "/support/present"


class NoSuchAddress(Refused):
    """The address was cut off or made up."""

    why = Why.NOT_FOUND
    reason = _l("This address is not complete. Please open it from the letter or the page where you found it.")


def given_path(pledge_reference: str) -> str:
    """Return the path of the buyer's page, by the reference of the pledge that pays for the present."""
    return f"{GIVEN}?pledge={_signer(GIVEN).dumps(pledge_reference)}"


def given_address(pledge_reference: str) -> str:
    """Return the full address of the buyer's page."""
    return link(given_path(pledge_reference))


def back_address(_pledge_reference: str) -> str:
    """Return where Stripe sends those who leave its page unpaid."""
    return link(BACK)


def redeem_address(present_reference: str) -> str:
    """Return the full address at which a present is redeemed; whoever has it can."""
    return link(f"{REDEEM}?present={_signer(REDEEM).dumps(present_reference)}")


def given(value: str) -> str:
    """Return the pledge's reference in the signed `pledge` of a buyer's page. Raises `NoSuchAddress`."""
    return _read(GIVEN, value)


def redeemed(value: str) -> str:
    """Return the present's reference in the signed `present` of a redeeming address. Raises `NoSuchAddress`."""
    return _read(REDEEM, value)


def _read(purpose: str, value: str) -> str:
    try:
        return str(_signer(purpose).loads(value))
    except BadData as error:
        raise NoSuchAddress from error


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key.get_secret_value(), salt=f"patronage present {purpose}")
