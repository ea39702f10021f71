"""What runs periodic tasks and is compared: this library, those of others, and a bare coroutine.

Each subject is told beforehand what to run, is started, and is stopped. What a library can only be
told while a loop runs, it is told at the start; where it takes no first wait, or cannot be stopped,
the subject does that from outside, as its users have to.
"""

import asyncio
import inspect
import time
from collections.abc import Callable
from datetime import UTC, timedelta
from importlib import import_module
from typing import Any

from benchmarks._subject import Function, Subject, cancelled

__all__ = ["SUBJECTS", "Subject"]


class Bare(Subject):
    """The coroutine that one writes by hand: no isolation, no containment."""

    def __init__(self) -> None:
        """Begin without tasks."""
        super().__init__()
        self._tasks: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Create a task for each function."""
        self.begun = time.time()
        for function, period, first_wait in self.declared:
            is_async = inspect.iscoroutinefunction(function)
            repeat = self._repeat_coroutine if is_async else self._repeat_function
            self._tasks.append(asyncio.create_task(repeat(function, period, first_wait)))

    async def stop(self) -> None:
        """Cancel every task and await it."""
        await cancelled(self._tasks)

    async def _repeat_coroutine(self, function: Function, period: float, first: float) -> None:
        # The first wait ends when it should, however many tasks were created in between.
        await asyncio.sleep(self.begun + first - time.time())
        while True:
            await function()
            await asyncio.sleep(period)

    async def _repeat_function(self, function: Function, period: float, first: float) -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(self.begun + first - time.time())
        while True:
            await loop.run_in_executor(None, function)
            await asyncio.sleep(period)


class Ostinato(Subject):
    """This library."""

    def __init__(self, *, in_process: bool = True, every_policy: bool = False) -> None:
        """Make a scheduler.

        Args:
            in_process: Whether the tasks are declared for the process, and not for its store.
            every_policy: Whether each policy that has a cost is in force.
        """
        super().__init__()
        self._library: Any = import_module("ostinato")
        library = self._library
        self._scheduler = library.Scheduler("memory://", enabled=True)
        self._policy: dict[str, object] = {}
        if in_process:
            self._policy["scope"] = library.Scope.PROCESS
        if every_policy:
            self._policy |= {
                "missed": library.Missed.RUN_LATEST,
                "overlap": library.Overlap.SKIP,
                "timeout": 30,
                "retry": 3,
                "pause_after_failures": 5,
                "on_exception": _ignore,
            }

    def declare(self, function: Function, period: float, first_wait: float) -> None:
        """Declare a task."""
        name = f"task {len(self._scheduler._registry)}"  # noqa: SLF001 - `tasks` is a copy
        decorate = self._scheduler.every(
            seconds=period, name=name, start=first_wait, **self._policy
        )
        decorate(function)

    async def start(self) -> None:
        """Enter the scheduler's context."""
        self.begun = time.time()
        self._running = self._scheduler.running()
        await self._running.__aenter__()

    async def stop(self) -> None:
        """Leave the scheduler's context."""
        await self._running.__aexit__(None, None, None)


class FastAPIUtils(Subject):
    """`repeat_every` of fastapi-utils, which cannot be stopped: its tasks are cancelled."""

    def __init__(self) -> None:
        """Begin without functions."""
        super().__init__()
        self._repeat_every = import_module("fastapi_utils.tasks").repeat_every
        self._before: set[asyncio.Task[Any]] = set()

    def declare(self, function: Function, period: float, first_wait: float) -> None:
        """Decorate the function."""
        decorated = self._repeat_every(seconds=period, wait_first=first_wait)(function)
        self.declared.append((decorated, period, first_wait))

    async def start(self) -> None:
        """Await what was decorated, as a lifespan does."""
        self._before = asyncio.all_tasks()
        self.begun = time.time()
        for decorated, _, _ in self.declared:
            await decorated()

    async def stop(self) -> None:
        """Cancel from outside what was started."""
        mine = asyncio.current_task()
        await cancelled([each for each in asyncio.all_tasks() - self._before if each is not mine])


class APScheduler3(Subject):
    """The `AsyncIOScheduler` of APScheduler 3, its jobs in memory."""

    def __init__(self) -> None:
        """Make a scheduler."""
        super().__init__()
        self._scheduler = import_module("apscheduler.schedulers.asyncio").AsyncIOScheduler(
            timezone=UTC
        )

    async def start(self) -> None:
        """Add the jobs, whose first instants are known now, and start."""
        self.begun = time.time()
        for function, period, first_wait in self.declared:
            self._scheduler.add_job(
                function, "interval", seconds=period, start_date=self.first_due(first_wait)
            )
        self._scheduler.start()

    async def stop(self) -> None:
        """Shut down, which ends with the next turn of the loop."""
        self._scheduler.shutdown(wait=False)
        await asyncio.sleep(0)


class APScheduler4(Subject):
    """The `AsyncScheduler` of APScheduler 4, its schedules in memory."""

    async def start(self) -> None:
        """Add the schedules and start."""
        self._is_over = asyncio.Event()
        started = asyncio.Event()
        # Its task group is to be left by the task that entered it.
        self._running = asyncio.create_task(self._run(started))
        waiting = asyncio.create_task(started.wait())
        await asyncio.wait({self._running, waiting}, return_when=asyncio.FIRST_COMPLETED)
        if self._running.done():
            self._running.result()

    async def _run(self, started: asyncio.Event) -> None:
        library = import_module("apscheduler")
        interval = import_module("apscheduler.triggers.interval").IntervalTrigger
        # To it, one function is one task, which runs once at a time by default.
        defaults = library.TaskDefaults(max_running_jobs=None)
        async with library.AsyncScheduler(task_defaults=defaults) as scheduler:
            self.begun = time.time()
            for function, period, first_wait in self.declared:
                trigger = interval(seconds=period, start_time=self.first_due(first_wait))
                await scheduler.add_schedule(function, trigger)
            await scheduler.start_in_background()
            started.set()
            await self._is_over.wait()

    async def stop(self) -> None:
        """Leave the scheduler's context."""
        self._is_over.set()
        await self._running


class AioClock(Subject):
    """aioclock, whose `Every` takes no first wait: a trigger derived from it does."""

    def __init__(self) -> None:
        """Make an application."""
        super().__init__()
        triggers = import_module("aioclock.triggers")
        subject = self

        class Phased(triggers.Every):  # type: ignore[misc,name-defined]  # has no types here
            first: float

            async def trigger_next(self) -> None:
                self._increment_loop_counter()
                if self._current_loop_count == 1:
                    await asyncio.sleep(subject.begun + self.first - time.time())
                else:
                    await asyncio.sleep(self.to_seconds)

        self._trigger = Phased
        self._app = import_module("aioclock").AioClock()

    def declare(self, function: Function, period: float, first_wait: float) -> None:
        """Declare a task."""
        self._app.task(trigger=self._trigger(seconds=period, first=first_wait))(function)

    async def start(self) -> None:
        """Serve, until cancelled."""
        self.begun = time.time()
        self._serving = asyncio.create_task(self._app.serve())

    async def stop(self) -> None:
        """Cancel what serves."""
        await cancelled([self._serving])


class SchedulerLibrary(Subject):
    """The asyncio scheduler of `scheduler`, which runs coroutine functions alone."""

    async def start(self) -> None:
        """Add the jobs: each is started as it is added."""
        self._scheduler = import_module("scheduler.asyncio").Scheduler(tzinfo=UTC)
        self.begun = time.time()
        for function, period, first_wait in self.declared:
            # Its first run comes a period after its start.
            start = self.first_due(first_wait - period)
            self._scheduler.cyclic(timedelta(seconds=period), function, start=start)

    async def stop(self) -> None:
        """Delete the jobs and let their tasks end."""
        tasks = list(self._scheduler._jobs.values())  # noqa: SLF001 - it keeps them to itself
        self._scheduler.delete_jobs()
        await cancelled(tasks)


class AioCron(Subject):
    """aiocron, whose grid is that of whole seconds: periods and first waits are not heeded."""

    async def start(self) -> None:
        """Start a cron for each function, due at every second."""
        crontab = import_module("aiocron").crontab
        self.begun = time.time()
        self._crons = [crontab("* * * * * *", func=function) for function, _, _ in self.declared]

    async def stop(self) -> None:
        """Stop each."""
        for cron in self._crons:
            cron.stop()


def _ignore(_error: Exception) -> None:
    """Be the hook that is declared, and never called."""


SUBJECTS: dict[str, Callable[[], Subject]] = {
    "bare": Bare,
    "process": Ostinato,
    "memory": lambda: Ostinato(in_process=False),
    "every_policy": lambda: Ostinato(every_policy=True),
    "fastapi_utils": FastAPIUtils,
    "apscheduler3": APScheduler3,
    "apscheduler4": APScheduler4,
    "aioclock": AioClock,
    "scheduler": SchedulerLibrary,
    "aiocron": AioCron,
}
