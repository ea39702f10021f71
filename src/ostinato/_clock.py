"""The one reader of real time, and the one way to let it pass."""

import time
from asyncio import get_running_loop
from collections.abc import Callable

from ostinato.protocols import Timer

__all__ = ["SystemClock"]


# Goes on while the machine is suspended, which the monotonic clock of Linux does not.
_BOOT: int | None = getattr(time, "CLOCK_BOOTTIME", None)


def _monotonic_over_suspends() -> float:
    """Return the seconds since some instant, those of suspends included, where it can be told."""
    return time.monotonic() if _BOOT is None else time.clock_gettime(_BOOT)


class SystemClock:
    """The machine's time, and the running event loop's timers."""

    __slots__ = ()

    # The functions themselves, so that reading the time costs no call more than it has to.
    now = staticmethod(time.time)
    monotonic = staticmethod(time.monotonic)
    boot = staticmethod(_monotonic_over_suspends)
    # How finely the timers of asyncio tell instants apart: in whole milliseconds.
    grain = 1

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call *callback* on the running loop in *delay* seconds."""
        # What the loop's own `call_later` does, without it: there is one for each wake-up.
        loop = get_running_loop()
        return loop.call_at(loop.time() + delay, callback)
