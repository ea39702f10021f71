"""Tasks that are in the store, and in no program any more."""

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ostinato import ArgumentTypeError, Orphan, Scheduler, TaskInUseError, TaskNotFoundError
from ostinato._clock import SystemClock
from ostinato._lease import Registration
from ostinato.stores import open_store

DAY = 86_400_000


async def test_s88_a_task_that_nobody_declares_for_a_week_is_an_orphan(tmp_path: Path) -> None:
    """S88: it is listed, and forgotten on request; what the program declares is not."""
    address = f"sqlite:///{tmp_path}/state.db"
    now = round(SystemClock().now() * 1_000)
    for name, days in (("gone", 8), ("resting", 6), ("mine", 8)):
        with closing(open_store(address)) as store:
            store.open("default", name, lambda days=days: float(now - days * DAY))
            store.register([Registration(name, "every 5 s", now)])
    scheduler = Scheduler(address, enabled=True)
    scheduler.every(hours=1, name="mine")(lambda: None)

    async with scheduler.running():
        seen = datetime.fromtimestamp((now - 8 * DAY) / 1_000, UTC)
        assert await scheduler.orphans() == [Orphan("gone", "every 5 s", seen)]
        await scheduler.forget("gone")
        await scheduler.forget("resting")

        assert await scheduler.orphans() == []
        with pytest.raises(TaskNotFoundError):
            await scheduler.forget("gone")
        with pytest.raises(TaskInUseError):
            await scheduler.forget("mine")
        with pytest.raises(ArgumentTypeError):
            await scheduler.forget(3)


async def test_s88_in_memory_there_are_no_orphans() -> None:
    """S88: it begins with what the program declares."""
    async with Scheduler("memory://", enabled=True).running() as scheduler:
        assert await scheduler.orphans() == []
        with pytest.raises(TaskNotFoundError):
            await scheduler.forget("task")
