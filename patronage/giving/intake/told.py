"""What Stripe says now about one matter: objects fetched over the network, before any transaction is opened."""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import select

from patronage.books.disputes import INQUIRIES, SETTLED_FOR_US
from patronage.books.models import Payment, Refund
from patronage.foundation.database import Database
from patronage.giving import marks
from patronage.giving.gateway import Answer, Gateway
from patronage.giving.intake import money_moved

ID = re.compile(r"[A-Za-z0-9_]{1,255}")  # as Stripe makes them; nothing else goes into an address or a query
REFERENCE = re.compile(r"[A-Z0-9-]{1,40}")
UNPAID = {"past_due", "unpaid", "paused"}  # statuses of a subscription that may owe something


class Matter(StrEnum):
    """What an event can be about."""

    SUBSCRIPTION = "subscription"
    CHARGE = "charge"
    INVOICE = "invoice"
    SESSION = "session"
    MONEY_BACK = "money back"  # a charge that was refunded or disputed, wholly, in part, or in vain; by its id
    WARNING = "warning"  # a charge that a bank suspects; by its id
    PAYOUT = "payout"
    CUSTOMER = "customer"


@dataclass(frozen=True)
class Told:
    """Stripe's objects about one matter, each as it was fetched (or sent), or None where it is not needed.

    `invoice` of a charge is the one the charge paid; `intent` is the payment intent of money that has not come (yet).
    `refunds`, `disputes` and `warnings` are those of the charge, oldest first; it is `disputed` while a bank has, or
    had, its money back: one that only inquires has taken none.
    """

    subscription: Answer | None = None
    charge: Answer | None = None
    invoice: Answer | None = None
    session: Answer | None = None
    intent: Answer | None = None
    disputed: bool = False
    refunds: tuple[Answer, ...] = ()
    disputes: tuple[Answer, ...] = ()
    warnings: tuple[Answer, ...] = ()

    @property
    def subscription_id(self) -> str | None:
        """The subscription all this belongs to."""
        return (
            _id(self.subscription)
            or _id(inside(self.invoice, "parent", "subscription_details", "subscription"))
            or _id(inside(self.session, "subscription"))
        )

    @property
    def customer_id(self) -> str | None:
        """Who pays, as Stripe knows them."""
        holders = (self.subscription, self.session, self.invoice, self.charge)
        return next((found for holder in holders if (found := _id(inside(holder, "customer")))), None)

    @property
    def pledge_reference(self) -> str | None:
        """The pledge whose mark we left on one of the objects."""
        marked = (
            inside(self.subscription, "metadata", marks.PLEDGE),
            inside(self.invoice, "parent", "subscription_details", "metadata", marks.PLEDGE),
            inside(self.session, "metadata", marks.PLEDGE),
            inside(self.session, "client_reference_id"),
            inside(self.charge, "payment_intent", "metadata", marks.PLEDGE),
            inside(self.charge, "metadata", marks.PLEDGE),
        )
        return next((each for each in marked if isinstance(each, str) and REFERENCE.fullmatch(each)), None)


def inside(holder: Any, *path: str | int) -> Any:
    """Return what stands at `path` inside `holder`, or None where it ends early: payloads may be of any version."""
    for step in path:
        try:
            holder = holder[step]
        except (KeyError, IndexError, TypeError):
            return None
    return holder


def is_id(found: Any) -> bool:
    """Tell whether `found` can be the id of anything at Stripe."""
    return isinstance(found, str) and ID.fullmatch(found) is not None


def moment(timestamp: int) -> datetime:
    """Return Stripe's unix seconds as an aware datetime."""
    return datetime.fromtimestamp(timestamp, UTC)


OBJECTS = {  # what each is called in a payload
    Matter.SUBSCRIPTION: "subscription",
    Matter.CHARGE: "charge",
    Matter.INVOICE: "invoice",
    Matter.SESSION: "checkout.session",
}
OF_CHARGE = {Matter.CHARGE, Matter.MONEY_BACK, Matter.WARNING}


@dataclass(frozen=True)
class Asking:
    """Asks Stripe about a matter; what we have written down already need not be asked for again."""

    gateway: Gateway
    database: Database

    def about(self, matter: Matter, stripe_id: str, known: Told) -> Told:
        """Return what Stripe says now about the `matter` with this id; `known` holds what cannot have changed since."""
        asked: dict[Matter, Callable[[str, Told], Told]] = {
            Matter.SUBSCRIPTION: self._subscription,
            Matter.CHARGE: self._charge,
            Matter.INVOICE: self._invoice,
            Matter.SESSION: self._session,
            Matter.MONEY_BACK: self._money_back,
            Matter.WARNING: self._warned,
        }
        return asked[matter](stripe_id, known)

    def hint(self, matter: Matter, stripe_id: str, payload: Answer) -> Told:
        """Return what an event's own `payload` tells of whose matter it is, never what is applied.

        A charge does not name its invoice: Stripe is asked which one it paid, which never changes.
        """
        told = _as_sent(matter, payload)
        intent_id = _id(inside(payload, "payment_intent"))
        if matter in OF_CHARGE:
            told = replace(told, charge=told.charge or {"id": stripe_id})
        if matter not in OF_CHARGE or intent_id is None or told.pledge_reference:
            return told
        if self._is_recorded(Payment.charge_id == stripe_id):
            return told
        return replace(told, invoice=self.gateway.invoice_paid_by(intent_id))

    def _subscription(self, subscription_id: str, _known: Told) -> Told:
        told = Told(subscription=self.gateway.fetch_subscription(subscription_id))
        invoice_id = _id(inside(told.subscription, "latest_invoice"))
        if inside(told.subscription, "status") not in UNPAID or invoice_id is None:
            return told
        invoice = self.gateway.fetch_invoice(invoice_id)  # why it is late stands there alone
        return self._with_money(replace(told, invoice=invoice), intent_of(invoice))

    def _charge(self, charge_id: str, known: Told) -> Told:
        return self._with_invoice(self._money(charge_id), known)

    def _money_back(self, charge_id: str, known: Told) -> Told:
        return self._with_invoice(self._money(charge_id, was_given_back=True), known)

    def _warned(self, charge_id: str, known: Told) -> Told:
        told = self._money_back(charge_id, known)
        return replace(told, warnings=money_moved.warnings_about(self.gateway, charge_id))

    def _money(self, charge_id: str, *, was_given_back: bool = False) -> Told:
        """Return a charge with its refunds and disputes; a refund that failed leaves no trace on the charge."""
        charge = self.gateway.fetch_charge(charge_id)
        asks = was_given_back or charge["amount_refunded"] or self._has_refunds(charge_id)
        refunds = money_moved.refunds_of(self.gateway, charge_id) if asks else ()
        disputes = tuple(reversed(self.gateway.disputes_of(charge_id))) if charge["disputed"] else ()
        disputed = any(one["status"] not in SETTLED_FOR_US | INQUIRIES for one in disputes)
        return Told(charge=charge, disputed=disputed, refunds=refunds, disputes=disputes)

    def _with_invoice(self, told: Told, known: Told) -> Told:
        told = replace(told, invoice=known.invoice)
        charge_id = Payment.charge_id == inside(told.charge, "id")
        if told.invoice or told.pledge_reference or self._is_recorded(charge_id):
            return told
        intent_id = inside(told.charge, "payment_intent", "id")
        return replace(told, invoice=self.gateway.invoice_paid_by(intent_id) if intent_id else None)

    def _invoice(self, invoice_id: str, _known: Told) -> Told:
        invoice = self.gateway.fetch_invoice(invoice_id)
        subscription_id = inside(invoice, "parent", "subscription_details", "subscription")
        subscription = self.gateway.fetch_subscription(subscription_id) if subscription_id else None
        return self._with_money(Told(subscription=subscription, invoice=invoice), intent_of(invoice))

    def _session(self, session_id: str, _known: Told) -> Told:
        session = self.gateway.fetch_session(session_id)
        told = Told(session=session)
        if session["subscription"]:
            told = replace(told, subscription=self.gateway.fetch_subscription(session["subscription"]))
        if session["invoice"]:
            told = replace(told, invoice=self.gateway.fetch_invoice(session["invoice"]))
        return self._with_money(told, session["payment_intent"] or intent_of(told.invoice))

    def _with_money(self, told: Told, intent_id: str | None) -> Told:
        """Return `told` with the charge of a payment intent that succeeded, or with the intent itself if it did not."""
        if intent_id is None or self._is_recorded(Payment.payment_intent_id == intent_id):
            return told
        intent = self.gateway.fetch_payment_intent(intent_id)
        if intent["status"] != "succeeded":
            return replace(told, intent=intent)
        money = self._money(intent["latest_charge"])
        return replace(
            told, charge=money.charge, disputed=money.disputed, refunds=money.refunds, disputes=money.disputes
        )

    def _is_recorded(self, condition: Any) -> bool:
        with self.database.reading() as session:
            return session.scalar(select(Payment.id).where(condition)) is not None

    def _has_refunds(self, charge_id: str) -> bool:
        known = select(Refund.id).join(Payment, Payment.id == Refund.payment_id).where(Payment.charge_id == charge_id)
        with self.database.reading() as session:
            return session.scalar(known.limit(1)) is not None


def _as_sent(matter: Matter, payload: Answer) -> Told:
    if matter not in OBJECTS or inside(payload, "object") != OBJECTS[matter]:
        return Told()
    field: dict[str, Any] = {matter: payload}
    return Told(**field)


def intent_of(invoice: Answer | None) -> str | None:
    """Return the payment intent that paid an invoice, else the one that is to pay it, else None."""
    payments = inside(invoice, "payments", "data") or []
    ordered = sorted(payments, key=lambda payment: payment["status"] != "paid")
    intents = (_id(inside(payment, "payment", "payment_intent")) for payment in ordered)
    return next((intent for intent in intents if intent), None)


def _id(holder: Any) -> str | None:
    """Return the id of an object, which Stripe sends whole or as its id."""
    found = holder if isinstance(holder, str) else inside(holder, "id")
    return found if is_id(found) else None
