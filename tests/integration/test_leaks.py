"""Nothing is left behind, however long a scheduler runs and however often it starts."""

import asyncio
import gc
import logging
import os
import threading
import tracemalloc
from pathlib import Path

import pytest

from ostinato import Run, Scheduler, Scope
from ostinato.testing import ManualClock

ALLOWED_GROWTH = 1024 * 1024


def scheduler_of_all_kinds(clock: ManualClock) -> Scheduler:
    """Return a scheduler whose tasks succeed, fail, wait, are supplied, and run in threads."""
    scheduler = Scheduler(clock=clock, enabled=True, shutdown_grace=0)

    @scheduler.every(seconds=1)
    async def succeed() -> None: ...

    @scheduler.every(seconds=1, scope=Scope.PROCESS, timeout=10, retry=2)
    async def be_supplied(run: Run) -> None:
        await asyncio.sleep(0)

    @scheduler.every(seconds=5, on_exception=lambda error: None)
    async def fail() -> None:
        raise ValueError

    @scheduler.every(seconds=10)
    def block() -> None: ...

    return scheduler


class Resources:
    """What the process holds now."""

    def __init__(self) -> None:
        gc.collect()
        self.tasks = len(asyncio.all_tasks())
        self.threads = threading.active_count()
        self.descriptors = len(list(Path("/proc/self/fd").iterdir())) if os.name == "posix" else 0
        self.memory = tracemalloc.get_traced_memory()[0]


@pytest.fixture
def anyio_backend() -> str:
    """Look on one loop: what is counted is ours on both."""
    return "asyncio"


@pytest.fixture
def traced(caplog: pytest.LogCaptureFixture):
    """Trace allocations, and keep no log records, which would be taken for a leak."""
    logger = logging.getLogger("ostinato")
    before, logger.disabled = logger.disabled, True
    tracemalloc.start()
    yield
    tracemalloc.stop()
    logger.disabled = before


@pytest.fixture
def leak_runs(request: pytest.FixtureRequest) -> int:
    """Return how many runs to look at."""
    return request.config.getoption("--leak-runs")


async def calm(scheduler: Scheduler) -> None:
    """Wait for what is at work in threads, in real time."""
    assert scheduler._worker is not None
    threads, loop = scheduler._worker.environment.threads, asyncio.get_running_loop()
    while threads.outstanding(loop):
        await threads.next_end(loop)
        for _ in range(20):
            await asyncio.sleep(0)


@pytest.mark.timeout(1_800)
async def test_s72_runs_leave_nothing_behind(leak_runs: int, traced: None):
    """S72: after many runs there are as many tasks, threads, descriptors and bytes as before."""
    clock = ManualClock()
    scheduler = scheduler_of_all_kinds(clock)

    async with scheduler.running():
        await clock.advance(seconds=2_000)
        await calm(scheduler)
        before = Resources()
        await clock.advance(seconds=leak_runs * 10 // 23)
        await calm(scheduler)
        after = Resources()

    assert (after.tasks, after.threads, after.descriptors) == (
        before.tasks,
        before.threads,
        before.descriptors,
    )
    assert after.memory - before.memory < ALLOWED_GROWTH


@pytest.mark.timeout(1_800)
async def test_s73_starts_and_stops_leave_nothing_behind(leak_runs: int, traced: None):
    """S73: a process may start and stop its scheduler again and again."""
    clock = ManualClock()
    scheduler = scheduler_of_all_kinds(clock)

    async def cycle(times: int) -> Resources:
        for _ in range(times):
            async with scheduler.running():
                await clock.advance(seconds=1)
        return Resources()

    before = await cycle(50)
    after = await cycle(leak_runs // 100)

    assert after.tasks == before.tasks
    assert after.descriptors == before.descriptors
    assert after.memory - before.memory < ALLOWED_GROWTH
    assert threading.active_count() <= before.threads
