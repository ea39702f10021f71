"""`max_runs`, `until` and `on_complete` over several workers of one file."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostinato import Run, Scheduler, TaskState

LIMITS = {
    "max_runs": lambda: {"max_runs": 5},
    "until": lambda: {"until": datetime.now(UTC) + timedelta(seconds=1.5)},
}


@pytest.mark.parametrize("limit", LIMITS)
async def test_s91_all_workers_together_have_one_end(limit: str, tmp_path: Path):
    """S91: starts are counted in the claim; `on_complete` is called once, by whose run was last."""
    policy, runs, completed = LIMITS[limit](), list[Run](), asyncio.Queue[int]()

    def worker(number: int) -> Scheduler:
        scheduler = Scheduler(f"sqlite:///{tmp_path / 'state.db'}", enabled=True, poll=0.1)

        async def complete() -> None:
            completed.put_nowait(number)

        @scheduler.every(seconds=0.1, name="task", on_complete=complete, **policy)
        async def task(run: Run) -> None:
            runs.append(run)

        return scheduler

    async def finished(scheduler: Scheduler) -> None:
        while (await scheduler.status("task")).state is not TaskState.FINISHED:
            await asyncio.to_thread(int)

    one, other, late = worker(1), worker(2), worker(3)
    async with asyncio.timeout(60), one.running(), other.running():
        await completed.get()
        await finished(one)
        await finished(other)
        # One that comes when all is over runs nothing, and calls nothing.
        async with late.running():
            await finished(late)

    assert max(Counter(run.id for run in runs).values()) == 1
    assert completed.empty()
    if limit == "max_runs":
        assert len(runs) == 5
    else:
        assert all(run.due <= policy["until"] for run in runs)
