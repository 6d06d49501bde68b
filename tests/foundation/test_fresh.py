"""What is known for a second, and by how many readings."""

import threading
from itertools import count

import pytest

from patronage.foundation import fresh
from patronage.foundation.fresh import Fresh


def test_within_a_second_it_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()
    known = Fresh(lambda: next(numbers))
    assert (known(), known()) == (0, 0)
    monkeypatch.setattr(fresh, "SECONDS", 0.0)
    assert known() == 1


def test_threads_that_wait_take_what_one_of_them_read() -> None:
    readings, may_go_on, waiting = count(), threading.Event(), threading.Barrier(4)

    def read() -> int:
        may_go_on.wait(5)
        return next(readings)

    known, told = Fresh(read), list[int]()

    def ask() -> None:
        waiting.wait(5)
        told.append(known())

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for each in threads:
        each.start()
    waiting.wait(5)
    may_go_on.set()
    for each in threads:
        each.join(5)
    assert told == [0, 0, 0]


def test_what_is_forgotten_is_read_again() -> None:
    numbers = count()
    known = Fresh(lambda: next(numbers))
    known()
    known.forget()
    assert known() == 1
