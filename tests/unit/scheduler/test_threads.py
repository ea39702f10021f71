"""`def` functions: where they run, and what happens when there is no thread for them."""

import asyncio
import logging
import threading
from typing import Annotated

import pytest

from ostinato import ProblemKind, Run, RunIn, Scheduler, Scope, SkipReason
from ostinato.testing import simulate
from tests.support.simulated import (
    Gate,
    dues,
    ends,
    let_threads_be,
    skips,
    starts,
    threads_ended,
    told,
)


async def test_s47_a_plain_function_runs_in_a_daemon_thread_of_ours() -> None:
    """S47: not on the loop, and not in a thread that would hold up the end of the process."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=10)
    def task() -> None:
        seen.append(threading.current_thread())

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "succeeded")]
    assert all(each is not threading.main_thread() and each.daemon for each in seen)
    assert all(each.name.startswith("ostinato") for each in seen)


async def test_s47_a_plain_function_may_be_told_to_run_on_the_loop() -> None:
    """S47: `RunIn.LOOP` is for functions that never block; what they return is awaited."""
    scheduler, seen, awaited = Scheduler(), [], []

    async def more() -> None:
        awaited.append(asyncio.get_running_loop())

    @scheduler.every(seconds=10, run_in=RunIn.LOOP)
    def task(run: Run) -> object:
        seen.append(threading.current_thread())
        return more() if run.due.second else 3

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)

        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "succeeded")]
    assert seen == [threading.main_thread()] * 2
    assert awaited == [asyncio.get_running_loop()]


async def test_s6_what_a_thread_returns_is_awaited_on_the_loop() -> None:
    """S6: a plain function that returns an awaitable has it awaited."""
    scheduler, awaited = Scheduler(), []

    async def more() -> None:
        await asyncio.sleep(1)
        awaited.append(threading.current_thread())

    @scheduler.every(seconds=10)
    def task() -> object:
        return more()

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == [(0, "succeeded")]
    assert awaited == [threading.main_thread()]


async def test_s54_what_a_task_returns_is_ignored() -> None:
    """S54: whatever it is."""
    scheduler = Scheduler()

    @scheduler.every(seconds=10)
    async def task() -> object:
        return ValueError()

    @scheduler.every(seconds=10)
    def in_thread() -> object:
        return False

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)

        assert ends(sim.runs(task)) == ends(sim.runs(in_thread)) == [(0, "succeeded")]


async def test_s47_a_tick_is_claimed_only_when_a_thread_is_free() -> None:
    """S47: what waits for a thread has no lease; of its missed ticks the newest runs."""
    scheduler, gate = Scheduler(threads=1), Gate()
    scheduler.every(hours=1)(gate.keep)

    @scheduler.every(seconds=10, name="waiting")
    def waiting() -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=24)
        row = sim._worker.store.read(["waiting"]).rows["waiting"]
        assert (row.held, row.starts) == (None, 0)
        assert (await scheduler.status("waiting")).running == ()
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert (dues(sim.runs("waiting")), starts(sim.runs("waiting"))) == ([20], [25])
        assert skips(sim, "waiting") == [(0, 10, 2, SkipReason.COALESCED)]


@pytest.mark.parametrize("holder", ["process", "hook"])
async def test_s35_a_tick_that_waits_is_taken_up_by_whoever_frees_a_thread(holder: str) -> None:
    """S35: the thread of another kind of task, or of a hook, wakes it as well."""
    scheduler, gate = Scheduler(threads=1), Gate()
    if holder == "process":
        scheduler.every(hours=1, scope=Scope.PROCESS)(gate.keep)
    else:

        async def nothing() -> None: ...

        scheduler.every(hours=1, max_runs=1, on_complete=gate.keep)(nothing)

    @scheduler.every(minutes=1, start=5)
    def waiting() -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=6)
        assert sim.runs(waiting) == []
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert ends(sim.runs(waiting)) == [(5, "succeeded")]


@pytest.mark.needs_fastapi
async def test_s35_a_tick_that_waits_is_taken_up_behind_a_dependency() -> None:
    """S35: what a run on the loop depends on may hold the thread."""
    from fastapi import Depends

    scheduler, gate = Scheduler(threads=1), Gate()

    @scheduler.every(hours=1)
    async def task(value: Annotated[None, Depends(gate.keep)]) -> None: ...

    @scheduler.every(minutes=1, start=5)
    def waiting() -> None: ...

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=6)
        assert sim.runs(waiting) == []
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=1)
        await threads_ended(sim)

        assert ends(sim.runs(waiting)) == [(5, "succeeded")]


@pytest.mark.parametrize("free_after", [5, 60])
async def test_s47_threads_that_are_busy_for_long_are_told_of(
    free_after: int, caplog: pytest.LogCaptureFixture
) -> None:
    """S47: when ticks have waited for ten seconds, once, with the names of who holds them."""
    scheduler, gate = Scheduler(threads=1), Gate()
    scheduler.every(hours=1, name="holder")(gate.keep)
    scheduler.every(hours=1, start=2, name="waiting")(lambda: None)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=1 + free_after)
        exhausted = [(each.kind, each.words) for each in (await scheduler.health()).problems]
        gate.release()
        await threads_ended(sim)
        await sim.advance(seconds=20)
        await threads_ended(sim)

        assert (await scheduler.health()).problems == ()
        words = "all 1 threads are busy: no plain function is started"
        assert exhausted == [(ProblemKind.ZOMBIE_THREADS, words)] * (free_after > 10)
        assert told(sim)["threads_exhausted"] == (free_after > 10)
        for event in sim.events:
            if event.name == "ostinato.threads_exhausted":
                assert event.facts["task_names"] == [f"{Gate.__module__}.Gate.keep"]
    levels = [
        each.levelno
        for each in caplog.records
        if getattr(each, "ostinato_event", "") == "ostinato.threads_exhausted"
    ]
    assert levels == ([logging.WARNING] if free_after > 10 else [])


async def test_s47_more_functions_than_threads_run_one_behind_the_other() -> None:
    """S47: never more of them at once than there are threads."""
    scheduler, lock, at_work, most = Scheduler(threads=2), threading.Lock(), [0], [0]

    def body() -> None:
        with lock:
            at_work[0] += 1
            most[0] = max(most[0], at_work[0])
        threading.Event().wait(0.001)
        with lock:
            at_work[0] -= 1

    for number in range(10):
        scheduler.every(hours=1, name=str(number))(body)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=30)

        assert all(ends(sim.runs(str(number))) == [(0, "succeeded")] for number in range(10))
    assert most[0] <= 2


async def test_s51_a_thread_that_has_ended_is_not_timed_out() -> None:
    """S51: whose end is known when the deadline comes, has ended by itself."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(hours=1, timeout=4)(gate.keep)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        completions = sim._worker.environment.threads._completions[asyncio.get_running_loop()]
        gate.release()
        while not completions._ended:
            threading.Event().wait(0.001)
        # In one turn of the loop: the end is delivered, and then the time is over.
        completions._drain()
        sim.clock._elapsed += 4_000_000
        sim.clock._fire()
        await sim.advance(seconds=1)

        assert ends(sim.runs(gate.keep)) == [(0, "succeeded")]


@pytest.mark.parametrize("ends_the_scheduler", [True, False])
async def test_s72_a_scheduler_ends_while_a_tick_waits_for_a_thread(
    ends_the_scheduler: bool,
) -> None:
    """S72: nothing waits any longer, and nothing is told."""
    scheduler, gate = Scheduler(threads=1), Gate()
    scheduler.every(hours=1, name="holder")(gate.keep)
    scheduler.every(hours=1, start=2, name="waiting")(lambda: None)

    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=1)
        await gate.begun()
        await sim.advance(seconds=3)
        if not ends_the_scheduler:
            gate.release()
            await threads_ended(sim)
    gate.release()
    await sim.clock.advance(seconds=30)

    assert told(sim)["threads_exhausted"] == 0
