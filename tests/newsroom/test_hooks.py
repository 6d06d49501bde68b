"""What is told to programs and chat rooms elsewhere: signed, once, for three days, and never a count too early."""

import json
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from patronage.ballots.announcing import announce
from patronage.ballots.models import Round
from patronage.foundation.clock import FrozenClock
from patronage.foundation.database import Database
from patronage.foundation.post import Mailbox
from patronage.foundation.settings import Settings
from patronage.foundation.tools import Tools
from patronage.foundation.worker import Worker
from patronage.newsroom.hooks import keeping, sending
from patronage.newsroom.hooks.keeping import Editor, NotAnAddressToTell, Wanted
from patronage.newsroom.hooks.models import Attempt, Delivery, Hook, HookKind
from patronage.people import staff
from tests.ballots.polls import a_patron, an_open_round, closed, votes
from tests.fixtures.receiver import HOST, Receiver, closed_port

EVERYTHING = ("round.opened", "round.closed", "result.certified", "topic.chosen", "topic.published")


@pytest.fixture
def tools(database: Database, clock: FrozenClock, mailbox: Mailbox, payments: object, receiver: Receiver) -> Tools:
    """Tools whose world outside is the receiver."""
    return Tools(database, clock, mailbox, payments, receiver.outside())


@pytest.fixture
def editor(clock: FrozenClock, settings: Settings) -> Editor:
    """The operator."""
    return Editor(None, clock.now(), settings.secret_key.get_secret_value())


def a_hook(
    database: Database,
    editor: Editor,
    url: str,
    kind: HookKind = HookKind.STANDARD,
    events: tuple[str, ...] = EVERYTHING,
) -> tuple[int, str]:
    """A hook at `url` that is told everything; its id and its secret."""
    with database.transaction() as session:
        hook, key = keeping.add(session, kind, Wanted("The archive", EVERYTHING, url), editor)
        return hook.id, key or ""


def told(session: Session, round_: Round, event: str, clock: FrozenClock) -> None:
    """Announce `event` of `round_` now."""
    announce(session, event, {"round": round_.id}, clock.now())


def verified(key: str, message: tuple[dict[str, str], bytes], clock: FrozenClock) -> dict[str, object]:
    """What a message says, once its signature holds at the moment it was sent."""
    headers, body = message
    with time_machine.travel(clock.now(), tick=False):
        said: dict[str, object] = Webhook(key).verify(body, headers)
    return said


def tries(database: Database) -> list[Attempt]:
    """All tries so far."""
    with database.reading() as session:
        return list(session.scalars(select(Attempt).order_by(Attempt.id)))


def test_a_vote_is_told_when_it_opens_without_and_when_it_closes_with_its_result(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    _, key = a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now())
        for _ in range(12):
            votes(session, round_, a_patron(session, clock.now()), "1,2", clock.now())
        told(session, round_, "round.opened", clock)
        told(session, round_, "round.closed", clock)  # too early: there is nothing to tell
    worker.work_until_idle()
    (opened,) = [verified(key, message, clock) for message in receiver.received]
    assert opened["type"] == "round.opened"
    said = opened["data"]
    assert isinstance(said, dict)
    assert set(said) == {"round"}
    dates = {"opens_at", "closes_at", "closed_at", "certified_at"}
    assert set(said["round"]) == {"id", "title", "url", "places"} | dates
    with database.transaction() as session:
        closed(session, round_, clock.now())
        announce(session, "result.certified", {"round": round_.id, "version": 1}, clock.now())
    worker.work_until_idle()
    result = verified(key, receiver.received[-1], clock)["data"]["result"]  # type: ignore[index]
    assert result["ballots"] == 12
    assert [topic["votes"] for topic in result["chosen"]] == [12, 12]


def test_the_same_fact_announced_twice_is_told_once(
    database: Database, clock: FrozenClock, tools: Tools, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now())
        told(session, round_, "round.opened", clock)
        told(session, round_, "round.opened", clock)
    data = {"event": "round.opened", "at": clock.now().isoformat(), "subject": {"round": round_.id}}
    worker.work_until_idle()
    with worker._app.test_request_context():
        sending.announce(tools, data)  # a job done twice, as after a crash
    worker.work_until_idle()
    assert len(receiver.received) == 1


def test_every_try_sends_the_same_bytes_under_the_same_id_at_growing_gaps(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    _, key = a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        told(session, an_open_round(session, clock.now()), "round.opened", clock)
    receiver.status, receiver.body = 500, b"x" * 5000
    worker.work_until_idle()
    clock.advance(seconds=4)
    worker.work_until_idle()
    assert len(receiver.received) == 1
    clock.advance(seconds=2)
    receiver.status = 204
    receiver.body = b""
    worker.work_until_idle()
    first, second = receiver.received
    assert first[1] == second[1]
    assert first[0]["webhook-id"] == second[0]["webhook-id"]
    assert first[0]["webhook-timestamp"] != second[0]["webhook-timestamp"]
    verified(key, second, clock)
    assert [(each.status, len(each.said)) for each in tries(database)] == [(500, 1024), (204, 0)]


def test_a_redirect_and_a_silence_are_failures_that_are_tried_again(
    database: Database,
    clock: FrozenClock,
    editor: Editor,
    receiver: Receiver,
    worker: Worker,
    capfd: pytest.CaptureFixture[str],
) -> None:
    a_hook(database, editor, receiver.url)
    a_hook(database, editor, f"https://{HOST}:1/very-secret?key=very-secret")
    with database.transaction() as session:
        told(session, an_open_round(session, clock.now()), "round.opened", clock)
    receiver.status, receiver.headers = 302, {"Location": "https://169.254.169.254/"}
    worker.work_until_idle()
    assert sorted(str(each.status) for each in tries(database)) == ["302", "None"]
    logged = capfd.readouterr()
    assert "very-secret" not in " ".join([logged.out, logged.err, *(each.said for each in tries(database))])
    with database.reading() as session:
        assert all(each.due_at == clock.now() + timedelta(seconds=5) for each in session.scalars(select(Delivery)))


def test_an_address_inside_is_never_asked_and_given_up_at_once(
    database: Database, clock: FrozenClock, editor: Editor, worker: Worker
) -> None:
    a_hook(database, editor, "https://169.254.169.254/latest")
    with database.transaction() as session:
        told(session, an_open_round(session, clock.now()), "round.opened", clock)
    worker.work_until_idle()
    with database.reading() as session:
        delivery = session.scalars(select(Delivery)).one()
    assert delivery.dead_at
    assert "not a public address" in tries(database)[0].said


def test_who_is_gone_is_told_nothing_more_and_administrators_hear_of_it(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker, mailbox: Mailbox
) -> None:
    with database.transaction() as session:
        staff.grant(session, "admin@newsroom.example", "admin", clock.now())
        round_ = an_open_round(session, clock.now())
        told(session, round_, "round.opened", clock)
    hook_id, _ = a_hook(database, editor, receiver.url)
    receiver.status = 410
    worker.work_until_idle()
    with database.transaction() as session:
        assert session.get_one(Hook, hook_id).disabled_at
        closed(session, round_, clock.now())
        told(session, round_, "round.closed", clock)
    worker.work_until_idle()
    assert len(receiver.received) == 1
    (letter,) = [each for each in mailbox.to("admin@newsroom.example") if "webhook" in str(each["Subject"])]
    assert HOST in letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]  # it has one


def test_where_nobody_answers_one_message_is_tried_and_the_others_wait_with_it(
    database: Database, clock: FrozenClock, tools: Tools, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    """Each silence holds the worker up for seconds: one try an address, however many messages lie there."""
    a_hook(database, editor, f"https://{HOST}:{closed_port()}/hook")
    a_hook(database, editor, receiver.url)
    for _ in range(3):
        with database.transaction() as session:
            subject = {"round": an_open_round(session, clock.now()).id}
        with worker._app.test_request_context():
            sending.announce(tools, {"event": "round.opened", "at": clock.now().isoformat(), "subject": subject})
    worker.work_until_idle()
    assert len([each for each in tries(database) if each.status is None]) == 1
    assert len(receiver.received) == 3
    clock.advance(seconds=5)
    worker.work_until_idle()
    assert len([each for each in tries(database) if each.status is None]) == 2


def test_after_three_days_without_an_answer_it_is_switched_off(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    hook_id, _ = a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        told(session, an_open_round(session, clock.now()), "round.opened", clock)
    receiver.status, is_off = 503, False
    for gap in (timedelta(0), *sending.GAPS):
        clock.advance(seconds=gap.total_seconds())
        worker.work_until_idle()
        with database.reading() as session:
            is_off = session.get_one(Hook, hook_id).disabled_at is not None
        assert is_off == (len(receiver.received) == len(sending.GAPS) + 1)
    assert is_off


def test_a_new_secret_and_the_one_before_sign_together_for_a_day(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    hook_id, before = a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        after = keeping.renew_secret(session, hook_id, editor)
        told(session, an_open_round(session, clock.now()), "round.opened", clock)
    worker.work_until_idle()
    assert verified(before, receiver.received[0], clock) == verified(after, receiver.received[0], clock)
    clock.advance(hours=24)
    with database.transaction() as session:
        keeping.send_again(session, hook_id, session.scalars(select(Delivery.id)).one(), clock.now())
    worker.work_until_idle()
    verified(after, receiver.received[1], clock)
    with pytest.raises(WebhookVerificationError):
        verified(before, receiver.received[1], clock)


def test_a_chat_room_reads_a_line_in_which_nothing_is_a_mark(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    a_hook(database, editor, receiver.url, HookKind.CHAT)
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now())
        round_.title = "<!channel> @here & co"
        told(session, round_, "round.opened", clock)
    worker.work_until_idle()
    headers, body = receiver.received[0]
    text = json.loads(body)["text"]
    assert "webhook-signature" not in headers
    assert "<" not in text
    assert "@here" not in text
    assert f"/topics/{round_.id}" in text


def test_a_chat_room_hears_that_nobody_ticked_anything(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    a_hook(database, editor, receiver.url, HookKind.CHAT)
    with database.transaction() as session:
        closed(session, an_open_round(session, clock.now()), clock.now())
    worker.work_until_idle()
    text = json.loads(receiver.received[-1][1])["text"]
    assert text.startswith("“What should we look into next?”: Nobody ticked anything, so nothing was chosen. https://")


def test_addresses_and_secrets_lie_sealed_and_addresses_are_shown_masked(
    database: Database, editor: Editor, settings: Settings
) -> None:
    hook_id, key = a_hook(database, editor, "https://hooks.chat.example/T000/B000/very-secret?too=secret")
    with database.reading() as session:
        hook = session.get_one(Hook, hook_id)
    lying = b"".join([hook.sealed_url, hook.sealed_secret or b"", hook.shown.encode()])
    assert b"secret" not in lying
    assert key.encode() not in lying
    assert hook.shown == "https://hooks.chat.example/…"
    secret = settings.secret_key.get_secret_value()
    assert keeping.open_url(hook, secret).endswith("very-secret?too=secret")


def test_an_address_that_is_none_is_refused(database: Database, editor: Editor) -> None:
    for url in ("http://bus.example.org/", "https://localhost/", "bus.example.org"):
        with pytest.raises(NotAnAddressToTell):
            a_hook(database, editor, url)


def test_what_was_told_a_month_ago_is_forgotten(
    database: Database, clock: FrozenClock, editor: Editor, receiver: Receiver, worker: Worker
) -> None:
    a_hook(database, editor, receiver.url)
    with database.transaction() as session:
        round_ = an_open_round(session, clock.now())
        told(session, round_, "round.opened", clock)
    worker.work_until_idle()
    clock.advance(days=31)
    with database.transaction() as session:
        closed(session, round_, clock.now())
        told(session, round_, "round.closed", clock)
    worker.work_until_idle()
    with database.reading() as session:
        assert [each.event for each in session.scalars(select(Delivery))] == ["round.closed"]
