"""Addresses that only we can have made: the thanks for a pledge, its own page, and the way back from Stripe's page."""

from flask_babel import lazy_gettext as _l
from itsdangerous import BadData, URLSafeSerializer

from patronage.foundation.refused import Refused, Why
from patronage.foundation.web.house import link, settings

THANKS = "/support/thanks"
BACK = "/support"
MANAGE = "/support/manage"
MEND = "/support/mend"


class NoSuchPledge(Refused):
    """The address does not lead to a pledge: it was cut off or made up."""

    why = Why.NOT_FOUND
    reason = _l("This address is not complete. Please open it from the letter or the page where you found it.")


def thanks_path(reference: str) -> str:
    """Return the path of the thanks for the pledge `reference`; it stays good, on every device."""
    return f"{THANKS}?pledge={sealed(THANKS, reference)}"


def thanks_address(reference: str) -> str:
    """Return the full address of the thanks for the pledge `reference`."""
    return link(thanks_path(reference))


def thanked(value: str) -> str:
    """Return the reference in the signed `pledge` of a thanks address. Raises `NoSuchPledge`."""
    return unsealed(THANKS, value)


def manage_path(reference: str) -> str:
    """Return the path on which the pledge `reference` can be looked at and stopped without signing in.

    It opens this one pledge and nothing else of the account; each purpose signs for itself.
    """
    return f"{MANAGE}?pledge={sealed(MANAGE, reference)}"


def managed(value: str) -> str:
    """Return the reference in the signed `pledge` of a managing address. Raises `NoSuchPledge`."""
    return unsealed(MANAGE, value)


def mend_path(reference: str, *, came_back: bool = False) -> str:
    """Return the path on which a late payment of the pledge `reference` can be mended without signing in.

    `came_back` is for whoever returns to it from Stripe's page for a new card.
    """
    return f"{MEND}?pledge={sealed(MEND, reference)}" + ("&card=new" if came_back else "")


def mended(value: str) -> str:
    """Return the reference in the signed `pledge` of a mending address. Raises `NoSuchPledge`."""
    return unsealed(MEND, value)


def back_address(reference: str) -> str:
    """Return the full address to which Stripe sends those who leave its page unpaid."""
    return link(f"{BACK}?left={sealed(BACK, reference)}")


def left(value: str) -> str:
    """Return the reference in the signed `left` of a way back. Raises `NoSuchPledge`."""
    return unsealed(BACK, value)


def sealed(purpose: str, reference: str) -> str:
    """Return `reference` signed for one `purpose`: it is good for no other."""
    return str(_signer(purpose).dumps(reference))


def unsealed(purpose: str, value: str) -> str:
    """Return the reference that was signed for `purpose`. Raises `NoSuchPledge`."""
    try:
        return str(_signer(purpose).loads(value))
    except BadData as error:
        raise NoSuchPledge from error


def _signer(purpose: str) -> URLSafeSerializer:
    return URLSafeSerializer(settings().secret_key.get_secret_value(), salt=f"patronage giving {purpose}")
