"""A present: bought once, mailed on its day, redeemed by a button, taken back with the money, over on its day."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from patronage.foundation.outbox import Letter
from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.giving import standing
from patronage.giving.duties import policy_of
from patronage.giving.memberships import presents
from patronage.giving.memberships.models import Present
from patronage.giving.models import Pledge, PledgeKind, PledgeState
from patronage.people import people
from tests.giving.memberships.desk import Desk
from tests.giving.readers import Readers
from tests.giving.supporting import path_of, session_id, words

WISH = {
    "length": "0-3", "recipient_name": "Nadia", "recipient_email": "nadia@reader.example", "message": "For you",
    "deliver_on": "2026-03-02", "giver_name": "Olha", "email": "olha@reader.example", "currency": "EUR",
}  # fmt: skip


def _buy(client: FlaskClient, readers: Readers, **fields: Any) -> None:
    readers.stripe.pay(session_id(client.post("/support/present", data={**WISH, **fields})))
    readers.catch_up()


def _present(tools: Tools) -> Present:
    with tools.database.reading() as session:
        return session.scalars(select(Present)).one()


def _membership(tools: Tools) -> Pledge:
    with tools.database.reading() as session:
        return session.scalars(select(Pledge).where(Pledge.kind == PledgeKind.PRESENT)).one()


def _is_patron(tools: Tools, email: str) -> bool:
    with tools.database.reading() as session:
        person = people.find(session, email)
        return person is not None and standing.is_patron(session, person.id, tools.clock.now())


def _letter(mailbox: Mailbox, to: str, about: str) -> str:
    found = [each for each in mailbox.letters if to in each["To"] and about in each["Subject"]]
    assert found, [(each["To"], each["Subject"]) for each in mailbox.letters]
    body = found[-1].get_body(("plain",))
    assert body
    return str(body.get_content())


def _redeem_path(letter: str) -> str:
    found = re.search(r"https?://\S+/support/present/redeem\S+", letter)
    assert found, letter
    return path_of(found[0])


def test_a_present_is_mailed_and_redeemed_by_a_button_alone(
    client: FlaskClient, readers: Readers, worker: Worker, mailbox: Mailbox, tools: Tools
) -> None:
    _buy(client, readers)
    worker.work_until_idle()
    path = _redeem_path(_letter(mailbox, "nadia@reader.example", "A present from Olha"))
    for _ in range(3):
        assert "A present from Olha" in client.get(path).text
    assert not _is_patron(tools, "nadia@reader.example")
    form = {"present": path.partition("present=")[2], "email": "nadia@reader.example"}
    for _ in range(2):  # a double click is one membership
        assert client.post("/support/present/redeem", data=form).status_code == 303
    membership = _membership(tools)
    assert (membership.state, membership.amount_minor) == (PledgeState.ACTIVE, 0)
    assert membership.paid_until == datetime(2026, 6, 2, 12, 0, tzinfo=UTC)
    assert _is_patron(tools, "nadia@reader.example")
    assert not _is_patron(tools, "olha@reader.example")
    assert "Your membership lasts until 2 June 2026" in words(client.get(path))
    worker.work_until_idle()
    _letter(mailbox, "olha@reader.example", "Nadia has accepted")
    _letter(mailbox, "olha@reader.example", "Receipt")


def test_nobody_else_redeems_it_again(client: FlaskClient, readers: Readers, tools: Tools, settings: Settings) -> None:
    _buy(client, readers)
    reference, now = _present(tools).reference, tools.clock.now()
    with tools.database.transaction() as session:
        presents.redeem(session, reference, "nadia@reader.example", policy_of(settings), now)
    with pytest.raises(presents.PresentRedeemed), tools.database.transaction() as session:
        presents.redeem(session, reference, "thief@reader.example", policy_of(settings), now)


def test_it_waits_for_its_day(
    client: FlaskClient, readers: Readers, worker: Worker, mailbox: Mailbox, tools: Tools
) -> None:
    _buy(client, readers, deliver_on="2026-03-20")
    worker.work_until_idle()
    assert [each for each in mailbox.letters if "nadia" in each["To"]] == []
    readers.stripe.clock.advance(days=18)
    worker.work_until_idle()
    assert _present(tools).sent_at is not None
    _letter(mailbox, "nadia@reader.example", "A present from Olha")


@pytest.mark.parametrize("typed", ["2026-03-03", "2026-03-02"], ids=["today", "a page opened before midnight"])
def test_one_for_today_does_not_wait_for_the_morning(
    client: FlaskClient, readers: Readers, worker: Worker, mailbox: Mailbox, typed: str
) -> None:
    readers.stripe.advance(seconds=13 * 3600)  # three at night in Kyiv, of the third
    _buy(client, readers, deliver_on=typed)
    worker.work_until_idle()
    _letter(mailbox, "nadia@reader.example", "A present from Olha")


def test_it_ends_by_itself_and_says_so_two_weeks_before(
    client: FlaskClient, readers: Readers, worker: Worker, mailbox: Mailbox, tools: Tools, settings: Settings
) -> None:
    _buy(client, readers)
    with tools.database.transaction() as session:
        reference = session.scalars(select(Present.reference)).one()
        presents.redeem(session, reference, "nadia@reader.example", policy_of(settings), tools.clock.now())
    readers.stripe.clock.advance(days=79)
    worker.work_until_idle()
    assert "/support?interval=month" in _letter(mailbox, "nadia@reader.example", "ends on 2 June 2026")
    readers.stripe.clock.advance(days=14)
    assert not _is_patron(tools, "nadia@reader.example")  # even before the worker comes by
    worker.work_until_idle()
    membership = _membership(tools)
    assert (membership.state, membership.ended_because) == (PledgeState.ENDED, "run out")


def test_money_given_back_takes_back_what_is_left(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings
) -> None:
    _buy(client, readers)
    with tools.database.transaction() as session:
        reference = session.scalars(select(Present.reference)).one()
        presents.redeem(session, reference, "nadia@reader.example", policy_of(settings), tools.clock.now())
    (charge,) = readers.stripe.api.charges.list().data
    readers.stripe.advance(days=10)
    readers.stripe.api.refunds.create({"charge": charge.id})
    readers.catch_up()
    assert _present(tools).revoked_at is not None
    assert _membership(tools).ended_because == "given back"
    assert not _is_patron(tools, "nadia@reader.example")


def test_one_taken_back_before_its_day_is_never_mailed(
    client: FlaskClient, readers: Readers, worker: Worker, mailbox: Mailbox
) -> None:
    _buy(client, readers, deliver_on="2026-04-20")
    (charge,) = readers.stripe.api.charges.list().data
    readers.stripe.api.refunds.create({"charge": charge.id})
    readers.catch_up()
    readers.stripe.clock.advance(days=60)
    worker.work_until_idle()
    assert [each for each in mailbox.letters if "nadia" in each["To"]] == []


def test_a_bank_debit_redeems_nothing_before_it_settles(
    client: FlaskClient, readers: Readers, tools: Tools, settings: Settings
) -> None:
    opened = session_id(client.post("/support/present", data=WISH))
    readers.stripe.pay(opened, method="bank_debit")
    readers.catch_up()
    reference = _present(tools).reference
    with pytest.raises(presents.PresentNotPaid), tools.database.transaction() as session:
        presents.redeem(session, reference, "nadia@reader.example", policy_of(settings), tools.clock.now())
    seen = len(readers.stripe.events())
    readers.stripe.advance(days=4)
    readers.catch_up(seen)
    assert _present(tools).paid_at is not None


def test_two_presents_of_one_price_are_two_payments(client: FlaskClient) -> None:
    first = session_id(client.post("/support/present", data=WISH))
    assert session_id(client.post("/support/present", data=WISH)) == first  # a double click
    assert session_id(client.post("/support/present", data={**WISH, "recipient_name": "Ivan"})) != first


def test_the_buyer_sees_the_card_and_mails_it_again_a_few_times(
    client: FlaskClient, readers: Readers, worker: Worker, tools: Tools
) -> None:
    answer = client.post("/support/present", data=WISH)
    page = readers.stripe.api.checkout.sessions.retrieve(session_id(answer))
    path = path_of(str(page.success_url)).partition("&session_id")[0]
    assert "confirming your payment" in words(client.get(path))
    readers.stripe.pay(page.id)
    readers.catch_up()
    worker.work_until_idle()
    assert "/support/present/redeem?present=" in client.get(path).text
    key = path.partition("pledge=")[2]
    answers = []
    for _ in range(5):
        readers.stripe.clock.advance(minutes=5)
        answers.append(client.post("/support/present/again", data={"pledge": key}).status_code)
    assert answers == [303, 303, 303, 429, 429]
    with tools.database.reading() as session:
        assert len(session.scalars(select(Letter).where(Letter.kind == "giving/present")).all()) == 4


def test_the_desk_lists_what_waits(client: FlaskClient, readers: Readers, desk: Desk) -> None:
    assert "No present waits" in desk.get("/desk/patrons/presents").text
    _buy(client, readers)
    assert "nadia@reader.example" in desk.get("/desk/patrons/presents").text


def test_what_cannot_be_is_said_beside_its_field(client: FlaskClient) -> None:
    answer = client.post("/support/present", data={**WISH, "length": "9-9", "deliver_on": "2020-01-01", "email": "no"})
    assert answer.status_code == 422
    said = words(answer)
    assert "Choose how long the membership lasts." in said
    assert "Choose a day between today and a year from now." in said
    assert 'value="Nadia"' in answer.text
    assert client.get("/support/present/redeem?present=made.up").status_code == 404
