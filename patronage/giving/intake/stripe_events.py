"""Every event we ask Stripe for, by its name there: one handler each, which says what is to be looked at again.

No handler believes the payload: it only names the matter, and what is applied is what Stripe says of it now. So it
makes no difference how often, how late or in which order events come.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from patronage.giving.intake.told import Matter, inside, is_id


@dataclass(frozen=True)
class Subject:
    """One thing at Stripe: what it is, and its id."""

    matter: Matter
    stripe_id: str


Handler = Callable[[Any], Subject | None]
HANDLERS: dict[str, Handler] = {}


def on(*types: str) -> Callable[[Handler], Handler]:
    """Make a function the handler of events of these types."""

    def keep(handler: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(types, handler))
        return handler

    return keep


@on("checkout.session.completed")
def session_completed(session: Any) -> Subject | None:
    """Somebody finished Stripe's page: the pledge learns its subscription, and counts once the money is there."""
    return _subject(Matter.SESSION, session)


@on("checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed")
def session_decided(session: Any) -> Subject | None:
    """A bank debit that was on its way has arrived, or never will."""
    return _subject(Matter.SESSION, session)


@on("checkout.session.expired")
def session_expired(session: Any) -> Subject | None:
    """Nobody paid on the page in time: its checkout is closed, so that the next try opens a new one."""
    return _subject(Matter.SESSION, session)


@on("customer.subscription.created", "customer.subscription.updated")
def subscription_changed(subscription: Any) -> Subject | None:
    """A pledge began, moved to its next period, fell behind, caught up, or is to end: all of it stands there."""
    return _subject(Matter.SUBSCRIPTION, subscription)


@on("customer.subscription.paused", "customer.subscription.resumed")
def subscription_paused(subscription: Any) -> Subject | None:
    """A pledge rests, or goes on."""
    return _subject(Matter.SUBSCRIPTION, subscription)


@on("customer.subscription.deleted")
def subscription_ended(subscription: Any) -> Subject | None:
    """A pledge is over: arranged, given up by Stripe after the last try, or stopped in the dashboard."""
    return _subject(Matter.SUBSCRIPTION, subscription)


@on("invoice.paid")
def invoice_paid(invoice: Any) -> Subject | None:
    """A period is paid: the same fact as its charge, told again in case the other is lost."""
    return _subject(Matter.INVOICE, invoice)


@on("invoice.payment_failed", "invoice.payment_action_required")
def invoice_failed(invoice: Any) -> Subject | None:
    """A regular payment could not be taken: the pledge is past due, and its giver is told."""
    return _subject(Matter.INVOICE, invoice)


@on("invoice.voided", "invoice.marked_uncollectible")
def invoice_given_up(invoice: Any) -> Subject | None:
    """A period will not be paid: what that means for the pledge stands on its subscription."""
    return _subject(Matter.INVOICE, invoice)


@on("invoice.upcoming")
def invoice_upcoming(preview: Any) -> Subject | None:
    """A renewal is near: a preview has no id, but before it is announced its subscription is looked at once more."""
    return _named(Matter.SUBSCRIPTION, inside(preview, "parent", "subscription_details", "subscription"))


@on("charge.succeeded")
def charge_succeeded(charge: Any) -> Subject | None:
    """Money came in: a payment, an entry in the ledger, a receipt."""
    return _subject(Matter.CHARGE, charge)


@on("charge.updated")
def charge_updated(charge: Any) -> Subject | None:
    """Stripe's fee is known now, if it was not before."""
    return _subject(Matter.CHARGE, charge)


@on("charge.refunded")
def charge_refunded(charge: Any) -> Subject | None:
    """Money went back: the charge's refunds say how much, and whether it has arrived."""
    return _subject(Matter.MONEY_BACK, charge)


@on("refund.created", "refund.updated", "refund.failed")
def refund_changed(refund: Any) -> Subject | None:
    """A refund was made, or did not arrive and the money is ours again."""
    return _named(Matter.MONEY_BACK, inside(refund, "charge"))


@on("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed")
def dispute_changed(dispute: Any) -> Subject | None:
    """Somebody's bank asks for the money back: while that is open, or lost, the payment keeps nobody a patron."""
    return _named(Matter.MONEY_BACK, inside(dispute, "charge"))


@on("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated")
def dispute_moved_money(dispute: Any) -> Subject | None:
    """The disputed money was taken, or came back."""
    return _named(Matter.MONEY_BACK, inside(dispute, "charge"))


@on("payout.paid", "payout.failed", "payout.canceled")
def payout_decided(payout: Any) -> Subject | None:
    """Money has reached the bank, or came back from there."""
    return _subject(Matter.PAYOUT, payout)


@on("payout.reconciliation_completed")
def payout_listed(payout: Any) -> Subject | None:
    """Stripe has listed what is inside a payout: it can be matched with the books."""
    return _subject(Matter.PAYOUT, payout)


@on("customer.updated")
def customer_changed(customer: Any) -> Subject | None:
    """Perhaps another card was chosen in the portal: then what they give is charged to it from now on."""
    return _subject(Matter.CUSTOMER, customer)


@on("customer.deleted")
def customer_deleted(_customer: Any) -> Subject | None:
    """Our own record of people is the one that counts; a deleted customer's subscriptions tell their own end."""
    return None


@on("payment_method.automatically_updated")
def card_renewed(_method: Any) -> Subject | None:
    """A bank sent a new card number to Stripe: the next renewal simply works."""
    return None


@on("radar.early_fraud_warning.created", "radar.early_fraud_warning.updated")
def fraud_suspected(warning: Any) -> Subject | None:
    """A bank suspects fraud: giving the money back now may spare a dispute and its fee, so staff are told."""
    return _named(Matter.WARNING, inside(warning, "charge"))


def subject_of(type: str, payload: Any) -> Subject | None:
    """Return what an event is about, or None when it changes nothing here."""
    handler = HANDLERS.get(type)
    return handler(inside(payload, "data", "object")) if handler else None


def _subject(matter: Matter, holder: Any) -> Subject | None:
    return _named(matter, inside(holder, "id"))


def _named(matter: Matter, stripe_id: Any) -> Subject | None:
    return Subject(matter, stripe_id) if is_id(stripe_id) else None
