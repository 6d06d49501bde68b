"""The letters that follow from what Stripe told: rendered from their templates, once each."""

from patronage.foundation.post import Mailbox
from patronage.foundation.worker import Worker
from tests.giving.readers import Readers


def _bodies(mailbox: Mailbox) -> list[tuple[str, str]]:
    sent = []
    for letter in mailbox.letters:
        body = letter.get_body(("plain",))
        assert body is not None
        sent.append((str(letter["Subject"]), body.get_content()))
    return sent


def test_a_receipt_leaves_once_whatever_the_worker_is_told(readers: Readers, worker: Worker, mailbox: Mailbox) -> None:
    readers.stripe.pay(readers.offered(amount_minor=750))
    for _ in range(2):
        readers.stripe.deliver(readers.app, *readers.stripe.events())
        worker.work_until_idle()
    ((subject, body),) = _bodies(mailbox)
    assert "€7.50" in subject
    assert "Next payment: 2 April 2026" in body
    assert "https://support.example.org/account" in body


def test_of_a_second_pledge_its_giver_is_told(readers: Readers, worker: Worker, mailbox: Mailbox) -> None:
    for amount in (500, 900):
        readers.stripe.pay(readers.offered(amount_minor=amount))
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    worker.work_until_idle()
    subjects = sorted(subject for subject, _ in _bodies(mailbox))
    assert len(subjects) == 3
    assert subjects[-1].startswith("You now have two pledges")


def test_of_a_payment_that_failed_its_giver_is_told(readers: Readers, worker: Worker, mailbox: Mailbox) -> None:
    readers.stripe.pay(readers.offered(), method="bank_debit", outcome="fail")
    readers.stripe.advance(days=3)
    readers.stripe.deliver(readers.app, *readers.stripe.events())
    worker.work_until_idle()
    ((subject, body),) = _bodies(mailbox)
    assert "did not go through" in subject
    assert "€5" in body
