"""How a scheduler ends, and what becomes of what is under way."""

import asyncio
import gc
import logging
import threading
import tracemalloc
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest

from ostinato import Outcome, Overlap, Run, Scheduler, Scope, SkipReason
from ostinato._engine import _spawn
from ostinato.testing import ManualClock, Recorder, Simulation, simulate
from tests.support.simulated import (
    Gate,
    dues,
    ends,
    let_threads_be,
    skips,
    sleeping,
    told,
)


@asynccontextmanager
async def stopping(
    scheduler: Scheduler, *, after: float
) -> AsyncGenerator[tuple[Simulation, list[float]]]:
    """Run *scheduler*, in the block until *after* seconds, then stop it; the list gets how long."""
    took: list[float] = []
    async with simulate(scheduler) as sim:
        let_threads_be(sim)
        await sim.advance(seconds=after)
        yield sim, took
        begun = sim.clock.monotonic()
    took.append(sim.clock.monotonic() - begun)


async def test_s68_a_run_that_ends_within_the_grace_ends_by_itself() -> None:
    """S68: the scheduler waits for it, and no longer."""
    scheduler, task = Scheduler(), sleeping(8)
    scheduler.every(minutes=1)(task)

    async with stopping(scheduler, after=5) as (sim, took):
        pass

    assert ends(sim.runs(task)) == [(0, "succeeded")]
    assert took == [3]


async def test_s68_a_run_that_takes_longer_is_cancelled_and_awaited() -> None:
    """S68: after five seconds async runs are cancelled; their clean-up is finished."""
    scheduler, steps = Scheduler(), []

    @scheduler.every(minutes=1)
    async def task() -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            await asyncio.sleep(2)
            steps.append("cleaned up")

    async with stopping(scheduler, after=1) as (sim, took):
        pass

    assert (ends(sim.runs(task)), steps, took) == ([(0, "cancelled")], ["cleaned up"], [7])


async def test_s68_the_graces_can_be_chosen() -> None:
    """S68: both of them bound the end."""
    scheduler, task = Scheduler(shutdown_grace=0.5, cancel_grace=0.25), sleeping(1_000)
    scheduler.every(minutes=1)(task)

    async with stopping(scheduler, after=1) as (sim, took):
        pass

    assert (ends(sim.runs(task)), took) == ([(0, "cancelled")], [0.5])


async def test_s68_a_run_that_heeds_no_cancellation_is_left_behind() -> None:
    """S68: the end is bounded; the run is recorded as abandoned, with a warning."""
    scheduler, go_on = Scheduler(), asyncio.Event()

    @scheduler.every(minutes=1)
    async def task() -> None:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    async with stopping(scheduler, after=1) as (sim, took):
        pass

    assert ends(sim.runs(task)) == [(0, "abandoned")]
    assert took == [8]
    assert told(sim)["run_abandoned"] == 1
    go_on.set()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert ends(sim.runs(task)) == [(0, "abandoned")]


async def test_s68_no_run_begins_while_the_scheduler_ends() -> None:
    """S68: what falls due meanwhile is skipped."""
    scheduler, slow, ran = Scheduler(), sleeping(4), []
    scheduler.every(minutes=1)(slow)

    @scheduler.every(seconds=1, scope=Scope.PROCESS)
    async def quick() -> None:
        ran.append(1)

    async with stopping(scheduler, after=0.5) as (sim, _):
        pass

    assert ran == [1]
    assert skips(sim, quick) == [(1, 4, 4, SkipReason.SHUTDOWN)]
    assert ends(sim.runs(slow)) == [(0, "succeeded")]


async def test_s68_a_tick_that_waits_for_a_run_to_end_is_skipped() -> None:
    """S68, S29: a queued tick, and those behind it, are `skipped(shutdown)`."""
    scheduler, task = Scheduler(), sleeping(1_000)
    scheduler.every(seconds=10, overlap=Overlap.QUEUE_ONE, scope=Scope.PROCESS)(task)

    async with stopping(scheduler, after=25) as (sim, _):
        pass

    assert ends(sim.runs(task)) == [(0, "cancelled")]
    assert skips(sim, task) == [(10, 30, 3, SkipReason.SHUTDOWN)]


@pytest.mark.parametrize("scope", list(Scope))
async def test_s29_ticks_under_a_run_that_is_cut_short_are_skipped_for_overlap(
    scope: Scope,
) -> None:
    """S29: the shutdown has no part in what was passed over before."""
    scheduler, task = Scheduler(), sleeping(1_000)
    scheduler.every(seconds=10, scope=scope)(task)

    async with stopping(scheduler, after=28) as (sim, _):
        pass

    assert ends(sim.runs(task)) == [(0, "cancelled")]
    assert skips(sim, task) == [(10, 30, 3, SkipReason.OVERLAP)]


async def test_s29_ticks_of_a_pause_are_skipped_for_the_pause() -> None:
    """S29: a task that is paused when the scheduler ends has all its ticks accounted for."""
    scheduler, task = Scheduler(), sleeping(1)
    scheduler.every(seconds=10, scope=Scope.PROCESS)(task)

    async with stopping(scheduler, after=5) as (sim, _):
        await scheduler.pause(task)
        await sim.advance(seconds=20)

    assert skips(sim, task) == [(10, 20, 2, SkipReason.PAUSED)]


async def test_s70_a_thread_still_at_work_is_abandoned_with_its_stack(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S70: a WARNING says where it is; the scheduler does not wait for it."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(minutes=1)(gate.keep)

    async with stopping(scheduler, after=1) as (sim, took):
        await gate.begun()

    assert ends(sim.runs(gate.keep)) == [(0, "abandoned")]
    assert took == [5]
    (record,) = [
        each
        for each in caplog.records
        if getattr(each, "ostinato_event", "") == "ostinato.run_abandoned"
    ]
    assert record.levelno == logging.WARNING
    assert "in keep" in record.stack
    gate.release()


async def test_s29_ticks_under_a_thread_left_behind_are_accounted_for() -> None:
    """S29: those of a timed-out thread that still runs are `skipped(overlap)`."""
    scheduler, gate = Scheduler(), Gate()
    scheduler.every(seconds=10, timeout=1, scope=Scope.PROCESS)(gate.keep)

    async with stopping(scheduler, after=1) as (sim, _):
        await gate.begun()
        await sim.advance(seconds=24)

    assert ends(sim.runs(gate.keep)) == [(0, "timed_out")]
    assert skips(sim, gate.keep) == [(10, 20, 2, SkipReason.OVERLAP)]
    gate.release()


async def test_s53_a_thread_is_asked_to_end() -> None:
    """S53: `run.cancelled` is set once the grace is over."""
    scheduler, gate, seen = Scheduler(), Gate(), []

    @scheduler.every(minutes=1)
    def task(run: Run) -> None:
        gate._loop.call_soon_threadsafe(gate._begun.set)
        seen.append(run.cancelled.wait(10))
        gate.release()

    async with stopping(scheduler, after=1) as _:
        await gate.begun()

    gate._released.wait(10)
    assert seen == [True]


async def test_s68_hooks_that_are_under_way_are_ended_as_well() -> None:
    """S68: an `on_complete` that takes too long is cancelled like a run."""
    scheduler, steps = Scheduler(), []

    async def complete() -> None:
        try:
            await asyncio.sleep(25)
        finally:
            steps.append("ended")

    scheduler.every(minutes=1, max_runs=1, on_complete=complete)(sleeping(0))

    async with stopping(scheduler, after=1) as (_, took):
        pass

    assert (steps, took) == (["ended"], [5])


async def test_s68_a_hook_that_heeds_nothing_does_not_lose_its_run() -> None:
    """S68, S29: a run whose `on_exception` cannot be ended is recorded with its own outcome."""
    scheduler, go_on = Scheduler(), asyncio.Event()

    async def note(_: Exception) -> None:
        while not go_on.is_set():
            try:
                await go_on.wait()
            except asyncio.CancelledError:
                continue

    @scheduler.every(minutes=1, on_exception=note)
    async def task() -> None:
        raise ValueError

    async with stopping(scheduler, after=1) as (sim, took):
        pass

    assert took == [8]
    assert ends(sim.runs(task)) == [(0, "failed")]
    go_on.set()
    for _ in range(5):
        await asyncio.sleep(0)


async def test_s60_the_runs_of_a_scheduler_that_is_cancelled_end_cancelled() -> None:
    """S60: a real cancellation of whoever runs the scheduler is raised, after all has ended."""
    clock, recorder, steps = ManualClock(), Recorder(), []
    scheduler = Scheduler(clock=clock, enabled=True, shutdown_grace=0, observers=[recorder])

    @scheduler.every(minutes=1)
    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            steps.append("cleaned up")

    async def serve() -> None:
        async with scheduler.running():
            await asyncio.Event().wait()

    serving = asyncio.create_task(serve())
    await clock.advance(seconds=1)
    serving.cancel()
    await clock.advance(seconds=1)

    assert serving.cancelled()
    assert steps == ["cleaned up"]
    assert [run.outcome for run in recorder.runs] == [Outcome.CANCELLED]


async def test_s72_nothing_is_left_behind() -> None:
    """S72: no task, no thread that is no daemon, no timer of ours."""
    clock = ManualClock()
    scheduler = Scheduler(clock=clock, enabled=True)
    scheduler.every(seconds=10)(sleeping(0))
    scheduler.cron("* * * * *", name="cron")(sleeping(1))
    scheduler.every(seconds=10, name="thread")(lambda: None)
    before, threads = asyncio.all_tasks(), set(threading.enumerate())
    # A loop that was closed without an end has taken along what was unfinished on it.
    unfinished = set(_spawn._unfinished)

    async with scheduler.running():
        await clock.advance(seconds=25)

    assert asyncio.all_tasks() == before
    assert _spawn._unfinished == unfinished
    assert all(thread.daemon for thread in set(threading.enumerate()) - threads)
    assert clock._next_due() is None


async def test_s73_a_start_up_that_fails_leaves_no_scheduler() -> None:
    """S73: an error inside the block ends it, and it can be started again."""
    clock = ManualClock()
    scheduler, ran = Scheduler(clock=clock, enabled=True), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        ran.append(1)

    with pytest.raises(LookupError):
        async with scheduler.running():
            raise LookupError
    await clock.advance(seconds=60)
    assert ran == []
    async with scheduler.running():
        await clock.advance(seconds=5)

    assert ran == [1]


async def test_s73_a_process_can_restart_it_a_thousand_times() -> None:
    """S73: each time it runs its task once, and what it leaves does not grow."""
    scheduler, ran = Scheduler(), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        ran.append(1)

    async def restart(times: int) -> None:
        for _ in range(times):
            async with simulate(scheduler) as sim:
                await sim.advance(seconds=5)

    await restart(20)
    gc.collect()
    tracemalloc.start()
    before, _ = tracemalloc.get_traced_memory()
    await restart(980)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert len(ran) == 1_000
    assert after - before < 100_000


async def test_s72_a_second_end_is_harmless() -> None:
    """S72: stopping what has stopped does nothing."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(sleeping(0))

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        worker = sim._worker
    await worker.stop(5)

    assert dues(sim.runs(next(iter(scheduler.tasks)))) == [0, 10]
    assert told(sim)["scheduler_stopped"] == 1
