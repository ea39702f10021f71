"""A store that outlives its worker, and a row that somebody else has steered."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

import pytest

from ostinato import AlreadyRunningError, Overlap, Scheduler, SkipReason, TaskState
from ostinato._lease import Lease
from ostinato.stores.memory import MemoryStore
from ostinato.testing import ManualClock, Recorder, simulate
from tests.support.simulated import at, dues, milliseconds


async def nothing() -> None: ...


@asynccontextmanager
async def started(
    scheduler: Scheduler, store: MemoryStore, clock: ManualClock
) -> AsyncGenerator[None]:
    """Run *scheduler* with a *store* that was there before."""
    worker = scheduler._equipment.worker(None, None, clock, store, is_live=True)
    scheduler._start(worker, where="in a test")
    try:
        yield
    finally:
        scheduler._worker = None
        await worker.stop(0)


async def test_s18_a_store_keeps_the_grid_across_a_restart() -> None:
    """S18, S23: what is registered already is no first run; what was missed is made up for."""
    scheduler, store, clock = Scheduler(), MemoryStore(), ManualClock()
    scheduler.every(seconds=10, name="task")(nothing)

    async with started(scheduler, store, clock):
        await clock.advance(seconds=15)
    await clock.advance(seconds=28)
    async with started(scheduler, store, clock):
        await clock.advance(seconds=9)
        history = await scheduler.history("task")

    runs = [run for run in history if run.reason is None][::-1]
    assert dues(runs) == [0, 10, 40, 50]
    (skipped,) = [run for run in history if run.reason is not None]
    assert (dues([skipped]), skipped.count) == ([20], 2)
    assert skipped.reason is SkipReason.COALESCED


async def test_s92_a_pause_outlives_a_restart() -> None:
    """S92: it is the store's."""
    scheduler, store, clock = Scheduler(), MemoryStore(), ManualClock()
    scheduler.every(seconds=10, name="task")(nothing)

    async with started(scheduler, store, clock):
        await clock.advance(seconds=5)
        await scheduler.pause("task", reason="moving house")
    async with started(scheduler, store, clock):
        await clock.advance(seconds=30)
        assert (await scheduler.status("task")).state is TaskState.PAUSED
        await scheduler.resume("task")
        await clock.advance(seconds=5)
        history = await scheduler.history("task")

    assert [(each.count, each.reason) for each in history] == [
        (1, None),
        (3, SkipReason.PAUSED),
        (1, None),
    ]


async def test_s76_what_the_row_says_counts() -> None:
    """S76: a tick that somebody else has moved is not run here."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        sim._worker.store.control("task", {"next_due": milliseconds(at(35))})
        await sim.advance(seconds=29)
        assert dues(sim.runs("task")) == [0]
        await sim.advance(seconds=5)

        assert dues(sim.runs("task")) == [0, 35]


async def test_s93_a_lease_that_somebody_holds_refuses_a_trigger() -> None:
    """S93: over the fleet, not only in this process."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, start=100, name="task")(nothing)

    async with simulate(scheduler) as sim:
        lease = Lease("task", milliseconds(at(0)), 3, milliseconds(at(1_000)), "another")
        sim._worker.store.control("task", {"held": lease})

        with pytest.raises(AlreadyRunningError):
            await scheduler.trigger("task")


async def test_s31_a_skipped_tick_is_claimed_as_well() -> None:
    """S31: with the store, the row moves on with what is skipped."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task", overlap=Overlap.SKIP, catch_up=1)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        sim.clock._elapsed += 8_000_000
        await sim.advance(seconds=1)

        row = sim._worker.store.read(["task", "nobody"]).rows["task"]
        assert (row.next_due, row.starts) == (milliseconds(at(20)), 1)


async def test_s66_a_schedule_that_fails_at_a_restart_stops_its_task() -> None:
    """S66: although the store knows when the task was due."""

    class Failing:
        text = "failing"
        fails = False

        def next_after(self, instant: datetime, /) -> datetime:
            if self.fails:
                raise LookupError("no calendar")
            return instant + timedelta(seconds=10)

        def anchored(self, at: datetime, /) -> "Failing":
            return self

        def describe(self) -> str:
            return "failing"

    store, clock, schedule = MemoryStore(), ManualClock(), Failing()
    recorder = Recorder()
    scheduler = Scheduler(observers=[recorder])
    scheduler.add(schedule, nothing, name="task")

    async with started(scheduler, store, clock):
        await clock.advance(seconds=15)
    schedule.fails = True
    async with started(scheduler, store, clock):
        await clock.advance(seconds=30)

        assert (await scheduler.status("task")).state is TaskState.STOPPED
        assert dues(store.runs("task", 10)) == [10]
        names = [event.name for event in recorder.events]
        assert names.count("ostinato.task_stopped") == 1
