"""What is steered by one worker of a file reaches the others, and nothing of it is lost."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from time import time

import pytest

from ostinato import Overlap, Scheduler, StoreError, StoreFileError
from ostinato.stores import open_store


def worker_of(
    folder: Path, body: Callable[[], object], seconds: float = 0.1, poll: float = 0.1
) -> Scheduler:
    scheduler = Scheduler(f"sqlite:///{folder / 'state.db'}", enabled=True, poll=poll)

    @scheduler.every(seconds=seconds, name="task")
    async def task() -> None:
        body()

    return scheduler


async def looked(scheduler: Scheduler) -> None:
    """Wait until the worker has looked at all that was steered."""
    worker = scheduler._worker
    assert worker is not None
    assert worker.sharing is not None
    while worker.sharing.looking._seen != await asyncio.to_thread(worker.store.poll):
        pass


async def test_s92_a_pause_whose_end_was_not_written_goes_on_and_can_be_ended(tmp_path: Path):
    """S92: who was told that it was not written asks again, and the task runs."""
    ran = asyncio.Event()
    scheduler = worker_of(tmp_path, ran.set, poll=60)

    async with asyncio.timeout(60), scheduler.running():
        await ran.wait()
        await scheduler.pause("task")
        await looked(scheduler)
        other = sqlite3.connect(tmp_path / "state.db", isolation_level=None)
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreError):
            await scheduler.resume("task", catch_up=True)
        other.execute("ROLLBACK")
        other.close()
        assert (await scheduler.status("task")).state == "paused"

        ran.clear()
        await scheduler.resume("task")
        await ran.wait()


async def test_s92_a_worker_resumes_what_another_has_paused_a_moment_ago(tmp_path: Path):
    """S92: also before it has looked: requests reach any worker."""
    ran = asyncio.Event()
    one, other = (worker_of(tmp_path, ran.set, poll=60) for _ in range(2))

    async with asyncio.timeout(60), one.running(), other.running():
        await ran.wait()
        await one.pause("task")
        await other.resume("task")
        store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
        store.open("default", "onlooker", time)
        assert not store.read(["task"]).rows["task"].paused
        store.close()


async def test_s20_a_tick_that_was_put_before_the_awaited_one_is_not_waited_past(tmp_path: Path):
    """S20: where another worker has put a schedule right, this one does not sleep until its own."""
    ran = asyncio.Semaphore(0)
    scheduler = worker_of(tmp_path, ran.release, seconds=3_600)

    async with asyncio.timeout(20), scheduler.running():
        await ran.acquire()
        store = open_store(f"sqlite:///{tmp_path / 'state.db'}")
        store.open("default", "onlooker", time)
        due = int(time() * 1_000) + 300
        store.control("task", {"next_due": due, "anchor": due})
        await ran.acquire()
        row = store.read(["task"]).rows["task"]
        store.close()

    assert row.last_due == due
    assert row.next_due == due + 3_600_000


async def test_s91_what_follows_the_last_run_is_called_where_an_earlier_one_ends_later(
    tmp_path: Path,
):
    """S91: beside others, the last tick need not be the last that ends."""
    completed, begun, number = asyncio.Event(), asyncio.Event(), 0
    scheduler = Scheduler(f"sqlite:///{tmp_path / 'state.db'}", enabled=True)

    @scheduler.every(seconds=0.1, max_runs=2, overlap=Overlap.ALLOW, on_complete=completed.set)
    async def task() -> None:
        nonlocal number
        number += 1
        if number == 1:
            await begun.wait()
            await asyncio.sleep(0.1)
        begun.set()

    async with asyncio.timeout(20), scheduler.running():
        await completed.wait()


async def test_s87_nobody_waits_for_a_start_that_has_failed(tmp_path: Path):
    """S87: of two that start one scheduler at once, both are told what is wrong."""
    (tmp_path / "state.db").write_text("this is no database at all, " * 50)
    scheduler = worker_of(tmp_path, int)

    async def start() -> None:
        async with scheduler.running():
            pass

    async with asyncio.timeout(20):
        errors = await asyncio.gather(start(), start(), return_exceptions=True)

    assert [type(error) for error in errors] == [StoreFileError] * 2


async def test_s68_who_has_stood_down_looks_again_no_more_at_the_end(tmp_path: Path):
    """S68: nothing of it comes later, neither a question nor an error of the event loop."""
    raised: list[dict[str, object]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: raised.append(context))
    url = f"sqlite:///{tmp_path / 'state.db'}"
    newer = Scheduler(url, enabled=True, revision=2)
    older = Scheduler(url, enabled=True, revision=1)
    newer.every(seconds=5, name="task")(_nothing)
    older.every(seconds=7, name="task")(_nothing)

    async with asyncio.timeout(20), newer.running():
        while (await newer.status("task")).starts == 0:
            await asyncio.to_thread(int)
        async with older.running():
            worker = older._worker
            assert worker is not None
            assert worker.sharing is not None
            while worker.standings["task"].is_joined:
                await asyncio.to_thread(int)
        worker.sharing.register([worker.standings["task"]])

    assert not raised


async def _nothing() -> None:
    """Do nothing."""
