"""Waiting for what another process does: looked at again and again, and not for ever."""

import time
from collections.abc import Callable

PAUSE = 0.02


def wait_for(
    condition: Callable[[], object], *, seconds: float = 60, what: Callable[[], str] = str
) -> None:
    """Return when *condition* holds; fail after *seconds*, with *what* tells."""
    give_up = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < give_up, what()
        time.sleep(PAUSE)
