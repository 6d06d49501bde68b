"""The API's calls on disputes, and what Stripe's test world makes of the evidence."""

from patronage.sandbox import clock
from patronage.sandbox.disputes import FILES, INQUIRIES, TEXTS, current, move
from patronage.sandbox.errors import invalid, missing
from patronage.sandbox.lists import page
from patronage.sandbox.objects import change, fetched, merged, refuse_unsupported
from patronage.sandbox.requests import endpoint
from patronage.sandbox.store import Json, Tx

ANSWERED = {
    "needs_response": "under_review",
    "warning_needs_response": "warning_under_review",
    "appeal_needs_response": "appeal_under_review",
}
# Words in `uncategorized_text` that decide a dispute in the test world, and an inquiry.
VERDICTS = {
    "winning_evidence": ("won", "warning_closed"),
    "losing_evidence": ("lost", "warning_closed"),
    "escalate_inquiry_evidence": (None, "needs_response"),
}


@endpoint("GET", "/v1/disputes/<id>", "DisputeRetrieveParams")
def retrieve(tx: Tx, _params: Json, id: str) -> Json:
    return current(tx, fetched(tx, "dispute", id))


@endpoint("GET", "/v1/disputes", "DisputeListParams")
def list_all(tx: Tx, params: Json) -> Json:
    found = page(tx, "dispute", params, "/v1/disputes", ("charge", "payment_intent"))
    return {**found, "data": [current(tx, dispute) for dispute in found["data"]]}


@endpoint("POST", "/v1/disputes/<id>", "DisputeUpdateParams")
def update(tx: Tx, params: Json, id: str) -> Json:
    refuse_unsupported(params, {"evidence", "expand", "metadata", "submit"})
    dispute = current(tx, fetched(tx, "dispute", id))
    updates: Json = {}
    if "metadata" in params:
        updates["metadata"] = merged(dispute["metadata"], params["metadata"])
    submits = params.get("submit", "evidence" in params)
    if "evidence" in params or submits:
        updates.update(_with_evidence(dispute, params.get("evidence", {}), submits=submits))
    if not submits:
        return change(tx, dispute, updates, "charge.dispute.updated")
    move(tx, dispute, ANSWERED[dispute["status"]], **updates)
    if _verdict(dispute) is not None:
        clock.schedule(tx, tx.now(), "verdict", id)  # the bank answers after this call
    return dispute


def _with_evidence(dispute: Json, given: Json, *, submits: bool) -> Json:
    if dispute["status"] not in ANSWERED:
        raise invalid(f"This dispute has the status {dispute['status']}; its evidence can no longer be changed.")
    refuse_unsupported(given, {*FILES, *TEXTS}, "evidence")
    for name in FILES:
        if name in given:
            raise missing("file upload", given[name], f"evidence[{name}]")
    evidence, details = {**dispute["evidence"], **given}, dispute["evidence_details"]
    details = {**details, "has_evidence": any(evidence[name] for name in (*FILES, *TEXTS))}
    if submits:
        details.update(submission_count=details["submission_count"] + 1, submission_method="manual")
    return {"evidence": evidence, "evidence_details": details}


def _verdict(dispute: Json) -> str | None:
    text = dispute["evidence"]["uncategorized_text"] or ""
    inquiry = dispute["status"] in INQUIRIES
    return next((verdicts[inquiry] for word, verdicts in VERDICTS.items() if word in text), None)


@clock.handler("verdict")
def decide(tx: Tx, dispute_id: str) -> None:
    """The bank decides as the evidence asks it to."""
    dispute = fetched(tx, "dispute", dispute_id)
    verdict = _verdict(dispute)
    if dispute["status"] in ANSWERED.values() and verdict is not None:
        move(tx, dispute, verdict)


@endpoint("POST", "/v1/disputes/<id>/close", "DisputeCloseParams")
def close(tx: Tx, _params: Json, id: str) -> Json:
    dispute = current(tx, fetched(tx, "dispute", id))
    if dispute["status"] not in ANSWERED:
        raise invalid(f"This dispute has the status {dispute['status']} and cannot be closed.")
    return move(tx, dispute, "warning_closed" if dispute["status"] in INQUIRIES else "lost")
