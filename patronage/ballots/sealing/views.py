"""The pages of trust: a receipt is checked, a closed result taken along in four formats, its seals read, certified."""

import re
from collections.abc import Callable, Iterable, Iterator

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from sqlalchemy.orm import Session

from patronage.ballots import result_csv
from patronage.ballots.frozen import Frozen
from patronage.ballots.models import Round
from patronage.ballots.refusals import NoSuchRound
from patronage.ballots.results import visible_results
from patronage.ballots.sealing import certifying, chain, poll_file, receipts, recounting, sheets
from patronage.ballots.sealing.forms import ReceiptForm
from patronage.ballots.sealing.receipts import Finding
from patronage.ballots.sealing.refusals import CertifiedAlready, DoesNotAgree, NotAReceipt, NotClosedYet
from patronage.foundation.database import Database
from patronage.foundation.web.guards import public, staff
from patronage.foundation.web.house import here, tools
from patronage.foundation.web.limits import allow, network

blueprint = Blueprint("ballots_seals", __name__)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
CHECKS, POLL_FILES, WHOLE_LISTS = "120 per hour", "30 per hour", "60 per hour"
HEX = re.compile(r"[0-9a-f]{0,64}")
ENOUGH = 2  # hex digits by which a list is small: one in 256 of all leaves
LINES_AT_ONCE = 2_000


@blueprint.route("/receipt", methods=["GET", "POST"])
@public
def receipt() -> ResponseReturnValue:
    """Say what became of the ballot a code stands for; the code comes in a form, is kept nowhere and logged nowhere."""
    form, found, round_ = ReceiptForm(), None, None
    if form.validate_on_submit():
        allow(CHECKS, "check a receipt", network())
        try:
            asked = receipts.read(form.code.data)
            with tools().database.reading() as session:
                found, round_ = receipts.look_up(session, asked)
        except NotAReceipt as refusal:
            form.code.errors = [*form.code.errors, str(refusal)]
    page = render_template("ballots/receipt.html", form=form, found=found, round=round_, findings=Finding)
    return make_response(page, 422 if form.errors else 200)


@blueprint.get("/topics/<int:round_id>/leaves.txt")
@public
def leaves(round_id: int) -> ResponseReturnValue:
    """Send the sorted leaves of a closed round, or those that begin with `prefix`, one a line."""
    prefix = request.args.get("prefix", "")
    if not HEX.fullmatch(prefix):
        raise NoSuchRound
    with tools().database.reading() as session:
        result = _closed(session, round_id)[1]
    if len(prefix) < ENOUGH:  # of a large round that is much to send; who checks a receipt asks for a part
        allow(WHOLE_LISTS, "take leaves", network())
    root = result.chain.root if result.chain else result.sha256
    return _unless_known(f"{root}{prefix}", lambda: _text(_listed(tools().database, round_id, prefix)))


def _listed(database: Database, round_id: int, prefix: str) -> Iterator[str]:
    with database.reading() as session:
        lines: list[str] = []
        for leaf in chain.leaves(session, round_id, prefix):
            lines.append(f"{leaf.hex()}\n")
            if len(lines) == LINES_AT_ONCE:
                yield "".join(lines)
                lines = []
        yield "".join(lines)


@blueprint.get("/topics/<int:round_id>/chain.txt")
@public
def chain_of(round_id: int) -> ResponseReturnValue:
    """Send the sealed batches, one a line: number, head before, root, salt, head; while a round is open heads alone.

    Heads are salted and come by the hour, so they tell nothing of votes; whoever keeps one can hold us to it later.
    """
    with tools().database.reading() as session:
        round_ = session.get(Round, round_id)
        if round_ is None or round_.opened_at is None:
            raise NoSuchRound
        is_frozen = visible_results(session, round_, None).result is not None
        before, lines = chain.genesis(round_).hex(), []
        for batch in chain.batches(session, round_id):
            sealed = f"{before} {batch.root.hex()} {batch.salt.hex()} " if is_frozen else ""
            lines.append(f"{batch.number} {sealed}{batch.head.hex()}\n")
            before = batch.head.hex()
    return _unless_known(f"{before}{int(is_frozen)}", lambda: _text(lines))


@blueprint.get("/topics/<int:round_id>/result.json")
@public
def as_json(round_id: int) -> ResponseReturnValue:
    """Send the canonical JSON, to the byte; its ETag is its SHA-256."""
    with tools().database.reading() as session:
        result = _closed(session, round_id)[1]
    return _unless_known(result.sha256, lambda: Response(result.canonical, mimetype="application/json"))


@blueprint.get("/topics/<int:round_id>/result.csv")
@public
def as_csv(round_id: int) -> ResponseReturnValue:
    """Send the counts of a closed round as CSV."""
    with tools().database.reading() as session:
        written = result_csv.written(_closed(session, round_id)[1])
    return _attached(Response(written, mimetype="text/csv"), f"round-{round_id}.csv")


@blueprint.get("/topics/<int:round_id>/result.xlsx")
@public
def as_xlsx(round_id: int) -> ResponseReturnValue:
    """Send the counts and slates of a closed round as a workbook."""
    with tools().database.reading() as session:
        made = sheets.written(_closed(session, round_id)[1])
    return _attached(Response(made, mimetype=XLSX), f"round-{round_id}.xlsx")


@blueprint.get("/topics/<int:round_id>/result.pb")
@public
def as_poll_file(round_id: int) -> ResponseReturnValue:
    """Send the ballots of a certified round, unlinked, for other software to count."""
    allow(POLL_FILES, "take ballots", network())
    with tools().database.reading() as session:
        round_, result = _closed(session, round_id)
        if round_.certified_at is None:
            raise NoSuchRound
        file = "".join(poll_file.written(session, round_, result, here().newsroom().name))
    return _attached(_text([file]), f"round-{round_id}.pb")


@blueprint.route("/desk/rounds/<int:round_id>/certify", methods=["GET", "POST"])
@staff("editor")
def certify(round_id: int) -> ResponseReturnValue:
    """Say what certifying does, and do it: count again, and if that agrees destroy the round key for good."""
    if request.method == "POST":
        return _certified(round_id)
    with tools().database.reading() as session:
        round_ = session.get(Round, round_id)
        if round_ is None:
            raise NoSuchRound
        result = visible_results(session, round_, current_user).result
        if result is None:
            raise NotClosedYet
        return render_template("ballots/certify.html", round=round_, result=result, problems=[])


def _certified(round_id: int) -> ResponseReturnValue:
    try:
        with tools().database.reading() as session:
            checked = recounting.agreed(session, round_id)
        with tools().database.transaction() as session:
            certifying.certify(session, round_id, checked, current_user.id, tools().clock.now())
        tools().database.empty_log()  # the key's bytes stand there too
    except CertifiedAlready:
        flash(_("This result has been certified already."), "info")
        return redirect(f"/desk/rounds/{round_id}", 303)
    except DoesNotAgree as refusal:
        with tools().database.reading() as session:
            round_, result = _closed(session, round_id)
            page = render_template("ballots/certify.html", round=round_, result=result, problems=refusal.problems)
        return make_response(page, 409)
    current_app.extensions["patronage-rounds"].forget()
    flash(_("Certified. The round key is destroyed: nobody can link a ballot to a person any more."), "success")
    return redirect(f"/desk/rounds/{round_id}", 303)


def _closed(session: Session, round_id: int) -> tuple[Round, Frozen]:
    """Return the round and its result as everybody may see it. Raises `NoSuchRound` before closing."""
    round_ = session.get(Round, round_id)
    result = visible_results(session, round_, None).result if round_ else None
    if round_ is None or result is None:
        raise NoSuchRound
    return round_, result


def _text(lines: Iterable[str]) -> Response:
    return Response(lines, mimetype="text/plain")


def _attached(answer: Response, name: str) -> Response:
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _unless_known(mark: str, draw: Callable[[], Response]) -> Response:
    """Answer with what is the same for everybody, or with 304 for whoever has it already."""
    answer = Response(status=304) if request.if_none_match.contains_weak(mark) else draw()
    answer.set_etag(mark)
    answer.headers["Cache-Control"] = "public, max-age=0, must-revalidate"
    return answer
