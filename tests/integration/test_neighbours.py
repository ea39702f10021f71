"""Applications that keep their tasks in one place by mistake: the second one is told."""

import asyncio
from pathlib import Path

import pytest

from ostinato import Scheduler
from ostinato.testing import Recorder


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio's own loop: what is shown is the store's."""
    return "asyncio"


async def nothing() -> None: ...


def application(folder: Path, recorder: Recorder, *names: str, **options: str) -> Scheduler:
    """Return the scheduler of a worker whose tasks have these names."""
    url = f"sqlite:///{folder / 'state.db'}"
    scheduler = Scheduler(url, enabled=True, observers=[recorder], **options)
    for name in names:
        scheduler.every(hours=1, name=name)(nothing)
    return scheduler


async def looked(scheduler: Scheduler) -> None:
    """Wait until a worker has looked who else is there."""
    assert scheduler._worker is not None
    assert scheduler._worker.sharing is not None
    neighbours = scheduler._worker.sharing._neighbours
    while not neighbours._has_looked:
        await asyncio.to_thread(int)
    # The lane answers in order, and the loop calls back in order.
    await scheduler._worker.sharing.door.lanes.reads(int)
    await asyncio.sleep(0)


async def test_s88_a_second_application_in_one_namespace_is_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """S88: with whose tasks it shares the name; not so another version, nor another namespace."""
    recorders = [Recorder() for _ in range(4)]
    one = application(tmp_path, recorders[0], "bill", "remind")
    next_version = application(tmp_path, recorders[1], "remind", "report")
    named = application(tmp_path, recorders[2], "tidy", name="tidying")
    other = application(tmp_path, recorders[3], "tidy", "sweep")

    async with asyncio.timeout(60), one.running():
        await looked(one)
        async with next_version.running(), named.running():
            await looked(next_version)
            await looked(named)
        async with other.running():
            await looked(other)

    told = [
        [event for event in each.events if event.name == "ostinato.namespace_shared"]
        for each in recorders
    ]
    assert [len(each) for each in told] == [0, 0, 0, 1]
    facts = {"scheduler_name": "default", "task_names": ["bill", "remind"]}
    assert told[3][0].facts == facts
    (record,) = (each for each in caplog.records if "Another application" in each.message)
    assert (record.levelname, record.task_names) == ("WARNING", ["bill", "remind"])
