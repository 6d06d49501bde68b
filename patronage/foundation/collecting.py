"""Python's collector of cycles, put aside while millions of rows are read that hold none."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def collector_paused() -> Iterator[None]:
    """Let the collector rest in this process while the block (or the function this decorates) runs.

    Each portion of rows makes it look through everything the service has loaded: reading a million took three times as
    long. Rows are freed as soon as nobody holds them, with or without it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
