"""Run a scheduler's tasks in virtual time."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

from ostinato._engine._spawn import spawn
from ostinato._outcomes import RunKind
from ostinato.errors import SchedulerRunningError
from ostinato.stores.memory import MemoryStore
from ostinato.testing._clock import ManualClock
from ostinato.testing._recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping
    from datetime import datetime

    from ostinato._duration import Duration, Number
    from ostinato._engine._threads import Threads
    from ostinato._engine._worker import Worker
    from ostinato._run import Run
    from ostinato._scheduler import Scheduler
    from ostinato.protocols import Event

__all__ = ["Simulation", "simulate"]

_KEPT = 10_000_000


class Simulation:
    """A scheduler that runs in virtual time, and what has happened in it."""

    def __init__(self, scheduler: Scheduler, worker: Worker, clock: ManualClock) -> None:
        """Look at *worker*, which runs the tasks of *scheduler* by *clock*."""
        self.clock = clock
        self._scheduler = scheduler
        self._worker = worker
        self._recorder = Recorder()

    @property
    def now(self) -> datetime:
        """The virtual time, in UTC."""
        return self.clock.instant

    async def advance(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
    ) -> None:
        """Let virtual time pass, and let happen in it, in its order, all that is due.

        Functions in threads are waited for, and take no virtual time.

        Args:
            weeks: Weeks.
            days: Days, of 24 hours each.
            hours: Hours.
            minutes: Minutes.
            seconds: Seconds, or a timedelta.

        Raises:
            ArgumentTypeError: An argument is no duration.
            InvalidArgumentError: A duration is negative, or finer than a millisecond.
        """
        await self.clock.advance(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )

    def runs(self, task: object) -> list[Run]:
        """Return the runs of *task* that have ended, in the order of their ends.

        Raises:
            TaskNotFoundError: There is no such task.
        """
        return [run for run in self._records(task) if run.kind is not RunKind.SKIPPED]

    def skipped(self, task: object) -> list[Run]:
        """Return the ranges of ticks of *task* that were skipped, in their order.

        Raises:
            TaskNotFoundError: There is no such task.
        """
        return [run for run in self._records(task) if run.kind is RunKind.SKIPPED]

    @property
    def events(self) -> list[Event]:
        """All that observers were told, without the runs that succeeded."""
        return self._recorder.events

    def _records(self, task: object) -> list[Run]:
        name = self._scheduler._registry.find(task).name
        standing = self._worker.standing_of(name)
        shared = standing.task.is_shared
        store = self._worker.store
        ledger = standing.records
        if shared and isinstance(store, MemoryStore):
            ledger = store.ledger(name)
        return ledger.latest(_KEPT)[::-1]


@asynccontextmanager
async def simulate(
    scheduler: Scheduler,
    *,
    start: datetime | None = None,
    app: object | None = None,
    state: Mapping[str, object] | None = None,
) -> AsyncGenerator[Simulation]:
    """Run the tasks of *scheduler* in virtual time while the block is open.

    Clock and store are replaced: nothing waits, and nothing is written. On asyncio's own event
    loops the loop's time is virtual too, so that `asyncio.sleep` in a task takes none.

    Args:
        scheduler: The scheduler, which must not be running; one that is disabled runs as well.
        start: The instant at which it starts; by default the first of January 2030 in UTC.
        app: The application, for what depends on it.
        state: What the application's lifespan would have made.

    Raises:
        ConfigurationError: A task's function cannot be supplied with what it asks for.
        InvalidArgumentError: *start* has no time zone, or UTC has no year for it.
        SchedulerRunningError: *scheduler* is running.

    Examples:
        >>> from datetime import UTC, datetime
        >>> from ostinato import Scheduler
        >>> scheduler = Scheduler()
        >>> @scheduler.cron("0 9 * * mon-fri", tz="Europe/Zurich")
        ... async def report() -> None: ...
        >>> async def test() -> list[str]:
        ...     async with simulate(scheduler, start=datetime(2030, 1, 4, tzinfo=UTC)) as sim:
        ...         await sim.advance(days=7)
        ...     return [f"{run.due:%A %H:%M}" for run in sim.runs(report)]
        >>> asyncio.run(test())
        ['Friday 08:00', 'Monday 08:00', 'Tuesday 08:00', 'Wednesday 08:00', 'Thursday 08:00']
    """
    if scheduler._worker is not None and not scheduler._worker.is_orphaned:
        raise SchedulerRunningError(scheduler.name)
    clock = ManualClock() if start is None else ManualClock(start)
    worker = scheduler._equipment.worker(
        app, state, clock, MemoryStore(keep=_KEPT), is_live=True, keep=_KEPT
    )
    simulation = Simulation(scheduler, worker, clock)
    worker.environment.telling.add(simulation._recorder)
    with _virtual(worker, clock):
        scheduler._start(worker, where="in virtual time")
        try:
            yield simulation
        finally:
            stopping = spawn(scheduler._stop(worker), loop=worker.environment.loop)
            await clock._settle()
            while not stopping.done():
                # Whatever it waits for, it waits for in virtual time.
                await clock._step()
            stopping.result()


@contextmanager
def _virtual(worker: Worker, clock: ManualClock) -> Generator[None]:
    """Let the running loop's own timers follow *clock*, where that can be done."""
    loop: Any = worker.environment.loop

    async def settle_blindly() -> None:
        for _ in range(_TURNS):
            await asyncio.sleep(0)
            for threads in _busy(worker):
                await threads.next_end(loop)

    # The loops of asyncio are written in Python: their parts can be reached.
    if not hasattr(loop, "_scheduled"):
        clock._settle = settle_blindly
        yield
        return
    begun, real_time = loop.time() - clock.monotonic(), loop.time
    # A loop in debug mode would report each step in which time passes as one that has blocked it.
    slow, loop.slow_callback_duration = loop.slow_callback_duration, float("inf")

    def next_elsewhere() -> float | None:
        scheduled = loop._scheduled
        return scheduled[0].when() - begun if scheduled else None

    clock._settle, clock._next_elsewhere = _settler(worker, clock), next_elsewhere
    loop.time = lambda: begun + clock.monotonic()
    try:
        yield
    finally:
        loop.time, loop.slow_callback_duration = real_time, slow


def _settler(worker: Worker, clock: ManualClock) -> Callable[[], Awaitable[None]]:
    """Return what lets the loop finish what is due, and turns it only where that is of use."""
    loop: Any = worker.environment.loop
    # Knows whose runs wait for something, for which the loop may have to turn.
    survey = worker.claims.performer.survey
    instants = 0

    async def settle() -> None:
        nonlocal instants
        instants += 1
        # Most bodies wait for nothing: what was due has been done by whoever has called it.
        if instants % _INSTANTS and not (
            loop._ready or survey.watched or clock._is_due_elsewhere() or _busy(worker)
        ):
            return
        await asyncio.sleep(0)
        while True:
            if loop._ready:
                await asyncio.sleep(0)
            elif busy := _busy(worker):
                await busy[0].next_end(loop)
            else:
                return

    return settle


def _busy(worker: Worker) -> list[Threads]:
    """Return those threads that have something to do, or to tell."""
    environment = worker.environment
    pools = environment.threads, environment.instants
    return [threads for threads in pools if threads.outstanding(environment.loop)]


_TURNS = 20
# The loop turns at the least once in so many instants: whoever is cancelled is to hear of it.
_INSTANTS = 50
