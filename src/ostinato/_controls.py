"""Steer a scheduler's tasks while it runs: trigger, pause, resume, reschedule, cancel."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from ostinato._instants import milliseconds_of
from ostinato._lookups import Lookups
from ostinato._outcomes import Backfill
from ostinato._tasks import check_schedule
from ostinato.errors import ArgumentTypeError, InvalidArgumentError
from ostinato.schedules._arguments import check_flag, check_text
from ostinato.schedules._instant import aware_utc
from ostinato.schedules._reading import schedule_of

if TYPE_CHECKING:
    from datetime import datetime

    from ostinato._engine._standing import Standing
    from ostinato._engine._steering import Steering
    from ostinato._frequency import Frequency
    from ostinato._run import Run, Tick
    from ostinato.protocols import Schedule

__all__ = ["Controls"]

_MOST_TICKS = 1_000


class Controls(Lookups):
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

    async def reschedule(self, task: object, schedule: Schedule | str) -> None:
        """Let *task* follow *schedule*, or the one that has this `text`, from now on.

        Its policies stay as they were declared, its jitter too, unless *schedule* has its own.

        Raises:
            ArgumentTypeError: *schedule* is no schedule.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidScheduleError: It is the text of no schedule.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer, or does not write it.
            TaskNotFoundError: There is no such task.
            TooFrequentError: The task would be due more often than its store is asked.
        """
        checked = check_schedule(schedule_of(schedule) if isinstance(schedule, str) else schedule)
        standing, steering = self._reach(task)
        self._frequency().check(standing.task, checked)
        await steering.reschedule(standing, checked)

    async def backfill(
        self,
        task: object,
        start: datetime,
        end: datetime,
        *,
        mode: Backfill = Backfill.MISSING,
        dry_run: bool = True,
        force: bool = False,
    ) -> list[Tick]:
        """Run ticks of *task* again, one after the other, from *start* on and before *end*.

        They are run by this process, in the background, and move none of the ticks to come, which
        have their turn in between. Each is run once, whoever else asks for it meanwhile.

        Args:
            task: The task.
            start: From when on.
            end: Up to when; what is not due yet is left alone.
            mode: Which of them: those of which no run is remembered, those whose latest run has
                failed, timed out or was abandoned, or all.
            dry_run: True: only tell which. False: run them.
            force: Whether there may be more than 1,000.

        Returns:
            The ticks, the oldest first.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: An instant has no time zone, *end* is not behind *start*, there
                are too many ticks, or it is not known beforehand when the task is due.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
            TaskNotFoundError: There is no such task.
        """
        check_flag("dry_run", dry_run)
        check_flag("force", force)
        chosen = _checked_mode(mode)
        begin, stop = (
            milliseconds_of(aware_utc(name, given))
            for name, given in (("start", start), ("end", end))
        )
        if stop <= begin:
            raise InvalidArgumentError("end", end, "is not behind start", "pass a later instant")
        standing, steering = self._reach(task)
        most = None if force else _MOST_TICKS
        past = await steering.backfill(standing, begin, stop, chosen, most=most)
        if not dry_run:
            self._check_starting()
            steering.run_again(past)
        return past.ticks

    async def cancel(self, run_id: str) -> bool:
        """Ask the run *run_id* of any worker to end; return whether it was under way.

        Another worker hears of it as soon as of what else is steered, its next heartbeat at the
        latest.

        Raises:
            ArgumentTypeError: *run_id* is no string.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer, or does not write it.
        """
        check_text("run_id", run_id, "default/app.tidy/2030-01-01T00:00:00.000Z")
        return await self._steering().cancel(run_id)

    @abstractmethod
    def _reach(self, task: object) -> tuple[Standing, Steering]:
        """Return how *task* stands, and what steers it."""
        ...

    @abstractmethod
    def _steering(self) -> Steering:
        """Return what steers all tasks."""
        ...

    @abstractmethod
    def _frequency(self) -> Frequency:
        """Return how often the store can be asked."""
        ...

    @abstractmethod
    def _check_starting(self) -> None:
        """Check that a run may be started."""
        ...


def _checked_mode(mode: object) -> Backfill:
    if not isinstance(mode, Backfill):
        raise ArgumentTypeError("mode", mode, "pass a member of Backfill")
    return mode
