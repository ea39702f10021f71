"""What a scheduler's own threads do for dependencies."""

import asyncio
import logging
from collections.abc import Iterator
from typing import Annotated

import pytest
from fastapi import Depends

from ostinato import Outcome, Retry, Scheduler, TaskState
from ostinato.testing import Simulation, simulate
from tests.support.simulated import Gate, ends, let_threads_be, skips, threads_ended, told


@pytest.fixture
def anyio_backend() -> str:
    """Only asyncio's own loop has virtual time of its own."""
    return "asyncio"


def broken() -> str:
    """Fail in a thread."""
    message = "no database"
    raise ConnectionError(message)


async def test_s57_a_plain_dependency_that_fails_makes_the_run_failed() -> None:
    """S57: what it raised in its thread is the run's failure, and the next tick runs."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10)
    async def tidy(database: Annotated[str, Depends(broken)]) -> None: ...

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=10)
        runs = sim.runs(tidy)

    assert [(run.outcome, run.error) for run in runs] == [
        (Outcome.FAILED, "ConnectionError: no database")
    ] * 2


async def zombies(sim: Simulation, task: object) -> int:
    return (await sim._scheduler.status(task)).zombies


@pytest.mark.parametrize("kind", ["called", "entered"])
async def test_s34_a_plain_dependency_that_goes_on_counts_as_running(kind: str) -> None:
    """S34: after the timeout of its run no other begins, and no attempt, until its thread ends."""
    gate, scheduler, ran, left = Gate(), Scheduler(), [], []

    def called() -> str:
        gate.keep()
        return "session"

    def entered() -> Iterator[str]:
        gate.keep()
        try:
            yield "session"
        finally:
            left.append("session")

    dependency = called if kind == "called" else entered

    @scheduler.every(seconds=10, timeout=5, retry=Retry(3, delay=0.001), name="task")
    async def task(session: Annotated[str, Depends(dependency)]) -> None:
        ran.append(session)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
        assert await zombies(sim, task) == 1
        assert (await scheduler.status(task)).state is TaskState.RUNNING
        assert [count for _, _, count, _ in skips(sim, task)] == [2]
        gate.release()
        await threads_ended(sim)
        assert await zombies(sim, task) == 0
        await sim.advance(seconds=6)
        await threads_ended(sim)

        assert ends(sim.runs(task)) == [(0, "timed_out"), (30, "succeeded")]
        assert ran == ["session"]
        assert len(left) == (0 if kind == "called" else 2)


async def test_s50_dependencies_that_hold_all_threads_are_not_called_again() -> None:
    """S50: the task is quarantined, and one record says so."""
    gate, scheduler = Gate(), Scheduler(threads=1)

    @scheduler.every(seconds=10, timeout=5, name="task")
    async def task(session: Annotated[None, Depends(gate.keep)]) -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(minutes=1)
        assert told(sim)["task_quarantined"] == 1
        gate.release()
        await threads_ended(sim)


async def test_s70_a_plain_dependency_that_goes_on_after_the_end_is_abandoned(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S70: one record names the task, and has the place where its dependency is."""
    gate, scheduler = Gate(), Scheduler()

    @scheduler.every(minutes=1, name="task")
    async def task(session: Annotated[None, Depends(gate.keep)]) -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()

    assert ends(sim.runs(task)) == [(0, "abandoned")]
    (record,) = [each for each in caplog.records if each.ostinato_event == "ostinato.run_abandoned"]
    assert record.levelno == logging.WARNING
    assert "in keep" in record.stack
    assert record.getMessage().startswith("task goes on although it was asked to end")
    assert record.getMessage().endswith(record.stack)
    gate.release()
    await threads_ended(sim)


async def test_s47_a_plain_dependency_that_waits_for_a_thread_is_taken_back() -> None:
    """S47: its run is cancelled; nothing of it is called when a thread is free."""
    gate, scheduler, called = Gate(), Scheduler(threads=1), []

    @scheduler.every(minutes=1, name="busy")
    def busy() -> None:
        gate.keep()

    @scheduler.every(minutes=1, start=5, timeout=5, name="task")
    async def task(session: Annotated[None, Depends(lambda: called.append(1))]) -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=20)
        assert ends(sim.runs(task)) == [(5, "timed_out")]
        assert await zombies(sim, task) == 0
        gate.release()
        await threads_ended(sim)

    assert called == []


async def test_s69_what_was_entered_is_left_before_the_run_has_ended() -> None:
    """S69: also where it is cancelled while the thread for it is still to come."""
    gate, scheduler, left = Gate(), Scheduler(threads=1), []
    leaving = asyncio.Event()

    def session() -> Iterator[None]:
        yield
        left.append("session")

    @scheduler.every(minutes=1, name="task")
    async def task(entered: Annotated[None, Depends(session)]) -> None:
        await scheduler.trigger("busy")
        await gate.begun()
        leaving.set()

    @scheduler.every(minutes=1, start=60, name="busy")
    def busy() -> None:
        gate.keep()

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await leaving.wait()
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(task)).running
        await scheduler.cancel(run.id)
        await sim.advance(seconds=1)
        assert (left, sim.runs(task)) == ([], [])
        gate.release()
        await threads_ended(sim)

        assert left == ["session"]
        assert ends(sim.runs(task)) == [(0, "cancelled")]
