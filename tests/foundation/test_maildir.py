"""The demo's mailbox: web and worker open it at the same moment, and each finds it."""

import threading
from email.message import EmailMessage
from pathlib import Path

from patronage.foundation.post import Maildir

AT_ONCE, TIMES = 4, 40


def test_several_who_make_it_at_once_all_have_it(tmp_path: Path) -> None:
    """The library's own way of making one failed about once in five of these for somebody."""
    for number in range(TIMES):
        place, begun = tmp_path / str(number) / "mail", threading.Barrier(AT_ONCE)
        sent: list[int] = []

        def open_and_send(place: Path = place, begun: threading.Barrier = begun, sent: list[int] = sent) -> None:
            letter = EmailMessage()
            letter.set_content("Thank you")
            begun.wait()
            Maildir(place).send(letter)
            sent.append(1)

        together = [threading.Thread(target=open_and_send) for _ in range(AT_ONCE)]
        for each in together:
            each.start()
        for each in together:
            each.join()
        assert len(sent) == len(list((place / "new").iterdir())) == AT_ONCE
