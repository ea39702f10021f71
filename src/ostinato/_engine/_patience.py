"""A wait on the engine's clock for what may never come."""

import asyncio
from functools import partial
from types import TracebackType
from typing import Any, Self, TypeVar

from ostinato.protocols import Clock

__all__ = ["Patience", "resolve", "result_of"]

T = TypeVar("T")


class Patience:
    """Waits for one thing after the other, and for so long in all."""

    def __init__(self, clock: Clock, loop: asyncio.AbstractEventLoop, seconds: float) -> None:
        """Begin to wait, for *seconds* of the *clock*."""
        self._over: asyncio.Future[None] = loop.create_future()
        self._timer = clock.call_later(seconds, partial(resolve, self._over))

    @property
    def is_over(self) -> bool:
        """Whether the time has passed."""
        return self._over.done()

    async def wait_for(self, *awaited: "asyncio.Future[Any]") -> None:
        """Wait until one of them is done, however it ended, or the time has passed."""
        if not self.is_over:
            await asyncio.wait({self._over, *awaited}, return_when=asyncio.FIRST_COMPLETED)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._timer.cancel()
        self._over.cancel()


def resolve(future: "asyncio.Future[None]") -> None:
    """End the wait for *future*, unless it has ended already."""
    if not future.done():
        future.set_result(None)


def result_of(future: "asyncio.Future[T]") -> T | None:
    """Return what came of *future*; None: nothing did."""
    if future.cancelled() or future.exception() is not None:
        return None
    return future.result()
