"""Schedules of the user's own, which may answer anything."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from ostinato import (
    ArgumentTypeError,
    Every,
    InvalidScheduleError,
    Scheduler,
    Scope,
    TaskState,
)
from ostinato.testing import simulate
from tests.support.simulated import at, dues, told

SCOPES = [Scope.PROCESS, Scope.CLUSTER]
MICROSECOND = timedelta(microseconds=1)


class Own:
    """Answers what it is told to."""

    text = "own"

    def __init__(self, next_after: Callable[[datetime], object]) -> None:
        self.next_after = next_after

    def anchored(self, at: datetime, /) -> "Own":
        return self

    def describe(self) -> str:
        return "own"


def broken(_: datetime) -> datetime:
    raise LookupError("no calendar")


async def nothing() -> None: ...


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    "answer", [broken, lambda _: 5.0, lambda t: t.replace(year=2040, tzinfo=None)]
)
async def test_s66_a_schedule_that_fails_at_the_start_stops_its_task_alone(
    answer: Callable[[datetime], object], scope: Scope
) -> None:
    """S66, S22: the application starts, and the other tasks run; the task says why it does not."""
    scheduler, ran = Scheduler(), []
    scheduler.add(Own(answer), nothing, scope=scope)

    @scheduler.every(seconds=10)
    async def other() -> None:
        ran.append(1)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        status = await scheduler.status(nothing)

        assert ran == [1, 1]
        assert sim.runs(nothing) == []
        assert status.state is TaskState.STOPPED
        assert status.reason is not None
        assert status.reason.startswith("its schedule raised ")
        assert told(sim)["task_stopped"] == 1


@pytest.mark.parametrize("scope", SCOPES)
async def test_a_task_whose_schedule_failed_can_be_given_another(scope: Scope) -> None:
    """It is stopped, and no more than that."""
    scheduler = Scheduler()
    scheduler.add(Own(broken), nothing, scope=scope)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        await scheduler.reschedule(nothing, Every(seconds=10))
        await sim.advance(seconds=25)

        assert dues(sim.runs(nothing)) == [15, 25]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("step", [timedelta(0), timedelta(seconds=-1), MICROSECOND])
async def test_s38_a_schedule_that_does_not_advance_stops_its_task(
    step: timedelta, scope: Scope
) -> None:
    """S38: each answer lies behind the instant asked with, by a millisecond at least."""
    scheduler = Scheduler()
    scheduler.add(Own(lambda instant: instant + step), nothing, scope=scope)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=20)
        status = await scheduler.status(nothing)

        assert status.state is TaskState.STOPPED
        assert status.reason is not None
        assert "is not behind" in status.reason


async def test_s38_a_schedule_may_be_finer_than_a_millisecond() -> None:
    """S38: what its instants have beyond the millisecond is cut off."""

    def next_second(instant: datetime) -> datetime:
        shifted = instant - 300 * MICROSECOND
        return shifted.replace(microsecond=0) + timedelta(seconds=1, microseconds=300)

    scheduler = Scheduler()
    scheduler.add(Own(next_second), nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=3.5)

        assert dues(sim.runs(nothing)) == [1, 2, 3]


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("schedule", "error"),
    [
        ("*/5 * * * *", InvalidScheduleError),
        (None, ArgumentTypeError),
        (Own(broken), LookupError),
        (Own(lambda _: 5.0), InvalidScheduleError),
        (Own(lambda instant: instant), InvalidScheduleError),
    ],
)
async def test_a_schedule_that_cannot_be_followed_changes_nothing(
    schedule: object, error: type[Exception], scope: Scope
) -> None:
    """Whoever reschedules is told; the task follows the schedule that it has."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        with pytest.raises(error):
            await scheduler.reschedule(nothing, schedule)
        assert await scheduler.next_run(nothing) == at(20)
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 10, 20]
        assert told(sim)["task_rescheduled"] == 0
