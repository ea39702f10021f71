"""From a scheduler to its worker, and to how its tasks stand there."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from ostinato._clock import SystemClock
from ostinato._controls import Controls
from ostinato._engine._checkup import Checkup
from ostinato._engine._fleet import Fleet
from ostinato._engine._statuses import Statuses
from ostinato._engine._steering import Steering
from ostinato._health import Health, Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato._status import Orphan
from ostinato.errors import ForeignLoopError, NotRunningError, TaskInUseError
from ostinato.schedules._arguments import check_text

if TYPE_CHECKING:
    from ostinato._engine._standing import Standing
    from ostinato._engine._worker import Worker
    from ostinato._frequency import Frequency
    from ostinato._preparation import Preparation
    from ostinato._registry import Registry

__all__ = ["Reaching"]

_WEEK = 7 * 86_400_000


class Reaching(Controls):
    """Finds tasks where they run."""

    name: str
    _registry: Registry
    _worker: Worker | None
    _preparation: Preparation
    # What was read of the store that a worker shares.
    _fleet: Fleet | None = None
    _checkup: Checkup | None = None

    async def health(self) -> Health:
        """Return whether the tasks run as they ought to, here and on all workers.

        It takes two seconds at the most; a store that does not answer is a problem, and no error.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
        """
        if self._worker is None or not self._worker.is_running:
            words = "the scheduler is not running in this process"
            now = instant_of(SystemClock.now() * 1_000)
            return Health.of([Problem(ProblemKind.NOT_RUNNING, None, words)], now)
        worker = self._reached()
        if self._checkup is None or self._checkup.worker is not worker:
            self._checkup = Checkup(worker)
        return await self._checkup.health()

    async def orphans(self) -> list[Orphan]:
        """Return the tasks in the store that no worker has declared for a week.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
        """
        worker = self._reached()
        reply = await worker.claims.backoff.read(worker.store.read)
        rows = sorted(reply.rows.values(), key=lambda row: row.name)
        return [
            Orphan(row.name, row.schedule or row.spec, instant_of(row.seen_at))
            for row in rows
            if row.seen_at <= reply.now - _WEEK and row.name not in self._registry.by_name
        ]

    async def forget(self, name: str) -> None:
        """Forget the task *name* of the store, and its history, which no live worker declares.

        Raises:
            ArgumentTypeError: *name* is no string.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not do it.
            TaskInUseError: A worker that was seen in the last five minutes declares it.
            TaskNotFoundError: There is no such task.
        """
        check_text("name", name, "app.tidy")
        worker = self._reached()
        if name in self._registry.by_name:
            raise TaskInUseError(name)
        await worker.claims.backoff.read(partial(worker.store.forget, name))

    def _reached(self) -> Worker:
        if self._worker is None:
            raise NotRunningError(self.name)
        if self._worker.environment.loop is not asyncio.get_running_loop():
            raise ForeignLoopError(f"the scheduler {self.name!r}", call="scheduler.status()")
        return self._worker

    def _reach(self, task: object) -> tuple[Standing, Steering]:
        return self._standing_of(task), self._steering()

    def _standing_of(self, task: object) -> Standing:
        name = self._registry.find(task).name
        return self._reached().standing_of(name)

    def _standings(self) -> list[Standing]:
        worker = self._reached()
        return [worker.standing_of(task.name) for task in self._registry]

    def _steering(self) -> Steering:
        return Steering(self._reached())

    def _statuses(self) -> Statuses:
        worker = self._reached()
        if self._fleet is None or self._fleet.worker is not worker:
            self._fleet = Fleet(worker)
        return Statuses(self._fleet)

    def _frequency(self) -> Frequency:
        return self._preparation.frequency

    def _check_starting(self) -> None:
        if not self._reached().is_running:
            raise NotRunningError(self.name)
