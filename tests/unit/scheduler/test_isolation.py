"""What one run leaves to the next: nothing; and what a run knows of itself."""

import asyncio
import gc
import logging
import weakref
from contextvars import ContextVar

import pytest

from ostinato import InvalidArgumentError, Run, Scheduler, Scope
from ostinato.testing import simulate
from tests.support.simulated import at, ends

number: ContextVar[int] = ContextVar("number", default=0)


@pytest.mark.parametrize("kind", ["async", "thread"])
async def test_s49_a_run_does_not_see_the_variables_of_the_one_before(kind: str) -> None:
    """S49: each run gets a copy of the context that was captured at the start."""
    scheduler, seen = Scheduler(), []

    def body() -> None:
        seen.append(number.get())
        number.set(number.get() + 1)

    async def body_async() -> None:
        body()

    scheduler.every(seconds=10)(body if kind == "thread" else body_async)
    number.set(7)

    async with simulate(scheduler) as sim:
        number.set(99)
        await sim.advance(seconds=35)

    assert seen == [7, 7, 7, 7]
    assert number.get() == 99


async def test_s49_a_manual_run_gets_the_same_context() -> None:
    """S49: not that of whoever triggers it."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=10, start=100)
    async def task() -> None:
        seen.append(number.get())

    async with simulate(scheduler):
        number.set(5)
        await scheduler.trigger(task, wait=True)

    assert seen == [0]


async def test_s46_a_run_is_not_collected_while_it_waits() -> None:
    """S46: a run that awaits a future only it knows survives the garbage collector."""
    scheduler, futures = Scheduler(), []

    @scheduler.every(hours=1)
    async def task() -> None:
        future = asyncio.get_running_loop().create_future()
        futures.append(weakref.ref(future))
        await future

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        gc.collect()
        future = futures[0]()
        assert future is not None
        future.set_result(None)
        await sim.advance(seconds=1)

        assert ends(sim.runs(task)) == [(0, "succeeded")]


async def test_s46_every_run_is_a_task_of_its_own() -> None:
    """S46: two runs never share an asyncio task."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        seen.append(asyncio.current_task())
        await asyncio.sleep(1)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

    assert len(seen) == len(set(seen)) == 2
    assert asyncio.current_task() not in seen


async def test_s29_a_run_knows_its_tick() -> None:
    """S29: its instant, its id, when it began, and which run succeeded last."""
    scheduler, seen = Scheduler(name="shop"), []

    @scheduler.every(seconds=10, name="task")
    async def task(run: Run) -> None:
        seen.append((run.id, run.tick.due, run.started, run.previous_success, run.outcome))
        if run.due == at(10):
            raise ValueError

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=25)

    assert seen == [
        ("shop/task/2030-01-01T00:00:00.000Z", at(0), at(0), None, None),
        ("shop/task/2030-01-01T00:00:10.000Z", at(10), at(10), at(0), None),
        ("shop/task/2030-01-01T00:00:20.000Z", at(20), at(20), at(0), None),
    ]


async def test_the_token_of_a_run_grows() -> None:
    """With the store each run has a higher one; without it is 0."""
    scheduler, tokens = Scheduler(), {"shared": [], "local": []}

    @scheduler.every(seconds=10)
    async def shared(run: Run) -> None:
        tokens["shared"].append(run.token)

    @scheduler.every(seconds=10, scope=Scope.PROCESS)
    async def local(run: Run) -> None:
        tokens["local"].append(run.token)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=25)
        await scheduler.trigger(shared)
        await sim.advance(seconds=1)

    assert tokens["shared"] == sorted(set(tokens["shared"]))
    assert len(tokens["shared"]) == 4
    assert tokens["local"] == [0, 0, 0]


async def test_a_run_has_a_logger_that_says_which_run_it_is(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Its fields stand beside those that the call gives."""
    scheduler = Scheduler()
    caplog.set_level(logging.INFO, "ostinato.run")

    @scheduler.every(seconds=10, name="task")
    async def task(run: Run) -> None:
        run.log.info("hello %s", "there", extra={"mine": 3})

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

    (record,) = [each for each in caplog.records if each.name == "ostinato.run"]
    assert (record.getMessage(), record.mine) == ("hello there", 3)
    assert (record.task_name, record.run_attempt) == ("task", 1)
    assert record.run_id == "default/task/2030-01-01T00:00:00.000Z"


async def test_progress_is_a_part_of_one() -> None:
    """What is not between 0 and 1 fails the run."""
    scheduler, errors = Scheduler(), []

    @scheduler.every(seconds=10, on_exception=errors.append)
    async def task(run: Run) -> None:
        run.progress(1.5)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

    (error,) = errors
    assert isinstance(error, InvalidArgumentError)
