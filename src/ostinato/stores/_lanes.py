"""The store's threads: a lane for claims and one for reads, so that a long page costs no lease."""

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import Any, TypeVar

from ostinato.errors import NotRunningError

__all__ = ["Lane", "Lanes"]

T = TypeVar("T")
_Job = tuple[Callable[[], Any], "asyncio.Future[Any]"]


class Lane:
    """One daemon thread that makes one call after the other, the urgent ones first."""

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Answer on *loop*; the thread begins with the first call."""
        self._name = name
        self._loop = loop
        self._jobs: deque[_Job] = deque()
        self._urgent: deque[_Job] = deque()
        # One for each job, and for each change: the thread sleeps where no lock of Python's is.
        self._wakes: SimpleQueue[None] = SimpleQueue()
        self._lock = Lock()
        self._thread: Thread | None = None
        self._is_closed = False
        self._beat: Callable[[], float | None] | None = None
        self._every = self._next_beat = 0.0
        self._has_just_beaten = False
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
        self._every, self._monotonic = every, monotonic
        self._next_beat = monotonic() + every
        self._beat = function
        self._wakes.put(None)

    def call(self, function: Callable[[], T], *, is_urgent: bool = False) -> "asyncio.Future[T]":
        """Call *function* in the thread; what comes of it comes by the future, on the loop.

        Raises:
            NotRunningError: The lane was closed.
        """
        future: asyncio.Future[T] = self._loop.create_future()
        with self._lock:
            if self._is_closed:
                raise NotRunningError(self._name)
            (self._urgent if is_urgent else self._jobs).append((function, future))
            if self._thread is None:
                self._thread = Thread(target=self._work, name=self._name, daemon=True)
                self._thread.start()
        self._wakes.put(None)
        return future

    def close(self, timeout: float) -> None:
        """Make the calls that wait, and end the thread; after *timeout* seconds go on without."""
        with self._lock:
            self._is_closed = True
        self._wakes.put(None)
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
        while True:
            is_due = self._beat is not None and self._monotonic() >= self._next_beat
            # Where a beat takes longer than its period, somebody has a turn all the same.
            is_courteous = self._has_just_beaten and (self._urgent or self._jobs)
            if self._beat is not None and is_due and not is_courteous:
                self._has_just_beaten = True
                self._next_beat = self._monotonic() + self._every
                return self._beat, None
            self._has_just_beaten = False
            if self._urgent:
                return self._urgent.popleft()
            if self._jobs:
                return self._jobs.popleft()
            if self._is_closed:
                return None
            wait = None if self._beat is None else max(self._next_beat - self._monotonic(), 0.0)
            with suppress(Empty):
                self._wakes.get(timeout=wait)


class Lanes:
    """The lanes of a store, which keeps a connection for each of their threads.

    A third thread, beside the two that ask, listens to what the store pushes, where it does.
    """

    def __init__(self, name: str, loop: asyncio.AbstractEventLoop) -> None:
        """Answer on *loop*."""
        self._claims = Lane(f"{name}-claims", loop)
        self._reads = Lane(f"{name}-reads", loop)
        self._pushes = Lane(f"{name}-pushes", loop)

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

    def listen(self, call: Callable[[], T]) -> "asyncio.Future[T]":
        """Make *call*, which listens for as long as it can, and asks for nothing else."""
        return self._pushes.call(call)

    def hush(self) -> None:
        """End the thread that listens: there is nothing to hear."""
        self._pushes.close(0.0)

    def close(self, timeout: float = 3.0) -> None:
        """Make the calls that wait, and end all threads."""
        self._claims.close(timeout)
        self._reads.close(timeout)
        self._pushes.close(timeout)


def _tell(future: "asyncio.Future[Any]", result: object, error: Exception | None) -> None:
    if future.done():
        # Whoever asked was cancelled; the call has been made all the same.
        return
    if error is None:
        future.set_result(result)
    else:
        future.set_exception(error)
