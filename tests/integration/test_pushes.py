"""Workers that look once a minute, and heed at once what the others steer: on real servers."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from time import time
from uuid import uuid4

import psycopg
import pytest
from redis import Redis

from ostinato import Outcome, Scheduler, TaskState
from ostinato.stores import open_store

CUT = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
    " WHERE datname IS NOT NULL AND query LIKE 'LISTEN%'"
)


@pytest.fixture(params=["postgresql", "redis"])
def address(request: pytest.FixtureRequest) -> str:
    """Return where a server is that pushes."""
    return request.getfixturevalue(f"{request.param}_address")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, bool]]:
    """Run on asyncio's own loop: what comes from threads is tried on both elsewhere."""
    return "asyncio", {}


def workers(address: str, number: int, *, poll: float = 60) -> list[Scheduler]:
    """Return so many workers of one task, which is due once a year and does not end."""
    name = uuid4().hex

    def worker() -> Scheduler:
        scheduler = Scheduler(address, name=name, enabled=True, poll=poll, lease=600)

        @scheduler.cron("0 0 1 1 *", name="task")
        async def task() -> None:
            await asyncio.Event().wait()

        return scheduler

    return [worker() for _ in range(number)]


def cut(address: str) -> int:
    """Cut the connections that listen; return how many."""
    if address.startswith("redis"):
        with Redis.from_url(address) as client:
            return client.client_kill_filter(_type="pubsub")
    with psycopg.connect(address, autocommit=True) as connection:
        return len(connection.execute(CUT).fetchall())


async def until(condition: Callable[[], object]) -> None:
    """Wait until *condition* holds."""
    while not condition():
        await asyncio.to_thread(int)


async def reached(scheduler: Scheduler, state: TaskState) -> None:
    """Wait until the worker says that its task stands so."""
    while (await scheduler.status("task")).state is not state:
        await asyncio.to_thread(int)


def listens(scheduler: Scheduler) -> bool:
    """Return whether the worker has heard that it listens."""
    return scheduler._worker.sharing._hearing._was_heard


def threads() -> list[str]:
    """Return the names of the threads that ask stores, and listen to them."""
    named = (each.name for each in threading.enumerate())
    return [name for name in named if name.endswith(("-claims", "-reads", "-pushes"))]


def descriptors() -> int:
    """Return how many files and connections the process has open."""
    return len(list(Path("/proc/self/fd").iterdir()))


async def test_s92_a_pause_is_heeded_at_once_also_after_a_cut(address: str):
    """S92: long before anybody looks, and what was pushed to nobody is found on the return."""
    one, other = workers(address, 2)
    async with asyncio.timeout(20), one.running(), other.running():
        await until(lambda: listens(other))
        await one.pause("task")
        await reached(other, TaskState.PAUSED)
        await one.resume("task")
        await reached(other, TaskState.WAITING)

        assert cut(address) >= 1
        await one.pause("task")
        await reached(other, TaskState.PAUSED)


async def test_s92_a_run_that_somebody_wants_to_end_ends_at_once(address: str):
    """S92: not at the next beat, which prolongs its lease."""
    (scheduler,) = workers(address, 1)
    async with asyncio.timeout(20), scheduler.running():
        await until(lambda: listens(scheduler))
        run = await scheduler.trigger("task")
        await until(lambda: run.started)
        with closing(open_store(address)) as store:
            store.open(scheduler._worker.environment.namespace, "onlooker", time)
            store.control("task", {"cancel_requested": run.token})
        await until(lambda: run.outcome is Outcome.CANCELLED)


async def test_s72_a_worker_that_listens_leaves_nothing_behind(address: str):
    """S72: neither a thread nor a descriptor, however often it is started."""
    (scheduler,) = workers(address, 1)
    left: list[tuple[list[str], int]] = []
    async with asyncio.timeout(40):
        for _ in range(3):
            async with scheduler.running():
                await until(lambda: listens(scheduler))
                assert len(threads()) == 3
            left.append((threads(), descriptors()))

    assert left == [([], left[0][1])] * 3


async def test_s92_behind_a_pooler_a_pause_is_found_by_looking(pgbouncer_address: str):
    """S92: as before; the thread that would listen is gone."""
    one, other = workers(pgbouncer_address, 2, poll=0.2)
    async with asyncio.timeout(20), one.running(), other.running():
        await one.pause("task")
        await reached(other, TaskState.PAUSED)
        await until(lambda: not any(name.endswith("-pushes") for name in threads()))
        assert not listens(other)
