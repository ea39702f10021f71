"""The store's threads: a lane for claims and one for reads, so that a long page costs no lease."""

import asyncio
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count
from threading import Condition, Thread
from typing import Any, TypeVar

from ostinato.errors import NotRunningError

__all__ = ["Lane", "Lanes"]

T = TypeVar("T")
_Job = tuple[int, int, Callable[[], Any], "asyncio.Future[Any]"]


class Lane:
    """One daemon thread that makes one call after the other, the urgent ones first."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Answer on *loop*; the thread begins with the first call."""
        self._name = name
        self._loop = loop
        self._jobs: list[_Job] = []
        self._numbers = count()
        self._changed = Condition()
        self._thread: Thread | None = None
        self._is_closed = False
        self._beat: Callable[[], float | None] | None = None
        self._every = self._next_beat = 0.0
        self._monotonic: Callable[[], float] = float

    def beat(
        self, function: Callable[[], float | None], every: float, monotonic: Callable[[], float]
    ) -> None:
        """Call *function* in the thread, too, whatever the loop does.

        Args:
            function: What to call; it raises nothing, and may return how soon to call it again.
            every: After how many seconds each time.
            monotonic: The clock that tells.
        """
        with self._changed:
            self._beat, self._every, self._monotonic = function, every, monotonic
            self._next_beat = monotonic() + every
            self._changed.notify()

    def call(self, function: Callable[[], T], *, is_urgent: bool = False) -> "asyncio.Future[T]":
        """Call *function* in the thread; what comes of it comes by the future, on the loop.

        Raises:
            NotRunningError: The lane was closed.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        with self._changed:
            if self._is_closed:
                raise NotRunningError(self._name)
            heappush(self._jobs, (int(not is_urgent), next(self._numbers), function, future))
            if self._thread is None:
                self._thread = Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
            self._changed.notify()
        return future

    def close(self, timeout: float) -> None:
        """Make the calls that wait, and end the thread; after *timeout* seconds go on without."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout)

    def _work(self) -> None:
        while (work := self._next()) is not None:
            function, future = work
            result: Any = None
            error: Exception | None = None
            try:
                result = function()
            except Exception as raised:  # noqa: BLE001 - whatever it is, whoever asked is told
                error = raised
            if future is None:
                if result is not None:
                    self._next_beat = self._monotonic() + result
                continue
            try:
                self._loop.call_soon_threadsafe(_tell, future, result, error)
            except RuntimeError:
                # The loop was closed: nobody waits any more.
                return

    def _next(self) -> "tuple[Callable[[], Any], asyncio.Future[Any] | None] | None":
        """Wait for the next call, or the next beat; None: there is no more."""
        with self._changed:
            while True:
                if self._beat is not None and self._monotonic() >= self._next_beat:
                    self._next_beat = self._monotonic() + self._every
                    return self._beat, None
                if self._jobs:
                    _, _, function, future = heappop(self._jobs)
                    return function, future
                if self._is_closed:
                    return None
                wait = None if self._beat is None else self._next_beat - self._monotonic()
                self._changed.wait(None if wait is None else max(wait, 0.0))


class Lanes:
    """Both lanes of a store, which keeps a connection for each of their threads."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Answer on *loop*."""
        self._claims = Lane(f"{name}-claims", loop)
        self._reads = Lane(f"{name}-reads", loop)

    def beat(
        self, function: Callable[[], float | None], every: float, monotonic: Callable[[], float]
    ) -> None:
        """Call *function* every so many seconds, before the claims that wait."""
        self._claims.beat(function, every, monotonic)

    def renew(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Make *call* before the claims that wait: no lease is lost to a queue."""
        return self._claims.call(call, is_urgent=True)

    def claims(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Make *call*, which claims or settles, one after the other."""
        return self._claims.call(call)

    def reads(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Make *call*, which reads, steers or looks up the history."""
        return self._reads.call(call)

    def close(self, timeout: float = 3.0) -> None:
        """Make the calls that wait, and end both threads."""
        self._claims.close(timeout)
        self._reads.close(timeout)


def _tell(future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if future.done():
        # Whoever asked was cancelled; the call has been made all the same.
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
