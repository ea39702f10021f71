"""What is refused names what the user wrote, and what to write instead."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta, timezone

import pytest

from ostinato import (
    ArgumentTypeError,
    ConfigurationError,
    Every,
    ForeignLoopError,
    InvalidArgumentError,
    InvalidFunctionError,
    InvalidScheduleError,
    Scheduler,
    Tasks,
)
from ostinato.testing import Recorder, simulate
from tests.support.simulated import dues

EAST, WEST = timezone(timedelta(hours=1)), timezone(timedelta(hours=-1))


async def nothing() -> None: ...


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time_out": 5}, "time_out=5 is no option of a task; did you mean timeout=?"),
        ({"colour": 5}, "colour=5 is no option of a task; there are catch_up, jitter, "),
        ({"jitter": "fixed"}, "jitter='fixed' is of type str, which is not accepted; "),
        ({"jitter": -1}, "jitter=-1 is negative; "),
        ({"retry": 0}, "retry=0 is below 1; "),
    ],
)
def test_s2_a_refusal_names_the_argument_as_it_was_written(options: dict, message: str) -> None:
    """S2: an option that there is not, and one that is short for another, too."""
    with pytest.raises(ConfigurationError, match=re.escape(message)):
        Scheduler().every(minutes=1, **options)(nothing)


def test_s4_a_method_is_told_how_it_is_declared() -> None:
    """S4: by the scheduler, on the instance; and a hook as a hook."""

    def method(self) -> None: ...

    with pytest.raises(InvalidFunctionError, match=r"scheduler\.every\(.*\)\(instance\.method\)"):
        Scheduler().every(minutes=1)(method)
    with pytest.raises(InvalidFunctionError, match=r"on_complete=instance\.method"):
        Scheduler().every(minutes=1, on_complete=method)(nothing)
    with pytest.raises(InvalidFunctionError, match=r"scheduler\.every\(.*\)\(Class\.method\)"):
        Scheduler().every(minutes=1)(classmethod(method))


class NotTold:
    """Lacks the method that is asked first."""

    def notify(self, event: object) -> None: ...


class NeverAwaited(Recorder):
    """Is told on the loop, and awaited by nobody."""

    async def notify(self, event: object, /) -> None: ...


@pytest.mark.parametrize("observer", [NotTold(), NeverAwaited(), Recorder, None])
def test_an_observer_that_would_not_be_told_is_refused(observer: object) -> None:
    """It is found out while declaring, not by what it does not see."""
    with pytest.raises(ArgumentTypeError, match="observers="):
        Scheduler(observers=[observer])


@pytest.mark.parametrize("clock", [5, "machine", object(), Recorder()])
def test_a_clock_that_is_none_is_refused(clock: object) -> None:
    """While declaring, not when the server starts."""
    with pytest.raises(ArgumentTypeError, match="clock="):
        Scheduler(clock=clock)


def pausing(until: datetime) -> Callable[[Scheduler], Awaitable[object]]:
    return lambda scheduler: scheduler.pause(nothing, until=until)


@pytest.mark.parametrize(
    ("ask", "error"),
    [
        (lambda scheduler: scheduler.trigger(nothing, wait="yes"), ArgumentTypeError),
        (lambda scheduler: scheduler.pause(nothing, reason=5), ArgumentTypeError),
        (pausing("tomorrow"), ArgumentTypeError),
        (pausing(datetime.min.replace(tzinfo=EAST)), InvalidArgumentError),
        (pausing(datetime.max.replace(tzinfo=WEST)), InvalidArgumentError),
        (lambda scheduler: scheduler.resume(nothing, catch_up=1), ArgumentTypeError),
        (lambda scheduler: scheduler.reschedule(nothing, "hourly"), InvalidScheduleError),
        (lambda scheduler: scheduler.cancel(5), ArgumentTypeError),
        (lambda scheduler: scheduler.history(nothing, limit=-1), InvalidArgumentError),
        (lambda scheduler: scheduler.history(nothing, limit=None), ArgumentTypeError),
        (lambda scheduler: scheduler.history(nothing, limit=True), ArgumentTypeError),
        (lambda scheduler: scheduler.history(nothing, outcomes="failed"), ArgumentTypeError),
    ],
)
async def test_what_steers_is_checked(
    ask: Callable[[Scheduler], Awaitable[object]], error: type[Exception]
) -> None:
    """At the call, with a documented error; the task goes on as before."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        with pytest.raises(error):
            await ask(scheduler)
        await sim.advance(seconds=15)

        assert dues(sim.runs(nothing)) == [0, 10]
        assert await scheduler.history(nothing, limit=0) == []


async def test_s9_a_function_of_several_tasks_names_none_of_them() -> None:
    """S9: the error has their names, and nothing is done to any of them."""
    tasks, scheduler = Tasks(), Scheduler()
    tasks.add(Every(hours=1), nothing, name="clean")
    scheduler.include(tasks, prefix="a.")
    scheduler.include(tasks, prefix="b.")

    async with simulate(scheduler) as sim:
        for ask in (scheduler.trigger, scheduler.pause, scheduler.status):
            with pytest.raises(InvalidArgumentError, match=r"'a\.clean', 'b\.clean'"):
                await ask(nothing)
        await scheduler.trigger("b.clean", wait=True)

        assert (len(sim.runs("a.clean")), len(sim.runs("b.clean"))) == (0, 1)


async def test_s74_a_scheduler_of_another_loop_says_what_to_call() -> None:
    """S74: the remedy is a call of the scheduler's, not of a repetition's handle."""
    scheduler = Scheduler()

    async with scheduler.running():
        with pytest.raises(ForeignLoopError, match=r"threadsafe\(scheduler\.status\(\), loop\)"):
            await asyncio.to_thread(asyncio.run, scheduler.status())


@pytest.mark.parametrize("lease", [0.5, 1_000_000])
def test_s81_a_lease_that_no_heartbeat_can_keep_is_refused(lease: float) -> None:
    """S81: Too short a one is lost by one lost message, too long a one keeps others waiting."""
    with pytest.raises(InvalidArgumentError, match="heartbeats"):
        Scheduler(lease=lease)
