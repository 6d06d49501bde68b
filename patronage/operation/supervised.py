"""Ends a supervised process when its supervisor is gone, however that ended: nothing is left running alone."""

import os
import signal
import threading
import time

SIGN = "SUPERVISED_THROUGH_STDIN"
STDIN = 0
PATIENCE_SECONDS = 40.0


def end_with_supervisor() -> None:
    """Have this process told to stop (SIGTERM) when its standard input closes, if a supervisor started it.

    The supervisor holds the other end of the pipe and never writes; the kernel closes it even after a `kill -9`.
    """
    if os.environ.pop(SIGN, ""):
        threading.Thread(target=_wait_for_the_end, name="supervised", daemon=True).start()


def _wait_for_the_end() -> None:
    while os.read(STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(PATIENCE_SECONDS)
    os._exit(1)
