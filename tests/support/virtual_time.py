"""An event loop whose time is handed in: a wait of an hour takes none."""

import asyncio
import selectors
from collections.abc import Callable
from typing import Any

__all__ = ["VirtualTimeLoop", "advance", "turn"]

_PATIENCE = 10.0


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """Jumps to the next timer instead of waiting for it; stands still while a thread is at work."""

    def __init__(self, threads_at_work: Callable[[asyncio.AbstractEventLoop], int]) -> None:
        """Ask *threads_at_work* how many jobs of the loop are in threads."""
        self.instant = 1_000.0
        super().__init__(_JumpingSelector(self))
        self._threads_at_work = threads_at_work
        # asyncio adds it to the time to find what is due; a nanosecond is lost in a year's float.
        self._clock_resolution = 1e-6

    def time(self) -> float:
        """Return the virtual time in seconds."""
        return self.instant

    def must_wait(self) -> bool:
        """Return whether real threads are at work, whose time is real."""
        return self._threads_at_work(self) > 0


class _JumpingSelector(selectors.DefaultSelector):
    def __init__(self, loop: VirtualTimeLoop) -> None:
        super().__init__()
        self._loop = loop

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is not None and timeout > 0 and not self._loop.must_wait():
            self._loop.instant += timeout
            timeout = 0
        if timeout == 0:
            return super().select(0)
        events = super().select(_PATIENCE)
        if not events:
            message = f"nothing happened for {_PATIENCE:g} real seconds: the test waits for ever"
            raise TimeoutError(message)
        return events


async def advance(seconds: float) -> None:
    """Let *seconds* of the running loop's virtual time pass."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualTimeLoop)
    passed = loop.create_future()
    timer = loop.call_later(seconds, passed.set_result, None)
    try:
        await passed
    finally:
        timer.cancel()


async def turn() -> None:
    """Let the running loop turn once."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    await turned
