"""What a process knows of the database for a second, so that not every page has to ask."""

import threading
from collections.abc import Callable
from time import monotonic
from typing import Generic, TypeVar

SECONDS = 1.0
Value = TypeVar("Value")


class Fresh(Generic[Value]):
    """What `read` last returned, read again at most once a second, however many threads ask."""

    def __init__(self, read: Callable[[], Value]) -> None:
        self._read = read
        self._lock = threading.Lock()
        self._seen: tuple[float, Value] | None = None

    def __call__(self) -> Value:
        """Return the value, at most a second old."""
        seen = self._seen
        if seen and monotonic() - seen[0] < SECONDS:
            return seen[1]
        with self._lock:
            if self._seen is None or self._seen is seen:  # whoever waited here has what the one before has read
                self._seen = (monotonic(), self._read())
            return self._seen[1]

    def forget(self) -> None:
        """Read again at the next question, whatever is being read now."""
        with self._lock:
            self._seen = None
