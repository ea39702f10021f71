"""Steer a scheduler's tasks while it runs: trigger, pause, resume, reschedule, look."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, overload

from ostinato._tasks import check_schedule
from ostinato.errors import ArgumentTypeError, InvalidArgumentError
from ostinato.schedules._arguments import check_flag, check_text
from ostinato.schedules._instant import aware_utc

if TYPE_CHECKING:
    from datetime import datetime

    from ostinato._engine._standing import Standing
    from ostinato._engine._steering import Steering
    from ostinato._frequency import Frequency
    from ostinato._run import Run
    from ostinato._status import TaskStatus
    from ostinato.protocols import Schedule

__all__ = ["Controls"]


class Controls(ABC):
    """What steers tasks; a task is named by its function or by its name."""

    async def trigger(self, task: object, *, wait: bool = False) -> Run:
        """Start a run of *task*, a function or a name, that moves none of its ticks.

        It works while the task is paused, and where the scheduler is disabled.

        Args:
            task: The task.
            wait: True: return when the run has ended. False: when it has begun.

        Raises:
            AlreadyRunningError: A run is under way, and the task's policy allows no overlap.
            ArgumentTypeError: *wait* is no bool.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running, or is stopping.
            StoreError: The store does not answer, or does not write it.
            TaskNotFoundError: There is no such task.
        """
        check_flag("wait", wait)
        standing, steering = self._reach(task)
        self._check_starting()
        return await steering.trigger(standing, wait=wait)

    async def pause(
        self, task: object, *, reason: str | None = None, until: datetime | None = None
    ) -> None:
        """Let no tick of *task* run; a run under way goes on.

        Args:
            task: The task.
            reason: Why, for those who look.
            until: When it is resumed by itself.

        Raises:
            ArgumentTypeError: *reason* is no string, or *until* no datetime.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: *until* has no time zone, or UTC has no year for it.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer, or does not write it.
            TaskNotFoundError: There is no such task.
        """
        if reason is not None:
            check_text("reason", reason, "the bank is closed")
        end = None if until is None else aware_utc("until", until)
        standing, steering = self._reach(task)
        await steering.pause(standing, reason, end)

    async def resume(self, task: object, *, catch_up: bool = False) -> None:
        """Let the ticks of *task* run again.

        Args:
            task: The task.
            catch_up: True: the ticks of the pause are missed ones, and the task's policy decides.
                False: they are skipped.

        Raises:
            ArgumentTypeError: *catch_up* is no bool.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer, or does not write it.
            TaskNotFoundError: There is no such task.
        """
        check_flag("catch_up", catch_up)
        standing, steering = self._reach(task)
        await steering.resume(standing, catch_up=catch_up)

    async def reschedule(self, task: object, schedule: Schedule) -> None:
        """Let *task* follow *schedule* from now on, until the scheduler ends.

        Its policies stay as they were declared, its jitter too, unless *schedule* has its own.

        Raises:
            ArgumentTypeError: *schedule* is no schedule.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer, or does not write it.
            TaskNotFoundError: There is no such task.
            TooFrequentError: The task would be due more often than its store is asked.
        """
        checked = check_schedule(schedule)
        standing, steering = self._reach(task)
        self._frequency().check(standing.task, checked)
        await steering.reschedule(standing, checked)

    async def cancel(self, run_id: str) -> bool:
        """Ask the run *run_id* to end; return whether it was under way.

        Raises:
            ArgumentTypeError: *run_id* is no string.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
        """
        check_text("run_id", run_id, "default/app.tidy/2030-01-01T00:00:00.000Z")
        return any(steering.cancel(run_id) for _, steering in self._reach_all()[:1])

    @overload
    async def status(self) -> list[TaskStatus]: ...
    @overload
    async def status(self, task: object) -> TaskStatus: ...
    async def status(self, task: object = None) -> TaskStatus | list[TaskStatus]:
        """Return how *task* stands; without one, how each of them does.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            TaskNotFoundError: There is no such task.
        """
        if task is None:
            reached = self._reach_all()
            standings = [standing for standing, _ in reached]
            return await reached[0][1].statuses(standings) if reached else []
        standing, steering = self._reach(task)
        (status,) = await steering.statuses([standing])
        return status

    async def next_run(self, task: object) -> datetime | None:
        """Return when *task* is due next, jitter included; None if it is not.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            TaskNotFoundError: There is no such task.
        """
        standing, steering = self._reach(task)
        (status,) = await steering.statuses([standing])
        return status.next_run

    async def history(self, task: object, *, limit: int = 100) -> list[Run]:
        """Return the latest *limit* runs of *task*, and ranges of skipped ticks, newest first.

        Raises:
            ArgumentTypeError: *limit* is no whole number.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: *limit* is negative.
            NotRunningError: The scheduler is not running.
            TaskNotFoundError: There is no such task.
        """
        _check_limit(limit)
        standing, steering = self._reach(task)
        return await steering.history(standing, limit)

    @abstractmethod
    def _reach(self, task: object) -> tuple[Standing, Steering]:
        """Return how *task* stands, and what steers it."""
        ...

    @abstractmethod
    def _frequency(self) -> Frequency:
        """Return how often the store can be asked."""
        ...

    @abstractmethod
    def _check_starting(self) -> None:
        """Check that a run may be started."""
        ...

    @abstractmethod
    def _reach_all(self) -> list[tuple[Standing, Steering]]:
        """Return how each task stands, and what steers it."""
        ...


def _check_limit(limit: object) -> None:
    if isinstance(limit, bool) or not isinstance(limit, int):
        raise ArgumentTypeError("limit", limit, "pass a whole number")
    if limit < 0:
        raise InvalidArgumentError("limit", limit, "is negative", "pass how many you want")
