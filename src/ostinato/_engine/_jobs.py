"""Calls on their way to a thread, and their ends on their way back to the loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from contextvars import Context
from typing import NamedTuple

__all__ = ["NOTHING", "Completions", "Job", "Returned"]


class Returned(NamedTuple):
    """What a function left behind in its thread: a value, or the exception it raised."""

    value: object
    error: BaseException | None


# What most functions leave behind.
NOTHING = Returned(None, None)


class Job:
    """One call on its way to a thread and back, to whoever awaits its future or is called."""

    __slots__ = (
        "_claim",
        "_future",
        "call",
        "completions",
        "context",
        "is_withdrawn",
        "loop",
        "name",
        "on_end",
        "on_late_end",
    )

    def __init__(
        self,
        name: str,
        call: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
        completions: "Completions",
        *,
        context: Context | None = None,
        on_end: Callable[[Returned], object] | None = None,
    ) -> None:
        """Prepare *call*, known as *name*, whose end reaches the *loop* by *completions*.

        Args:
            name: What the call is known as.
            call: Is called in a thread.
            loop: Where its end is told.
            completions: Brings it there.
            context: What it is called in; by default the thread's own.
            on_end: Is called on the loop when it has ended, unless its future is asked for.
        """
        self.name = name
        self.call: Callable[[], object] = call
        self.context = context
        self.loop = loop
        self.completions = completions
        self.on_end = on_end
        self.is_withdrawn = False
        # Is called on the loop when it ends although nobody waits for it any more.
        self.on_late_end: Callable[[], None] | None = None
        self._future: asyncio.Future[Returned] | None = None
        self._claim = threading.Lock()

    @property
    def future(self) -> "asyncio.Future[Returned]":
        """Its end, for whoever waits; from then on nobody else is told."""
        if self._future is None:
            self.on_end = None
            self._future = self.loop.create_future()
        return self._future

    def claim(self) -> bool:
        """Return whether the caller is the first to ask, and so decides what becomes of the job."""
        return self._claim.acquire(blocking=False)

    def withdraw(self) -> bool:
        """Take the job back; return False where a thread has it already."""
        self.is_withdrawn = self.is_withdrawn or self.claim()
        return self.is_withdrawn

    @property
    def waiting(self) -> bool:
        """Whether no thread has taken it yet."""
        return not self._claim.locked()

    def run(self) -> Returned:
        """Make the call, in whatever thread this is."""
        if not self.claim():
            return NOTHING
        context = self.context
        try:
            value = self.call() if context is None else context.run(self.call)
            returned = NOTHING if value is None else Returned(value, None)
        except BaseException as error:  # noqa: BLE001 - it is the user's function: contained here, judged on the loop
            returned = Returned(None, error)
        # What it refers to is let go before its end is told; its context only where somebody waits,
        # who has it too.
        self.call = int
        if self.on_end is None:
            self.context = None
        return returned

    def end(self, returned: Returned) -> None:
        """Tell on the loop what the call has *returned*."""
        if self.on_end is not None:
            self.on_end(returned)
        elif not self.future.done():
            self.future.set_result(returned)
        else:
            self.completions.lose(self, returned)
            if self.on_late_end is not None:
                self.on_late_end()


class Completions:
    """Ended jobs on their way to one loop: however many end together, they wake it once."""

    def __init__(self, on_lost: Callable[[str, BaseException], None]) -> None:
        """Tell *on_lost* of errors that nobody waits for."""
        self.outstanding = 0
        self._on_lost = on_lost
        self._ended: deque[tuple[Job, Returned]] = deque()
        self._is_armed = False
        self._waiting: list[asyncio.Future[None]] = []

    async def next_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait for the next jobs to end."""
        waiting = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def deliver(self, job: Job, returned: Returned) -> None:
        """Bring what *job* has *returned* to its loop."""
        self._ended.append((job, returned))
        if self._is_armed:
            return
        self._is_armed = True
        try:
            job.loop.call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The loop was closed while the function ran: nobody is left to be told.
            while self._ended:
                self.lose(*self._ended.popleft())

    def lose(self, job: Job, returned: Returned) -> None:
        """Let go of an end that nobody waits for, but not of an error."""
        if returned.error is not None:
            self._on_lost(job.name, returned.error)

    def _drain(self) -> None:
        # Disarmed before it is emptied: a job that ends meanwhile either is seen here or re-arms.
        self._is_armed = False
        while self._ended:
            job, returned = self._ended.popleft()
            self.outstanding -= 1
            job.end(returned)
        while self._waiting:
            waiting = self._waiting.pop()
            if not waiting.done():
                waiting.set_result(None)
