"""Look at a scheduler while it runs: how its tasks and workers stand, what was and what comes."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection
from typing import TYPE_CHECKING, cast, overload

from ostinato._instants import milliseconds_of
from ostinato._outcomes import Outcome
from ostinato._place import Place
from ostinato._queries import Wanted
from ostinato.errors import ArgumentTypeError, InvalidArgumentError
from ostinato.schedules._arguments import check_text
from ostinato.schedules._instant import aware_utc

if TYPE_CHECKING:
    from datetime import datetime

    from ostinato._engine._standing import Standing
    from ostinato._engine._statuses import Statuses
    from ostinato._run import Run
    from ostinato._status import TaskStatus, WorkerStatus

__all__ = ["Lookups", "check_number"]

# Each takes some microseconds of a thread that runs beside the event loop.
_MOST_UPCOMING = 1_000


class Lookups(ABC):
    """What tells of tasks; a task is named by its function or by its name."""

    @overload
    async def status(self, *, recent: int = 0) -> list[TaskStatus]: ...
    @overload
    async def status(self, task: object, *, recent: int = 0) -> TaskStatus: ...
    async def status(
        self, task: object = None, *, recent: int = 0
    ) -> TaskStatus | list[TaskStatus]:
        """Return how *task* stands; without one, how each of them does.

        Args:
            task: The task.
            recent: How many of its latest records to tell of.

        Raises:
            ArgumentTypeError: *recent* is no whole number.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: *recent* is negative.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
            TaskNotFoundError: There is no such task.
        """
        check_number("recent", recent)
        if task is None:
            return await self._statuses().statuses(self._standings(), recent, is_all=True)
        standing = self._standing_of(task)
        (status,) = await self._statuses().statuses([standing], recent, is_all=False)
        return status

    async def workers(self) -> list[WorkerStatus]:
        """Return the workers that share the store, those that are alive first.

        One that was stopped is not among them; one that died is, for a day.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
        """
        self._standings()
        return await self._statuses().workers()

    async def next_run(self, task: object) -> datetime | None:
        """Return when *task* is due next, jitter included; None if it is not.

        Raises:
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
            TaskNotFoundError: There is no such task.
        """
        standing = self._standing_of(task)
        (status,) = await self._statuses().statuses([standing], 0, is_all=False)
        return status.next_run

    @overload
    async def upcoming(
        self, *, n: int = 10, until: datetime | None = None
    ) -> dict[str, list[datetime]]: ...
    @overload
    async def upcoming(
        self, task: object, n: int = 10, until: datetime | None = None
    ) -> list[datetime]: ...
    async def upcoming(
        self, task: object = None, n: int = 10, until: datetime | None = None
    ) -> list[datetime] | dict[str, list[datetime]]:
        """Return the next *n* instants of *task*, without jitter, as if it were not paused.

        Of a task that is due some time after each run, only the next one is known.

        Args:
            task: The task; None: each of them, by their names.
            n: How many at the most, up to 1,000.
            until: None behind this instant.

        Raises:
            ArgumentTypeError: *n* is no whole number, or *until* no datetime.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: *n* is negative or above 1,000, or *until* has no time zone.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
            TaskNotFoundError: There is no such task.
        """
        check_number("n", n, _MOST_UPCOMING)
        end = None if until is None else aware_utc("until", until)
        if task is None:
            return await self._statuses().upcoming(self._standings(), n, end, is_all=True)
        standing = self._standing_of(task)
        found = await self._statuses().upcoming([standing], n, end, is_all=False)
        return found[standing.name]

    async def history(
        self,
        task: object = None,
        *,
        limit: int = 100,
        outcomes: Collection[Outcome] = (),
        since: datetime | None = None,
        until: datetime | None = None,
        before: str | None = None,
    ) -> list[Run]:
        """Return the latest runs of *task*, and ranges of skipped ticks, the newest first.

        Args:
            task: The task; None: all that the store knows of.
            limit: How many at the most.
            outcomes: Only with one of these.
            since: Only of ticks due at this instant or later.
            until: Only of ticks due before this one.
            before: The `cursor` of the last run of a page: what comes behind it.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            ForeignLoopError: The scheduler runs on another event loop.
            InvalidArgumentError: *limit* is negative, an outcome or a cursor is none, or an instant
                has no time zone.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
            TaskNotFoundError: There is no such task.
        """
        check_number("limit", limit)
        if before is not None:
            check_text("before", before, "the cursor of a run")
        wanted = Wanted(
            limit,
            outcomes=_checked_outcomes(outcomes),
            since=None if since is None else milliseconds_of(aware_utc("since", since)),
            until=None if until is None else milliseconds_of(aware_utc("until", until)),
            before=None if before is None else Place.of(before),
        )
        standing = None if task is None else self._standing_of(task)
        if standing is not None:
            wanted = wanted._replace(name=standing.name)
        self._standings()
        return await self._statuses().history(wanted, standing)

    async def run(self, run_id: str) -> Run | None:
        """Return the run *run_id*, under way on any worker or ended; None: nobody remembers it.

        Raises:
            ArgumentTypeError: *run_id* is no string.
            ForeignLoopError: The scheduler runs on another event loop.
            NotRunningError: The scheduler is not running.
            StoreError: The store does not answer.
        """
        check_text("run_id", run_id, "default/app.tidy/2030-01-01T00:00:00.000Z")
        self._standings()
        return await self._statuses().run(run_id)

    @abstractmethod
    def _standing_of(self, task: object) -> Standing:
        """Return how *task* stands here."""
        ...

    @abstractmethod
    def _standings(self) -> list[Standing]:
        """Return how each task stands here."""
        ...

    @abstractmethod
    def _statuses(self) -> Statuses:
        """Return what tells of the worker."""
        ...


def check_number(argument: str, value: object, most: int | None = None) -> None:
    """Check that *value* is a number of things, and no more than *most*.

    Raises:
        ArgumentTypeError: It is no whole number.
        InvalidArgumentError: It is negative, or too high.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(argument, value, "pass a whole number")
    if value < 0:
        raise InvalidArgumentError(argument, value, "is negative", "pass how many you want")
    if most is not None and value > most:
        raise InvalidArgumentError(argument, value, f"is above {most:,}", "ask for fewer at once")


def _checked_outcomes(outcomes: object) -> tuple[Outcome, ...]:
    is_some = isinstance(outcomes, Collection) and not isinstance(outcomes, str)
    given = cast("Collection[str]", outcomes)
    if not is_some:
        raise ArgumentTypeError("outcomes", given, "pass a collection of Outcome")
    try:
        return tuple(sorted(Outcome(each) for each in given))
    except ValueError as error:
        known = ", ".join(Outcome)
        raise InvalidArgumentError(
            "outcomes", given, "are none", f"pass some of {known}"
        ) from error
