"""Schedulers in virtual time."""

import asyncio
import time

import pytest

from ostinato import RunKind, Scheduler, SchedulerRunningError, TaskNotFoundError, TaskState
from ostinato.testing import simulate
from tests.support.simulated import START, at, dues, sleeping


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio's own loop has virtual time of its own."""
    return "asyncio"


async def test_a_week_takes_no_time() -> None:
    """Sleeping tasks sleep in virtual time, and the loop has its own back afterwards."""
    scheduler, task, loop = Scheduler(), sleeping(1_800), asyncio.get_running_loop()
    scheduler.every(hours=1)(task)
    before, virtual = time.monotonic(), loop.time

    async with simulate(scheduler) as sim:
        assert sim.now == START
        await sim.advance(weeks=1)
        assert sim.now == at(7 * 86_400)
        assert len(sim.runs(task)) == 168

    assert time.monotonic() - before < 60
    assert loop.time == virtual


async def test_runs_and_skipped_ticks_are_kept_apart() -> None:
    """All of them, in their order."""
    scheduler, task = Scheduler(), sleeping(15)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(hours=2)

        assert dues(sim.runs(task)) == list(range(0, 7_190, 20))
        assert {run.kind for run in sim.skipped(task)} == {RunKind.SKIPPED}
        with pytest.raises(TaskNotFoundError):
            sim.runs("nobody")


async def test_a_scheduler_can_be_simulated_again() -> None:
    """And a failing test leaves it as it was."""
    scheduler, task = Scheduler(), sleeping(1_000)
    scheduler.every(seconds=10)(task)

    async def fail() -> None:
        async with simulate(scheduler) as sim:
            await sim.advance(seconds=5)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()
    async with simulate(scheduler, start=at(50)) as sim:
        assert sim.now == at(50)
        assert sim.runs(task) == []


async def test_no_step_in_virtual_time_is_told_of_as_a_slow_one(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """In debug mode a loop looks at how long each step takes, by its own time."""
    loop = asyncio.get_running_loop()
    loop.set_debug(enabled=True)
    scheduler, slow = Scheduler(), loop.slow_callback_duration
    scheduler.every(hours=1)(sleeping(1_800))

    async with simulate(scheduler) as sim:
        await sim.advance(hours=3)

    assert loop.slow_callback_duration == slow
    loop.set_debug(enabled=False)
    assert [each for each in caplog.records if each.name == "asyncio"] == []


async def test_a_scheduler_that_runs_is_not_simulated() -> None:
    """Its clock and its store would be replaced under it; what runs goes on as before."""
    scheduler = Scheduler(enabled=True)
    scheduler.every(hours=1, start=60, name="task")(sleeping(0))

    async with scheduler.running():
        with pytest.raises(SchedulerRunningError, match="'default' is running; simulate it before"):
            async with simulate(scheduler):
                pass
        assert (await scheduler.status("task")).state is TaskState.WAITING
    async with simulate(scheduler) as sim:
        await sim.advance(minutes=2)
        with pytest.raises(SchedulerRunningError):
            async with simulate(scheduler):
                pass

        assert len(sim.runs("task")) == 1


async def test_timers_of_the_loop_and_of_the_scheduler_keep_their_order() -> None:
    """Whoever waits, by whatever, is woken at its instant."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        seen.append("run")

    async def wait() -> None:
        for _ in range(3):
            await asyncio.sleep(7)
            seen.append("wait")

    async with simulate(scheduler) as sim:
        waiting = asyncio.create_task(wait())
        await sim.advance(seconds=25)
        await waiting

    assert seen == ["run", "wait", "run", "wait", "run", "wait"]


async def test_who_lets_time_pass_can_be_cancelled() -> None:
    """Also where nothing waits, so that the loop would not have to turn."""
    scheduler, runs = Scheduler(), []

    @scheduler.every(seconds=1)
    async def task() -> None:
        runs.append(1)
        if len(runs) == 10:
            advancing.cancel()

    async with simulate(scheduler) as sim:
        advancing = asyncio.create_task(sim.advance(days=1))
        with pytest.raises(asyncio.CancelledError):
            await advancing

    assert 10 <= len(runs) < 100
