"""Both event loops: what is different about them is how time is simulated, not what happens."""

import asyncio
import threading
from typing import Any

import pytest

from ostinato import Overlap, Scheduler, Scope
from ostinato.testing import simulate
from tests.support.simulated import dues, ends


@pytest.fixture(
    params=[("asyncio", {}), ("asyncio", {"use_uvloop": True})], ids=["asyncio", "uvloop"]
)
def anyio_backend(request: pytest.FixtureRequest) -> tuple[str, dict[str, Any]]:
    """Run these tests on both."""
    return request.param


@pytest.mark.parametrize("scope", list(Scope))
async def test_s56_ticks_run_in_virtual_time(scope: Scope) -> None:
    """S56: an hour of runs, on the loop and in threads, and of failures."""
    scheduler, threads = Scheduler(), []

    @scheduler.every(minutes=10, scope=scope)
    async def task() -> None:
        await asyncio.sleep(0)

    @scheduler.every(minutes=20, scope=scope)
    def in_thread() -> None:
        threads.append(threading.current_thread())

    @scheduler.cron("*/30 * * * *", scope=scope)
    async def failing() -> None:
        raise ValueError

    async with simulate(scheduler) as sim:
        await sim.advance(hours=1)

        assert dues(sim.runs(task)) == [0, 600, 1_200, 1_800, 2_400, 3_000, 3_600]
        assert ends(sim.runs(failing)) == [(1_800, "failed"), (3_600, "failed")]
        assert dues(sim.runs(in_thread)) == [0, 1_200, 2_400, 3_600]
    assert threading.main_thread() not in threads


@pytest.mark.parametrize("overlap", list(Overlap))
async def test_s56_a_run_is_cancelled_at_the_end(overlap: Overlap) -> None:
    """S56: what is under way is cancelled, and its clean-up awaited."""
    scheduler, steps = Scheduler(), []

    @scheduler.every(hours=1, overlap=overlap)
    async def task() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            steps.append("cleaned up")

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

    assert (ends(sim.runs(task)), steps) == ([(0, "cancelled")], ["cleaned up"])


async def test_s56_a_timeout_cancels() -> None:
    """S56: by the scheduler's clock."""
    scheduler = Scheduler()

    @scheduler.every(hours=1, timeout=10)
    async def task() -> None:
        await asyncio.Event().wait()

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert ends(sim.runs(task)) == [(0, "timed_out")]
