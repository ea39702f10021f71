"""The one file that owns threads: daemon threads for plain functions, apart from the app's own."""

import asyncio
import os
import threading
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

    __slots__ = ("_claim", "call", "completions", "future", "is_withdrawn", "name")

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
    ) -> None:
        """Make an empty pool.

        Args:
            limit: How many functions run at once at the most.
            patience: How many seconds a job waits for a thread before *on_exhausted* is told.
            on_exhausted: Is told the names of the functions that hold the threads, once until a
                thread was free again.
        """
        self._limit = limit
        self._patience = patience
        self._on_exhausted = on_exhausted
        self._start_afresh()

    def outstanding(self, loop: asyncio.AbstractEventLoop) -> int:
        """Return how many jobs of the *loop* were submitted whose end has not reached it yet."""
        completions = self._completions.get(loop)
        return completions.outstanding if completions else 0

    def submit(self, name: str, call: Callable[[], object], loop: asyncio.AbstractEventLoop) -> Job:
        """Queue *call* for a thread; the job's future resolves on the *loop*."""
        if self._process != os.getpid():
            self._start_afresh()
        completions = self._completions.get(loop)
        if completions is None:
            self._forget_closed_loops()
            completions = self._completions[loop] = _Completions()
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
        self._queue: SimpleQueue[Job] = SimpleQueue()
        self._running: dict[int, str] = {}
        self._completions: WeakKeyDictionary[asyncio.AbstractEventLoop, _Completions] = (
            WeakKeyDictionary()
        )
        # A free thread takes a job from the backlog without being asked: so a thread is missing
        # exactly where the backlog is larger than the number of free ones.
        self._lock = threading.Lock()
        self._count = self._free = self._backlog = 0
        self._watched: Job | None = None
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
        # One watched job speaks for all that wait behind it: a timer each would cost more.
        if self._watched is None or not self._watched.waiting:
            self._watched = job
            loop.call_later(self._patience, self._tell_if_waiting, job)

    def _tell_if_waiting(self, job: Job) -> None:
        self._watched = None
        if job.waiting and not self._told_exhausted:
            self._told_exhausted = True
            self._on_exhausted(sorted(self._running.copy().values()))

    def _work(self) -> None:
        queue = self._queue
        while True:
            self._run(queue.get())

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
        del self._running[me]
        # Free before its end is told: what follows on it finds this thread and starts no other.
        with self._lock:
            self._free += 1
        job.completions.deliver(job, returned)


class _Completions:
    """Ended jobs on their way to one loop: however many end together, they wake it once."""

    def __init__(self) -> None:
        self.outstanding = 0
        self._ended: deque[tuple[Job, Returned]] = deque()
        self._is_armed = False

    def deliver(self, job: Job, returned: Returned) -> None:
        self._ended.append((job, returned))
        if self._is_armed:
            return
        self._is_armed = True
        try:
            job.future.get_loop().call_soon_threadsafe(self._drain)
        except RuntimeError:
            # The loop was closed while the function ran: nobody is left to be told.
            self._ended.clear()

    def _drain(self) -> None:
        # Disarmed before it is emptied: a job that ends meanwhile either is seen here or re-arms.
        self._is_armed = False
        while self._ended:
            job, returned = self._ended.popleft()
            self.outstanding -= 1
            if not job.future.done():
                job.future.set_result(returned)
