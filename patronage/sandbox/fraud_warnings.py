"""Early fraud warnings: the card's issuer says that a charge may be fraud, before anybody disputes it."""

from patronage.sandbox import clock, events
from patronage.sandbox.ids import new_id
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

KIND = "radar.early_fraud_warning"


def new_warning(tx: Tx, charge: Json) -> Json:
    """Store a warning about a charge and tell of it; there is something to do unless the money went back already."""
    warning: Json = {
        "id": new_id("issfr"),
        "object": KIND,
        "actionable": not charge["refunded"] and not charge["disputed"],
        "charge": charge["id"],
        "created": tx.now(),
        "fraud_type": "misc",
        "livemode": False,
        "payment_intent": charge["payment_intent"],
    }
    tx.put(warning)
    events.emit(tx, f"{KIND}.created", warning)
    return warning


@clock.handler("fraud_warning")
def warn(tx: Tx, charge_id: str) -> None:
    """The card is known for it."""
    new_warning(tx, fetched(tx, "charge", charge_id))


def settle(tx: Tx, charge: Json) -> None:
    """The charge has been refunded wholly, or disputed: nothing is left to be done about the warning."""
    for warning in tx.find(KIND, charge=charge["id"]):
        change(tx, warning, {"actionable": False}, f"{KIND}.updated")


@endpoint("GET", "/v1/radar/early_fraud_warnings/<id>", "radar.EarlyFraudWarningRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return fetched(tx, KIND, id)


@endpoint("GET", "/v1/radar/early_fraud_warnings", "radar.EarlyFraudWarningListParams")
def list_all(tx: Tx, params: Json) -> Json:
    return page(tx, KIND, params, "/v1/radar/early_fraud_warnings", ("charge", "payment_intent"))
