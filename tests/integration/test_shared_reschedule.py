"""A schedule that is changed while it is shared: all workers follow it, restarted ones too."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from time import time

import pytest

from ostinato import Cron, Every, InvalidScheduleError, Run, Scheduler, Scope
from ostinato.schedules import Composable
from ostinato.stores import open_store


class Fleet:
    """Workers of one file, each of which declares the task alike: it is due every 100 ms."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.runs: asyncio.Queue[Run] = asyncio.Queue()

    def worker(self, poll: float = 0.1, lease: float = 5) -> Scheduler:
        scheduler = Scheduler(self.url, enabled=True, poll=poll, lease=lease)

        @scheduler.every(seconds=0.1, name="task")
        async def task(run: Run) -> None:
            self.runs.put_nowait(run)

        return scheduler

    @asynccontextmanager
    async def running(self, *workers: Scheduler) -> AsyncGenerator[None]:
        async with asyncio.timeout(60):
            if not workers:
                yield
                return
            async with workers[0].running(), self.running(*workers[1:]):
                yield

    async def gaps(self, number: int) -> set[int]:
        """Return how many milliseconds lie between the next *number* ticks that are run."""
        dues = sorted([(await self.runs.get())._due for _ in range(number)])
        return {later - earlier for earlier, later in pairwise(dues)}

    def forget(self) -> None:
        """Look at no run so far."""
        while not self.runs.empty():
            self.runs.get_nowait()


async def followed(scheduler: Scheduler, words: str) -> None:
    """Wait until the worker says that the task follows the schedule that is meant."""
    while (await scheduler.status("task")).schedule != words:
        await asyncio.to_thread(int)


async def test_s19_all_workers_follow_a_schedule_that_one_was_told_of(tmp_path: Path):
    """S19: on one grid, from the next tick on, also after a restart, until it is told back."""
    fleet = Fleet(tmp_path)
    one, other = fleet.worker(), fleet.worker()
    words = Every(seconds=0.25).describe()

    async with fleet.running(one, other):
        await fleet.runs.get()
        await one.reschedule("task", Every(seconds=0.25))
        await followed(other, words)
        fleet.forget()
        assert {gap % 250 for gap in await fleet.gaps(5)} == {0}

    fleet.forget()
    restarted = fleet.worker()
    async with fleet.running(restarted):
        await followed(restarted, words)
        fleet.forget()
        assert {gap % 250 for gap in await fleet.gaps(3)} == {0}

        await restarted.reschedule("task", Every(seconds=0.1))
        fleet.forget()
        assert {gap % 100 for gap in await fleet.gaps(4)} == {0}

    store = open_store(fleet.url)
    store.open("default", "onlooker", time)
    assert store.read(["task"]).rows["task"].schedule is None
    store.close()


async def test_s19_a_tick_that_both_schedules_have_is_followed_by_the_new_one(tmp_path: Path):
    """S19: whoever claims it by the old one learns of the new one, and sets right what is next."""
    fleet = Fleet(tmp_path)
    # It comes upon the tick before it looks.
    worker = fleet.worker(poll=5)
    store = open_store(fleet.url)

    async with fleet.running(worker):
        await fleet.runs.get()
        store.open("default", "onlooker", time)
        row = store.read(["task"]).rows["task"]
        store.control("task", {"schedule": "every 300 ms", "anchor": row.next_due})
        runs = [await fleet.runs.get() for _ in range(6)]

    store.close()
    later = [run._due - row.next_due for run in runs if run._due >= row.next_due]
    assert len(later) >= 4
    assert {gap % 300 for gap in later} == {0}


@dataclass(frozen=True)
class Powers(Composable):
    """Due at each power of two, in seconds since 1970."""

    def next_after(self, instant: datetime, /) -> datetime | None:
        begin, power = datetime(1970, 1, 1, tzinfo=UTC), 1
        while (found := begin + timedelta(seconds=power)) <= instant:
            power *= 2
        return found

    def anchored(self, at: datetime, /) -> "Powers":
        return self

    def describe(self) -> str:
        return "at powers of two"


@pytest.mark.parametrize(
    "schedule",
    [
        Powers(),
        Cron("0 9 * * *") | Every(hours=7).anchored(datetime(2030, 1, 1, tzinfo=UTC)),
    ],
)
async def test_s19_a_schedule_that_others_cannot_read_is_refused(
    schedule: Composable, tmp_path: Path
):
    """S19: nothing is changed then, and the task goes on."""
    fleet = Fleet(tmp_path)
    worker = fleet.worker()

    async with fleet.running(worker):
        await fleet.runs.get()
        with pytest.raises(InvalidScheduleError):
            await worker.reschedule("task", schedule)
        fleet.forget()
        assert {gap % 100 for gap in await fleet.gaps(3)} == {0}


async def test_s90_a_schedule_of_a_later_version_is_left_to_later_versions(tmp_path: Path):
    """S90: who runs stands down, who starts runs nothing, and both go on once they can read it."""
    fleet = Fleet(tmp_path)
    # Which look again, after they have stood down, in half of that.
    workers = [fleet.worker(lease=2), fleet.worker(lease=2)]
    beats: asyncio.Queue[None] = asyncio.Queue()
    workers[1].every(seconds=0.1, name="beat", scope=Scope.PROCESS)(lambda: beats.put_nowait(None))
    store = open_store(fleet.url)
    store.open("default", "onlooker", lambda: time() * 1_000)

    async with fleet.running(workers[0]):
        await fleet.runs.get()
        await workers[0].reschedule("task", Every(seconds=0.25))
        store.control("task", {"schedule": "every full moon"})
        await unread(workers[0])
        async with fleet.running(workers[1]):
            await unread(workers[1])
            fleet.forget()
            for _ in range(5):
                await beats.get()
            assert fleet.runs.empty()
            store.control("task", {"schedule": "every 250 ms"})
            assert await fleet.gaps(4) == {250}

    store.close()


async def unread(scheduler: Scheduler) -> None:
    """Wait until the worker has found a schedule that it cannot read."""
    while not (scheduler._worker and scheduler._worker.sharing._unread):
        await asyncio.to_thread(int)
