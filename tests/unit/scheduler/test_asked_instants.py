"""Instants that somebody asks for are computed beside the event loop, and beside the store."""

import asyncio
import threading
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostinato import HealthStatus, Run, Scheduler
from ostinato._clock import SystemClock
from ostinato._queries import Overview
from ostinato.stores.memory import MemoryStore
from ostinato.testing import simulate

HOUR = timedelta(hours=1)


async def nothing() -> None: ...


class Slow:
    """Is due each hour, and takes as long to say so as it is told to."""

    text = "slow"

    def __init__(self) -> None:
        self.is_slow, self.begun, self.may_end = False, threading.Event(), threading.Event()

    def next_after(self, instant: datetime, /) -> datetime:
        if self.is_slow:
            self.begun.set()
            self.may_end.wait(5)
        return instant.replace(minute=0, second=0, microsecond=0) + HOUR

    def anchored(self, at: datetime, /) -> "Slow":
        return self

    def describe(self) -> str:
        return "slowly"


async def upcoming(scheduler: Scheduler) -> list[datetime]:
    return await scheduler.upcoming("task", 2)


async def backfill(scheduler: Scheduler) -> list[datetime]:
    now = datetime.now(UTC)
    return [tick.due for tick in await scheduler.backfill("task", now - 2 * HOUR, now)]


@pytest.mark.parametrize("ask", [upcoming, backfill])
@pytest.mark.parametrize("kind", ["memory", "sqlite"])
async def test_nobody_waits_for_a_schedule_that_takes_its_time(
    kind: str, tmp_path: Path, ask: Callable[[Scheduler], Awaitable[list[datetime]]]
) -> None:
    """Others ask for what the store knows meanwhile, and all is well: S55, S94."""
    address = "memory://" if kind == "memory" else f"sqlite:///{tmp_path}/state.db"
    scheduler, slow = Scheduler(address, enabled=True), Slow()
    scheduler.add(slow, nothing, name="task")

    async with scheduler.running():
        await scheduler.status("task")
        slow.is_slow = True
        asking = asyncio.ensure_future(ask(scheduler))
        await asyncio.to_thread(slow.begun.wait, 5)
        health = await scheduler.health()
        status = await scheduler.status("task", recent=1)
        was_done = asking.done()
        slow.may_end.set()

        assert not was_done
        assert health.status is HealthStatus.OK
        assert status.name == "task"
        assert len(await asking) == 2


async def test_a_task_that_asks_takes_no_virtual_time() -> None:
    """What is computed in a thread is waited for, before time passes."""
    scheduler, took = Scheduler(), list[timedelta]()

    @scheduler.cron("*/5 * * * *", tz="Europe/Zurich", name="task")
    async def task(run: Run) -> None:
        found = await scheduler.upcoming("task", 1_000)
        took.append(sim.now - run.due)
        assert len(found) == 1_000

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=30)

    assert took == [timedelta()] * 6


class Counting(MemoryStore):
    """Counts how often it is asked how tasks stand."""

    overviews = 0

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        self.overviews += 1
        return super().overview(names)


@asynccontextmanager
async def shared(scheduler: Scheduler, store: MemoryStore) -> AsyncGenerator[None]:
    """Run *scheduler* over a *store* that others might share."""
    worker = scheduler._equipment.worker(
        None, None, SystemClock(), store, is_live=True, follows_host=False
    )
    assert worker.sharing is not None
    await worker.sharing.open()
    scheduler._start(worker, where="in a test")
    yield
    await scheduler._stop(worker)


async def test_the_instants_of_all_tasks_take_one_question() -> None:
    """However many tasks there are: a page that draws them all asks a store but once."""
    scheduler, store = Scheduler(enabled=True), Counting()
    for number in range(30):
        scheduler.every(hours=1, name=f"task {number}")(nothing)
    scheduler.delay(minutes=5, name="delay")(nothing)

    async with shared(scheduler, store):
        await scheduler.status()
        store.overviews = 0
        found = await scheduler.upcoming(n=3)
        one = await scheduler.upcoming("task 7", 3)

    assert store.overviews == 2
    assert found["task 7"] == one
    assert list(found) == [*(f"task {number}" for number in range(30)), "delay"]
    assert [len(each) for each in found.values()] == [3] * 30 + [1]
