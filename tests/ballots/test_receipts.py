"""A receipt shows what became of a ballot: by the server, by a script anybody can read, and to nobody else."""

import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import delete

from patronage.ballots.models import Ballot, Round
from patronage.ballots.sealing import receipts, views
from patronage.ballots.sealing.receipts import Finding
from patronage.ballots.sealing.refusals import NotAReceipt
from patronage.ballots.voting import Receipt
from patronage.foundation.database import Database
from tests.ballots.polls import a_patron, an_open_round, closed, votes

DOCUMENT = Path(__file__).parents[2] / "docs" / "2_a_round.md"


def _receipt(database: Database, round_: Round, now: datetime, *choices: str) -> list[Receipt]:
    """The receipts of one patron who votes once for each of `choices`."""
    with database.transaction() as session:
        person = a_patron(session, now)
        cast = [votes(session, round_, person, each, now) for each in choices]
    return [each.receipt for each in cast if each.receipt]


@given(
    st.integers(1, 2**62),
    st.integers(1, 10**6),
    st.lists(st.integers(1, 200), unique=True, max_size=10),
    st.binary(min_size=32, max_size=32),
)
def test_a_code_leads_back_to_its_receipt(round_id: int, version: int, choices: list[int], secret: bytes) -> None:
    receipt = Receipt(round_id, secret[:16], version, ",".join(map(str, sorted(choices))), secret[16:])
    assert receipts.read(receipt.code) == receipt
    assert receipts.read(f" {receipt.code[:9]}\n{receipt.code[9:].lower()} ") == receipt


@pytest.mark.parametrize("code", ["", "x", "1.1.1.AAAA", "1.1.." + "A" * 52, f"1.1.1.{'1' * 52}", "9" * 900, "1.1.1.٣"])
def test_what_is_no_code_is_said_to_be_none(code: str) -> None:
    with pytest.raises(NotAReceipt):
        receipts.read(code)


def test_a_ballot_is_waiting_until_closing_then_counted_or_replaced_or_taken_out(
    database: Database, now: datetime
) -> None:
    with database.transaction() as session:
        round_ = an_open_round(session, now)
    first, second = _receipt(database, round_, now, "1,2", "3")
    (other,) = _receipt(database, round_, now, "")
    with database.transaction() as session:
        found = [receipts.look_up(session, receipt)[0] for receipt in (first, second, other)]
        assert found == [Finding.REPLACED, Finding.WAITING, Finding.WAITING]
        session.execute(delete(Ballot).where(Ballot.token == other.token))  # as at closing, when a payment was refunded
        closed(session, session.get_one(Round, round_.id), now)
        found = [receipts.look_up(session, receipt)[0] for receipt in (first, second, other)]
        assert found == [Finding.REPLACED, Finding.COUNTED, Finding.TAKEN_OUT]
        forged = Receipt(round_.id, second.token, second.version, "4", second.nonce)
        assert receipts.look_up(session, forged) == (Finding.UNKNOWN, None)


def test_the_page_says_it_without_the_code_in_an_address(
    client: FlaskClient, database: Database, round_: Round, now: datetime
) -> None:
    first, second = _receipt(database, round_, now, "1", "2")
    assert client.get("/receipt").status_code == 200
    assert "No such ballot" not in client.get(f"/receipt?code={second.code}").text
    assert "This ballot was received</p>" in client.post("/receipt", data={"code": second.code}).text
    with database.transaction() as session:
        closed(session, session.get_one(Round, round_.id), now)
    assert "and it counts" in client.post("/receipt", data={"code": second.code}).text
    assert "replaced by a later one" in client.post("/receipt", data={"code": first.code}).text
    forged = second.code[:-1] + ("A" if second.code[-1] != "A" else "B")
    assert "No such ballot was received" in client.post("/receipt", data={"code": forged[:-20] + "A" * 20}).text
    answer = client.post("/receipt", data={"code": "nothing of the kind"})
    assert (answer.status_code, "This is no receipt code" in answer.text) == (422, True)


def test_of_an_open_round_no_list_is_published(
    client: FlaskClient, database: Database, round_: Round, now: datetime
) -> None:
    (receipt,) = _receipt(database, round_, now, "1")
    names = ("leaves.txt", "result.json", "result.csv", "result.xlsx", "result.pb")
    for name in (*names, f"leaves.txt?prefix={receipt.leaf.hex()[:2]}"):
        assert client.get(f"/topics/{round_.id}/{name}").status_code == 404, name
        assert client.get(f"/topics/99/{name}").status_code == 404, name


def test_the_script_of_the_document_finds_a_ballot_on_the_published_list(
    client: FlaskClient, database: Database, round_: Round, now: datetime, tmp_path: Path
) -> None:
    (receipt,) = _receipt(database, round_, now, "2,3")
    _receipt(database, round_, now, "1", "2")
    with database.transaction() as session:
        closed(session, session.get_one(Round, round_.id), now)
    leaves = client.get(f"/topics/{round_.id}/leaves.txt")
    script = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert script.count("\n") <= 10
    (tmp_path / "leaves.txt").write_bytes(leaves.data)
    told = [
        subprocess.run(
            [sys.executable, "-c", script, code, str(tmp_path / "leaves.txt")],
            check=True, capture_output=True, text=True,
        ).stdout
        for code in (receipt.code, receipt.code.replace(".1.", ".2.", 1))
    ]  # fmt: skip
    root = client.get(f"/topics/{round_.id}/result.json").json["chain"]["root"]  # type: ignore[index]  # it is JSON
    assert told[0] == f"root {root}\nleaf {receipt.leaf.hex()} is on the list\n"
    assert "is NOT on the list" in told[1]
    part = client.get(f"/topics/{round_.id}/leaves.txt?prefix={receipt.leaf.hex()[:2]}").text.split()
    assert receipt.leaf.hex() in part
    assert all(leaf.startswith(receipt.leaf.hex()[:2]) for leaf in part)
    again = client.get(f"/topics/{round_.id}/leaves.txt", headers={"If-None-Match": leaves.headers["ETag"]})
    assert again.status_code == 304


def test_large_parts_of_the_list_are_sent_no_more_often_than_the_whole(
    client: FlaskClient, database: Database, round_: Round, now: datetime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "WHOLE_LISTS", "2 per hour")
    with database.transaction() as session:
        closed(session, session.get_one(Round, round_.id), now)
    asked = [client.get(f"/topics/{round_.id}/leaves.txt?prefix={prefix}").status_code for prefix in ("", "a", "b")]
    assert asked == [200, 200, 429]
    assert client.get(f"/topics/{round_.id}/leaves.txt?prefix=ab").status_code == 200
