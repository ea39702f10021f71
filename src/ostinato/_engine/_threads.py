"""The one file that owns threads: daemon threads for plain functions, apart from the app's own."""

import asyncio
import os
import sys
import threading
import traceback
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from typing import NamedTuple
from weakref import WeakKeyDictionary

__all__ = ["Job", "Returned", "Threads"]


class Returned(NamedTuple):
    """What a function left behind in its thread: a value, or the exception it raised."""

    value: object
    error: BaseException | None


class Job:
    """One call on its way to a thread."""

    __slots__ = (
        "_claim",
        "call",
        "completions",
        "future",
        "is_withdrawn",
        "name",
        "on_late_end",
    )

    def __init__(
        self,
        name: str,
        call: Callable[[], object],
        future: "asyncio.Future[Returned]",
        completions: "_Completions",
    ) -> None:
        """Prepare *call*, known as *name*, whose end reaches *future* by *completions*."""
        self.name = name
        self.call = call
        self.future = future
        self.completions = completions
        self.is_withdrawn = False
        # Is called on the loop when it ends although nobody waits for it any more.
        self.on_late_end: Callable[[], None] | None = None
        self._claim = threading.Lock()

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


class Threads:
    """At most *limit* daemon threads, started as they are needed.

    Daemon threads never hold up the process's exit; a thread cannot be killed, and a function
    that blocks for ever must not keep a server from stopping.
    """

    def __init__(
        self,
        limit: int,
        *,
        patience: float = 10.0,
        on_exhausted: Callable[[list[str]], None] = lambda _names: None,
        on_lost: Callable[[str, BaseException], None] = lambda _name, _error: None,
    ) -> None:
        """Make an empty pool.

        Args:
            limit: How many functions run at once at the most.
            patience: How many seconds a job waits for a thread before *on_exhausted* is told.
            on_exhausted: Is told the names of the functions that hold the threads, once until a
                thread was free again.
            on_lost: Is told the name and the error of a function that raised after its job was
                abandoned; possibly from its thread.
        """
        self._limit = limit
        self._patience = patience
        self._on_exhausted = on_exhausted
        self.on_lost = on_lost
        self._count = 0
        self._start_afresh()

    def stack_of(self, name: str) -> str:
        """Return where a thread that runs the function *name* is; empty where none does."""
        frames = sys._current_frames()  # noqa: SLF001 - the one way to see where a thread is
        stacks = [
            "".join(traceback.format_stack(frames[ident]))
            for ident, running in self._running.copy().items()
            if running == name and ident in frames
        ]
        return stacks[0] if stacks else ""

    def close(self) -> None:
        """Let each thread end, once what it runs has ended."""
        with self._lock:
            ending: int = self._count
            self._count = self._free = 0
        for _ in range(ending):
            self._queue.put(None)

    @property
    def vacant(self) -> int:
        """How many jobs would be taken by threads at once, if they were submitted now."""
        return self._limit - self._count + self._free - self._backlog

    def outstanding(self, loop: asyncio.AbstractEventLoop) -> int:
        """Return how many jobs of the *loop* were submitted whose end has not reached it yet."""
        completions = self._completions.get(loop)
        return completions.outstanding if completions else 0

    async def next_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until jobs of the running *loop* have ended; at least one is outstanding."""
        await self._completions[loop].next_end(loop)

    def submit(self, name: str, call: Callable[[], object], loop: asyncio.AbstractEventLoop) -> Job:
        """Queue *call* for a thread; the job's future resolves on the *loop*."""
        if self._process != os.getpid():
            self._start_afresh()
        completions = self._completions.get(loop)
        if completions is None:
            self._forget_closed_loops()
            completions = self._completions[loop] = _Completions(self.on_lost)
        job = Job(name, call, loop.create_future(), completions)
        completions.outstanding += 1
        with self._lock:
            self._queue.put(job)
            self._backlog += 1
            lacks_thread = self._backlog > self._free
            starts_thread = lacks_thread and self._count < self._limit
            if starts_thread:
                self._count += 1
                self._free += 1
        if starts_thread:
            self._start_thread(job)
        elif lacks_thread:
            self._watch(job, loop)
        else:
            self._told_exhausted = False
        return job

    def _start_afresh(self) -> None:
        # Threads do not survive a fork: the child begins with none, and with nothing queued.
        self._process = os.getpid()
        self._queue: SimpleQueue[Job | None] = SimpleQueue()
        self._running: dict[int, str] = {}
        self._completions: WeakKeyDictionary[asyncio.AbstractEventLoop, _Completions] = (
            WeakKeyDictionary()
        )
        # A free thread takes a job from the backlog without being asked: so a thread is missing
        # exactly where the backlog is larger than the number of free ones.
        self._lock = threading.Lock()
        self._count = self._free = self._backlog = 0
        self._watched: Job | None = None
        self._watching_loop: asyncio.AbstractEventLoop | None = None
        self._latest: Job | None = None
        self._told_exhausted = False

    def _forget_closed_loops(self) -> None:
        # A job that ended too late for its loop is never drained, and it refers to the loop: the
        # weak key alone would not let go of it.
        for reference in self._completions.keyrefs():
            loop = reference()
            if loop is not None and loop.is_closed():
                self._completions.pop(loop, None)

    def _start_thread(self, job: Job) -> None:
        thread = threading.Thread(target=self._work, name=f"ostinato-{self._count}", daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The system gives no more threads. Where there is one, the job waits for it.
            with self._lock:
                self._count -= 1
                self._free -= 1
                is_alone = self._count == 0
            if is_alone and job.withdraw():
                job.future.set_result(Returned(None, error))

    def _watch(self, job: Job, loop: asyncio.AbstractEventLoop) -> None:
        # One watched job speaks for all that wait behind it, and has the only timer.
        self._latest = job
        if self._watching_loop is None or self._watching_loop.is_closed():
            self._watched, self._watching_loop = job, loop
            loop.call_later(self._patience, self._look)

    def _look(self) -> None:
        loop, self._watching_loop = self._watching_loop, None
        if self._watched is not None and self._watched.waiting:
            if not self._told_exhausted:
                self._told_exhausted = True
                self._on_exhausted(sorted(self._running.copy().values()))
        elif self._latest is not None and self._latest.waiting and loop is not None:
            self._watch(self._latest, loop)

    def _work(self) -> None:
        queue = self._queue
        while (job := queue.get()) is not None:
            self._run(job)
            del job

    def _run(self, job: Job) -> None:
        with self._lock:
            self._backlog -= 1
            self._free -= 1
        me = threading.get_ident()
        self._running[me] = job.name
        returned = Returned(None, None)
        if job.claim():
            try:
                returned = Returned(job.call(), None)
            except BaseException as error:  # noqa: BLE001 - it is the user's function: contained here, judged on the loop
                returned = Returned(None, error)
        # Its context, with all that refers to, is let go before its end is told.
        job.call = int
        del self._running[me]
        # Free before its end is told: what follows on it finds this thread and starts no other.
        with self._lock:
            self._free += 1
        job.completions.deliver(job, returned)


class _Completions:
    """Ended jobs on their way to one loop: however many end together, they wake it once."""

    def __init__(self, on_lost: Callable[[str, BaseException], None]) -> None:
        self.outstanding = 0
        self._on_lost = on_lost
        self._ended: deque[tuple[Job, Returned]] = deque()
        self._is_armed = False
        self._waiting: list[asyncio.Future[None]] = []

    async def next_end(self, loop: asyncio.AbstractEventLoop) -> None:
        waiting = loop.create_future()
        self._waiting.append(waiting)
        await waiting

    def deliver(self, job: Job, returned: Returned) -> None:
        self._ended.append((job, returned))
        if self._is_armed:
            return
        self._is_armed = True
        try:
            job.future.get_loop().call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The loop was closed while the function ran: nobody is left to be told.
            while self._ended:
                self._lose(*self._ended.popleft())

    def _drain(self) -> None:
        # Disarmed before it is emptied: a job that ends meanwhile either is seen here or re-arms.
        self._is_armed = False
        while self._ended:
            job, returned = self._ended.popleft()
            self.outstanding -= 1
            if job.future.done():
                self._lose(job, returned)
                if job.on_late_end is not None:
                    job.on_late_end()
            else:
                job.future.set_result(returned)
        while self._waiting:
            waiting = self._waiting.pop()
            if not waiting.done():
                waiting.set_result(None)

    def _lose(self, job: Job, returned: Returned) -> None:
        """Let go of an end that nobody waits for, but not of an error."""
        if returned.error is not None:
            self._on_lost(job.name, returned.error)
