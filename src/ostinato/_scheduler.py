"""What the user holds: the tasks, and what they run with."""

from __future__ import annotations

import os
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ostinato._cautions import warn_of_start
from ostinato._clock import SystemClock
from ostinato._declared import declare_scheduler, mark_scheduler_started
from ostinato._duration import Duration, wait_seconds
from ostinato._enabled import is_enabled
from ostinato._engine._spawn import finish_undisturbed
from ostinato._equipment import Equipment
from ostinato._memory import ALONE, Memory
from ostinato._observing import Observable
from ostinato._options import (
    check_tasks,
    check_threads,
    check_wish,
    checked_clock,
    checked_history,
    checked_lease,
    checked_observers,
    checked_revision,
    checked_watchdog,
)
from ostinato._preparation import Preparation
from ostinato._registry import note_inclusion
from ostinato._showing import Showing
from ostinato._start_up import log_start_up
from ostinato._task import Task, check_name
from ostinato._tasks import Declaring, Tasks, check_prefix, make_task
from ostinato.asgi import ASGIApp, Lifespan, attach, lifespan_of, wrapped
from ostinato.errors import LateDeclarationError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Callable, Mapping, Sequence

    from sqlalchemy import Engine
    from sqlalchemy.ext.asyncio import AsyncEngine

    from ostinato._engine._worker import Worker
    from ostinato._history import History
    from ostinato._policies import PolicyOptions
    from ostinato.protocols import Clock, Observer, Schedule

__all__ = ["Scheduler"]

_LONGEST_NAMESPACE = 40


class Scheduler(Declaring, Observable, Showing):
    """Runs periodic tasks for as long as the application lives.

    Examples:
        >>> import asyncio
        >>> scheduler = Scheduler(enabled=True)
        >>> @scheduler.every(seconds=1)
        ... async def greet() -> None:
        ...     greeted.set()
        >>> async def main() -> None:
        ...     async with scheduler.running():
        ...         await greeted.wait()
        >>> greeted = asyncio.Event()
        >>> asyncio.run(main())
    """

    def __init__(
        self,
        store: str | Engine | AsyncEngine | None = None,
        /,
        *,
        name: str = "default",
        observers: Sequence[Observer] = (),
        clock: Clock | None = None,
        threads: int = 8,
        shutdown_grace: Duration = 5,
        cancel_grace: Duration = 3,
        lease: Duration = 30,
        poll: Duration = 5,
        history: History | None = None,
        auto_create: bool = True,
        revision: int | None = None,
        enabled: bool | None = None,
        watchdog: bool | Duration | None = None,
    ) -> None:
        """Declare a scheduler; nothing runs yet.

        Args:
            store: The memory that workers share: an address, such as `"sqlite:///state.db"`,
                `"postgresql://..."` or `"mysql://..."`, or an engine of SQLAlchemy's; by default
                `$OSTINATO_STORE`, else the file `.ostinato/state.db` in the working directory,
                which the workers of one machine share. `"memory://"` is a process's own.
            name: The namespace of the tasks.
            observers: Who is told what happens, beside the log.
            clock: The only source of the time; by default the machine's.
            threads: How many `def` functions run at once.
            shutdown_grace: How long runs have to end when the scheduler stops, in seconds or as a
                timedelta.
            cancel_grace: How long they have after that to heed their cancellation.
            lease: For how long a run is leased to its worker at a time, in seconds or as a
                timedelta: another worker takes over so much later, where that has died.
            poll: How often to look whether another worker has steered a task, in seconds or as a
                timedelta; a file is looked at twice a second at the least.
            history: How much is remembered of each task, where that is not to be a `History()`;
                in memory it is by default the latest 100 runs.
            auto_create: Whether the tables of the store are created, or only looked at: then
                `ostinato.stores.ddl` has the statements that create them.
            revision: Of two declarations of a task that one store knows, the one with the higher
                revision counts; by default `$OSTINATO_REVISION`, else the one that came last.
            enabled: Whether tasks run; by default, unless `$OSTINATO_ENABLED` is 0, and not under
                pytest.
            watchdog: For how long the event loop may be blocked before it is told who does, in
                seconds or as a timedelta; True: 0.1 seconds, False: for ever; by default 0.1 in
                Python's development mode and asyncio's debug mode, else for ever.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidArgumentError: An argument, `$OSTINATO_ENABLED` or `$OSTINATO_REVISION`, has a
                value that cannot work.
        """
        self._memory = Memory.of(store, os.environ, auto_create=auto_create)
        self.name = check_name("name", name, longest=_LONGEST_NAMESPACE)
        self._clock: Clock = checked_clock(clock) or SystemClock()
        self._grace = wait_seconds("shutdown_grace", shutdown_grace)
        self._equipment = Equipment(
            self.name,
            tuple(checked_observers(observers)),
            check_threads(threads),
            wait_seconds("cancel_grace", cancel_grace),
            checked_lease(lease),
            wait_seconds("poll", poll),
            checked_history(history),
            checked_revision(revision, os.environ),
            checked_watchdog(watchdog),
        )
        self._enabled = check_wish(enabled)
        self._preparation = Preparation(self._memory.frequency)
        self._registry = self._preparation.registry
        self._worker: Worker | None = None
        if is_enabled(self._enabled):  # else, as in a test suite, nobody misses it at the end
            declare_scheduler(self)

    @property
    def tasks(self) -> Mapping[str, Task]:
        """The tasks, by their names."""
        return dict(self._registry.by_name)

    def include(self, tasks: Tasks, *, prefix: str = "") -> None:
        """Take over all that *tasks* declares, each name behind *prefix*, or nothing of it.

        Raises:
            ArgumentTypeError: *tasks* is no `Tasks`.
            DuplicateTaskError: There is a task of one of the names.
            InvalidArgumentError: A name gets too long by *prefix*.
            InvalidFunctionError: A task's function depends on what cannot be supplied.
            LateDeclarationError: The scheduler is running: it is too late.
            TooFrequentError: A task is due more often than its store is asked.
        """
        before = check_prefix(prefix)
        included = check_tasks(tasks).registry
        named = [replace(each, name=check_name("name", before + each.name)) for each in included]
        self._register(named)
        note_inclusion(included)

    @asynccontextmanager
    async def running(
        self, *, app: object | None = None, state: Mapping[str, object] | None = None
    ) -> AsyncGenerator[Scheduler]:
        """Run the tasks while the block is open; entered again, it is the same scheduler.

        Args:
            app: The application, for what depends on it.
            state: What the application's lifespan has made.

        Raises:
            ConfigurationError: A task's function cannot be supplied with what it asks for.
            ForeignLoopError: It is running on another event loop.
        """
        worker = await self._enter(app, state)
        try:
            yield self
        finally:
            await self._leave(worker)

    @property
    def lifespan(self) -> Lifespan:
        """The lifespan for an application that has no other: `FastAPI(lifespan=...)`."""
        return lifespan_of(self)

    def attach(self, app: object) -> None:
        """Run inside the lifespan that *app* has, once however often this is called.

        Raises:
            ArgumentTypeError: *app* is no application of FastAPI or Starlette.
        """
        attach(self, app)

    def asgi(self, app: ASGIApp) -> ASGIApp:
        """Return the ASGI application *app* with the scheduler running while the server does."""
        return wrapped(self, app)

    def _declare(
        self,
        function: Callable[..., object],
        schedule: Schedule,
        name: str | None,
        formerly: tuple[str, ...],
        options: PolicyOptions,
    ) -> Task:
        task = make_task(function, schedule, name, formerly, options)
        self._register([task])
        return task

    def _register(self, tasks: Sequence[Task]) -> None:
        if self._worker is not None and not self._worker.is_orphaned:
            raise LateDeclarationError(tasks[0].name if tasks else "Tasks()")
        self._preparation.add(tasks)

    async def _enter(
        self,
        app: object | None = None,
        state: Mapping[str, object] | None = None,
        *,
        observes: bool = False,
    ) -> Worker:
        """Start a worker on the running loop, or note one more use of the one that runs."""
        while self._worker is not None and not self._worker.is_orphaned:
            worker = self._reached()
            if worker.uses:
                worker.uses += 1
                worker.environment.go_with(app, state)
                return worker
            # It is starting, or stopping: two at once would run one task side by side.
            await worker.changed.wait()
        is_live = not observes and is_enabled(self._enabled)
        # Where nothing falls due, nothing is written either: a test suite leaves no state behind.
        memory = self._memory if is_live or observes else Memory(ALONE)
        worker = self._equipment.worker(
            app,
            state,
            self._clock,
            memory.open(self._equipment.history),
            is_live=is_live,
            follows_host=None if memory.is_alone else memory.follows_host,
            observes=observes,
        )
        if not observes:
            warn_of_start(self.name, memory, self._registry, is_live=is_live)
        self._worker = worker
        try:
            if worker.sharing is not None:
                await worker.sharing.open()
        except BaseException:
            worker.abort()
            self._worker = None
            worker.changed.set()
            raise
        try:
            self._start(worker, where=None if observes else memory.words)
        except BaseException:
            self._worker = None
            raise
        finally:
            worker.changed.set()
            worker.changed.clear()
        mark_scheduler_started(self)
        return worker

    def _start(self, worker: Worker, *, where: str | None) -> None:
        try:
            standings, injections = self._preparation.start()
            worker.start(standings, len(self._registry), injections)
            if where is not None:
                now = worker.environment.clock.now()
                tasks = self._registry.by_name.values()
                log_start_up(self.name, tasks, now, where, is_live=worker.is_live)
        except BaseException:
            worker.abort()
            raise
        self._worker, worker.uses = worker, 1

    async def _leave(self, worker: Worker) -> None:
        worker.uses -= 1
        if not worker.uses:
            await finish_undisturbed(self._stop(worker))

    async def _stop(self, worker: Worker) -> None:
        """Stop *worker*, which until then answers how its tasks stand."""
        worker.uses = 0
        try:
            await worker.stop(self._grace)
        finally:
            self._worker = None if self._worker is worker else self._worker
            worker.changed.set()
