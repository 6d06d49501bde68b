"""How a difference is mended: what Stripe says now is applied by the path that events take, then compared again."""

from sqlalchemy import select

from patronage.foundation.database import is_unavailable
from patronage.foundation.logs import log
from patronage.foundation.tools import Tools
from patronage.giving.gateway import GatewayUnknown
from patronage.giving.intake import applying, payouts
from patronage.giving.intake.stripe_events import Subject
from patronage.giving.intake.told import Matter, inside
from patronage.giving.models import Pledge
from patronage.giving.reconciling import lists
from patronage.giving.reconciling.compared import Difference
from patronage.giving.reconciling.kinds import KINDS
from patronage.giving.standing import Policy


def mend(tools: Tools, policy: Policy, kind: str, difference: Difference) -> str | None:
    """Apply what Stripe says now; return what still differs then, or None. Raises `GatewayUnknown`."""
    if difference.subject is None:
        return difference.says
    try:
        _apply(tools, policy, difference.subject)
        return _still(tools, kind, difference)
    except GatewayUnknown:
        raise
    except Exception as error:
        if is_unavailable(error):
            raise
        log().exception("not mended", subject=difference.stripe_id, exc_info=error)
        return f"{difference.says} (could not be mended: {getattr(error, 'detail', None) or error})"


def _apply(tools: Tools, policy: Policy, subject: Subject) -> None:
    if subject.matter == Matter.PAYOUT:
        payouts.apply(tools, policy, subject.stripe_id)
    else:
        applying.apply(tools, policy, subject.matter, subject.stripe_id, {})


def _still(tools: Tools, kind: str, difference: Difference) -> str | None:
    found = lists.one_of(tools.payments, KINDS[kind], difference.stripe_id)
    if found is None:
        return difference.says
    with tools.database.reading() as session:
        compared = KINDS[kind].compare(session, [found], tools.clock.now())
    left = [*compared.differences, *compared.doubtful]
    return left[0].says if left else None


def is_ours(tools: Tools, charge_id: str) -> bool:
    """Tell whether a charge that carries no mark, of somebody we know, paid an invoice of one of our pledges."""
    charge = tools.payments.fetch_charge(charge_id)
    intent_id = inside(charge, "payment_intent", "id")
    invoice = tools.payments.invoice_paid_by(intent_id) if intent_id else None
    number = inside(invoice, "parent", "subscription_details", "subscription")
    if number is None:
        return False
    with tools.database.reading() as session:
        return session.scalar(select(Pledge.id).where(Pledge.stripe_subscription_id == number)) is not None
