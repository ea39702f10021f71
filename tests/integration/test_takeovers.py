"""What becomes of the run of a worker that died, on a file that is shared: in real time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from itertools import count
from pathlib import Path
from time import time

import pytest

from ostinato import InvalidArgumentError, OnCrash, Overlap, Run, Scheduler
from ostinato._lease import Claim, Lease, Registration, Takeover
from ostinato._outcomes import RunKind
from ostinato.protocols import SharedStore
from ostinato.stores import open_store
from ostinato.testing import Recorder

# In milliseconds: what the dead have left of their leases.
SHORT = 300
HOUR = 3_600_000


class Frame:
    """A scheduler with an hourly task, whose first tick a worker has claimed that is dead now."""

    def __init__(self, folder: Path) -> None:
        self.url = f"sqlite:///{folder / 'state.db'}"
        self.recorder = Recorder()
        self.scheduler = Scheduler(
            self.url, observers=[self.recorder], enabled=True, lease=20, poll=0.1
        )
        self.runs: asyncio.Queue[Run] = asyncio.Queue()
        self._dead = count(1)
        self.stores: list[SharedStore] = []

    def dead(self) -> SharedStore:
        """Return the door of a worker that does nothing but what it is told."""
        store = open_store(self.url)
        store.open("default", f"dead-{next(self._dead)}", lambda: time() * 1_000)
        self.stores.append(store)
        return store

    def left_behind(self, store: SharedStore) -> Lease:
        """Return the lease of the first tick, which nobody will settle."""
        spec = self.scheduler.tasks["task"].spec
        due = int(time() * 1_000) - 10
        store.register([Registration("task", spec, due)])
        claim = Claim("task", spec, due, due, due + HOUR)
        (lease,) = store.claim([claim], SHORT).leases
        return lease

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        async with asyncio.timeout(60), self.scheduler.running():
            yield
        for store in self.stores:
            store.close()

    async def told(self, name: str) -> list[Run | None]:
        """Wait until an event was told; return the runs of all of its name."""
        while not (found := [each.run for each in self.recorder.events if each.name == name]):
            await asyncio.to_thread(int)
        return found


async def test_s84_another_worker_goes_on_with_the_run_of_one_that_died(tmp_path: Path):
    """S84: the same tick and id, a higher token, the next attempt; the grid stays as it is."""
    frame = Frame(tmp_path)

    @frame.scheduler.every(hours=1, name="task", on_crash=OnCrash.RERUN)
    async def task(run: Run) -> None:
        frame.runs.put_nowait(run)

    lease = frame.left_behind(frame.dead())

    async with frame.running():
        run = await frame.runs.get()
        (told,) = await frame.told("ostinato.run_taken_over")
        await frame.told("ostinato.run_succeeded")
        next_run = await frame.scheduler.next_run("task")
        status = await frame.scheduler.status("task")

    assert told is run
    assert (run._due, run.token, run.attempt) == (lease.due, lease.token + 1, 2)
    assert run.id == Run("task", lease.due).id
    assert next_run is not None
    assert round(next_run.timestamp() * 1_000) == lease.due + HOUR
    assert status.starts == 1
    assert frame.runs.empty()


async def test_s84_a_plain_function_is_gone_on_with_as_well(tmp_path: Path):
    """S84: in a thread."""
    frame, loop = Frame(tmp_path), asyncio.get_running_loop()

    @frame.scheduler.every(hours=1, name="task", on_crash=OnCrash.RERUN)
    def task(run: Run) -> None:
        loop.call_soon_threadsafe(frame.runs.put_nowait, run)

    lease = frame.left_behind(frame.dead())

    async with frame.running():
        run = await frame.runs.get()

    assert (run._due, run.token) == (lease.due, lease.token + 1)


async def test_s85_a_run_whose_worker_died_is_abandoned_within_its_lease(tmp_path: Path):
    """S85: not at the next tick, an hour later; it is told of once, at ERROR, and not run again."""
    frame = Frame(tmp_path)
    frame.scheduler.every(hours=1, name="task")(lambda: frame.runs.put_nowait(Run("task", 0)))
    lease = frame.left_behind(frame.dead())

    async with frame.running():
        (lost,) = await frame.told("ostinato.run_lost")
        (run,) = await frame.scheduler.history("task")

    assert lost is not None
    assert (lost._due, lost.token, lost.outcome) == (lease.due, lease.token, "abandoned")
    assert (run._due, run.outcome) == (lease.due, "abandoned")
    assert frame.runs.empty()


async def test_s84_a_run_is_taken_over_twice_and_then_given_up(tmp_path: Path):
    """S84: it may be what kills its workers."""
    frame = Frame(tmp_path)
    frame.scheduler.every(hours=1, name="task", on_crash=OnCrash.RERUN)(
        lambda: frame.runs.put_nowait(Run("task", 0))
    )
    lease = frame.left_behind(frame.dead())
    for _ in range(2):
        heir = frame.dead()
        claim = Takeover("task", frame.scheduler.tasks["task"].spec, lease.token)
        while not (leases := heir.claim([claim], SHORT).leases):
            await asyncio.to_thread(int)
        (lease,) = leases

    async with frame.running():
        (lost,) = await frame.told("ostinato.run_lost")

    assert lost is not None
    assert (lost._due, lost.token) == (lease.due, lease.token)
    assert frame.runs.empty()


async def test_s93_a_run_by_hand_whose_worker_died_is_not_started_again(tmp_path: Path):
    """S93: it is no tick; it is given up, so that it keeps no tick from running."""
    frame = Frame(tmp_path)
    frame.scheduler.every(hours=1, start=3600, name="task", on_crash=OnCrash.RERUN)(
        lambda: frame.runs.put_nowait(Run("task", 0))
    )
    store, spec = frame.dead(), frame.scheduler.tasks["task"].spec
    now = int(time() * 1_000)
    store.register([Registration("task", spec, now + HOUR)])
    claim = Claim("task", spec, None, now, None, kind=RunKind.MANUAL, run_id="by hand")
    assert store.claim([claim], SHORT).leases

    async with frame.running():
        await frame.told("ostinato.run_lost")
        (run,) = await frame.scheduler.history("task")

    assert (run.id, run.outcome) == ("by hand", "abandoned")
    assert frame.runs.empty()


async def test_s84_a_tick_waits_until_the_one_before_it_has_been_run_again(tmp_path: Path):
    """S84: the tick of the dead comes first, however soon the next one is due."""
    frame = Frame(tmp_path)

    @frame.scheduler.every(seconds=0.1, name="task", on_crash=OnCrash.RERUN)
    async def task(run: Run) -> None:
        frame.runs.put_nowait(run)

    store, spec = frame.dead(), frame.scheduler.tasks["task"].spec
    due = int(time() * 1_000) - 10
    store.register([Registration("task", spec, due)])
    (lease,) = store.claim([Claim("task", spec, due, due, due + 100)], SHORT).leases

    async with frame.running():
        runs = [await frame.runs.get() for _ in range(4)]

    assert runs[0]._due == lease.due
    assert [run.attempt for run in runs] == [2, 1, 1, 1]
    assert [run._due for run in runs] == sorted({run._due for run in runs})


def test_s84_runs_side_by_side_are_not_run_again():
    """S84: nobody could tell which of them waits for which."""
    scheduler = Scheduler("memory://")

    with pytest.raises(InvalidArgumentError, match=r"on_crash.*Overlap\.ALLOW"):
        scheduler.every(hours=1, on_crash=OnCrash.RERUN, overlap=Overlap.ALLOW)(print)
