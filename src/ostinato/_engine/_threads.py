"""The one file that owns threads: daemon threads for plain functions, apart from the app's own."""

import asyncio
import os
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from contextvars import Context
from weakref import WeakKeyDictionary, ref

from ostinato._engine._crew import Crew
from ostinato._engine._jobs import NOTHING, Completions, Job, Returned

__all__ = ["Threads", "start_daemon"]


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
        self._crew = Crew()
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
        """Let each thread end, once what is queued has ended."""
        ending, self._crew = self._crew, Crew()
        with ending.lock:
            count = ending.count
        for _ in range(count):
            ending.wakes.put("end")

    @property
    def vacant(self) -> int:
        """How many jobs would be taken by threads at once, if they were submitted now."""
        crew = self._crew
        return self._limit - crew.count + crew.idle - len(crew.jobs) - len(self._put_off)

    @property
    def is_exhausted(self) -> bool:
        """Whether a job has waited longer than it has patience, and no thread is free by now."""
        return self._told_exhausted and self.vacant <= 0

    def outstanding(self, loop: asyncio.AbstractEventLoop) -> int:
        """Return how many jobs of the *loop* were submitted whose end has not reached it yet."""
        completions = self._completions.get(loop)
        return completions.outstanding if completions else 0

    async def next_end(self, loop: asyncio.AbstractEventLoop) -> None:
        """Wait until jobs of the running *loop* have ended; at least one is outstanding."""
        await self._completions[loop].next_end(loop)

    def submit(
        self,
        name: str,
        call: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
        *,
        context: Context | None = None,
        on_end: Callable[[Returned], object] | None = None,
    ) -> Job:
        """Queue *call* for a thread; its end is told on the *loop*, as `Job` says."""
        if self._process != os.getpid():
            self._start_afresh()
        job = self._made(name, call, loop, context, on_end)
        jobs = [job]
        if self._put_off:
            # Whoever comes later does not come first.
            jobs[:0] = self._put_off
            self._put_off.clear()
        self._queue(jobs, loop)
        return job

    def put_off(
        self,
        name: str,
        call: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
        context: Context,
        on_end: Callable[[Returned], object],
    ) -> Job:
        """Do as `submit` does, but wake no thread before `queue_all`, for many at once.

        Threads that are woken by the first would compete with who adds the others.
        """
        job = self._made(name, call, loop, context, on_end)
        self._put_off.append(job)
        return job

    def queue_all(self) -> None:
        """Queue all that was put off."""
        if jobs := self._put_off.copy():
            self._put_off.clear()
            self._queue(jobs, jobs[0].loop)

    def _made(
        self,
        name: str,
        call: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
        on_end: Callable[[Returned], object] | None,
    ) -> Job:
        if self._latest_loop() is not loop:
            self._turn_to(loop)
        completions = self._latest_completions
        completions.outstanding += 1
        return Job(name, call, loop, completions, context=context, on_end=on_end)

    def _queue(self, jobs: list[Job], loop: asyncio.AbstractEventLoop) -> None:
        crew = self._crew
        waking, starting, waiting = crew.add(jobs, self._limit)
        if waiting < len(jobs):
            self._told_exhausted = False
        if waiting:
            self._watch(jobs[-waiting:], loop)
        for _ in range(waking):
            crew.wakes.put("work")
        for _ in range(starting):
            self._start_thread(crew)

    def _start_afresh(self) -> None:
        # Threads do not survive a fork: the child begins with none, and with nothing queued.
        self._process = os.getpid()
        self._crew = Crew()
        self._put_off: list[Job] = []
        self._running: dict[int, str] = {}
        self._completions: WeakKeyDictionary[asyncio.AbstractEventLoop, Completions] = (
            WeakKeyDictionary()
        )
        # Those of the latest loop: a thousand jobs at once are all of one.
        self._latest_loop: Callable[[], asyncio.AbstractEventLoop | None] = _no_loop
        self._latest_completions = Completions(self.on_lost)
        self._watched: Job | None = None
        self._watching_loop: asyncio.AbstractEventLoop | None = None
        self._latest: Job | None = None
        self._told_exhausted = False

    def _turn_to(self, loop: asyncio.AbstractEventLoop) -> None:
        """Bring what is submitted from here on to the *loop*."""
        completions = self._completions.get(loop)
        if completions is None:
            self._forget_closed_loops()
            completions = self._completions[loop] = Completions(self.on_lost)
        self._latest_loop, self._latest_completions = ref(loop), completions

    def _forget_closed_loops(self) -> None:
        # A job that ended too late for its loop is never drained, and it refers to the loop: the
        # weak key alone would not let go of it.
        for reference in self._completions.keyrefs():
            loop = reference()
            if loop is not None and loop.is_closed():
                self._completions.pop(loop, None)

    def _start_thread(self, crew: Crew) -> None:
        name = f"ostinato-{next(crew.numbers)}"
        thread = threading.Thread(target=self._work, args=(crew,), name=name, daemon=True)
        try:
            thread.start()
        except RuntimeError as error:
            # The system gives no more threads. Where there is one, the jobs wait for it.
            with crew.lock:
                crew.count -= 1
                crew.idle -= 1
                crew.woken -= 1
                lost = [] if crew.count else list(crew.jobs)
                if lost:
                    crew.jobs.clear()
            for job in lost:
                job.completions.deliver(job, Returned(None, error))

    def _watch(self, jobs: list[Job], loop: asyncio.AbstractEventLoop) -> None:
        # One watched job speaks for all that wait behind it, and has the only timer.
        self._latest = jobs[-1]
        if self._watching_loop is None or self._watching_loop.is_closed():
            self._watched, self._watching_loop = jobs[0], loop
            loop.call_later(self._patience, self._look)

    def _look(self) -> None:
        loop, self._watching_loop = self._watching_loop, None
        if self._watched is not None and self._watched.waiting:
            if not self._told_exhausted:
                self._told_exhausted = True
                self._on_exhausted(sorted(self._running.copy().values()))
        elif self._latest is not None and self._latest.waiting and loop is not None:
            self._watch([self._latest], loop)

    def _work(self, crew: Crew) -> None:
        me, running = threading.get_ident(), self._running
        while True:
            job = crew.begin()
            while job is not None:
                running[me] = job.name
                returned = job.run()
                del running[me]
                # Free before its end is told: what follows on it finds this thread.
                following = crew.next_job()
                job.completions.deliver(job, returned)
                job, returned = following, NOTHING
            if crew.wakes.get() == "end":
                return


def _no_loop() -> None:
    return None


def start_daemon(name: str, target: Callable[[], object]) -> None:
    """Call *target* in a daemon thread of its own; where the system gives none, do without."""
    with suppress(RuntimeError):
        threading.Thread(target=target, name=name, daemon=True).start()
