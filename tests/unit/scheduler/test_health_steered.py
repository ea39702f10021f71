"""Health where somebody has steered, and what is told of tasks that others run too."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from time import time

from ostinato import Outcome, Run, RunKind, Scheduler
from ostinato._clock import SystemClock
from ostinato._engine._standing import Standing
from ostinato._engine._told import Told
from ostinato._lease import Reply, TaskRow
from ostinato.errors import StoreUnavailableError
from ostinato.stores import open_store
from ostinato.stores.memory import MemoryStore
from ostinato.testing import simulate

MINUTES = 60_000


async def nothing() -> None: ...


async def test_what_fell_due_in_a_pause_is_not_overdue_at_its_end() -> None:
    """S92: nobody could run it before; if nobody does from then on, it is a minute later."""
    scheduler = Scheduler()
    scheduler.every(minutes=1, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=10)
        await scheduler.pause("task")
        await sim.advance(minutes=10)
        await scheduler.resume("task", catch_up=True)
        # The event loop has had no turn yet.
        at_once = await scheduler.health()
        await sim.advance(seconds=1)
        later = await scheduler.health()

    assert (at_once.problems, later.problems) == ((), ())


async def test_what_another_worker_has_resumed_is_not_overdue_before_it_is_heard_of(
    tmp_path: Path,
) -> None:
    """S92: for as long as a poll takes nobody knows of it but the row."""
    address = f"sqlite:///{tmp_path}/state.db"
    scheduler = Scheduler(address, enabled=True, poll=3_600)
    scheduler.every(hours=1, name="task")(nothing)

    async with scheduler.running():
        await scheduler.pause("task")
        worker = scheduler._worker
        assert worker is not None
        # It could have run it for long.
        worker.begun -= 600 * MINUTES
        with closing(open_store(address)) as store:
            store.open("default", "another", lambda: time() * 1_000)
            due = round(time() * 1_000) - 300 * MINUTES
            store.control("task", {"paused": False, "next_due": due})
        health = await scheduler.health()

    assert health.problems == ()


class Failing(MemoryStore):
    """A store that answers, or raises at once."""

    answers = True

    def read(self, names: object = None, /) -> Reply:
        if not self.answers:
            raise StoreUnavailableError("default", ConnectionError("gone"))
        return super().read(names)  # type: ignore[arg-type] # as it was given


async def test_a_store_is_silent_since_it_was_heard_of_last() -> None:
    """Nobody may have asked for long: that it was silent once before is no news."""
    scheduler, store = Scheduler(enabled=True, poll=3_600, lease=3_600), Failing()
    scheduler.every(hours=1)(nothing)
    worker = scheduler._equipment.worker(
        None, None, SystemClock(), store, is_live=True, follows_host=False
    )
    sharing = worker.sharing
    assert sharing is not None
    await sharing.open()
    scheduler._start(worker, where="in a test")

    async def since() -> float:
        store.answers = False
        (problem,) = (await scheduler.health()).problems
        assert problem.since is not None
        return problem.since.timestamp()

    first, same = await since(), await since()
    store.answers, before = True, sharing.looking.heard
    while sharing.looking.heard == before or time() <= first + 0.002:
        sharing.look_at_clock()
        await asyncio.to_thread(int)
    second = await since()
    store.answers = True
    await scheduler._stop(worker)

    assert first == same < second


async def test_a_status_is_its_callers_own(tmp_path: Path) -> None:
    """Whatever is done to its counts: the next one has its own, also where nothing has changed."""
    scheduler = Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True)
    scheduler.every(hours=1, start=timedelta(hours=1), name="task")(nothing)

    async with scheduler.running():
        (first,) = await scheduler.status()
        first.counts["succeeded"] = 1_000  # type: ignore[index] # what nobody is to do
        (second,) = await scheduler.status()

    assert second.counts == {}


def test_s93_a_run_by_hand_hides_no_failures_of_ticks() -> None:
    """S93: it ended here later than the ticks of other workers, and tells nothing of them."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="task")(nothing)
    standing = Standing(scheduler.tasks["task"])
    there, manual = Run("task", 1_000), Run("task", 2_000, kind=RunKind.MANUAL)
    there.outcome, there._finished = Outcome.FAILED, 1_500.0
    manual.outcome, manual._finished = Outcome.SUCCEEDED, 2_500.0
    standing.latest = manual
    row = TaskRow("task", "", 60_000, last_run=there, failures_in_row=5)

    told = Told(standing, row)

    assert (told.failures_in_row, told.last_run) == (5, manual)


def test_s93_a_tick_that_has_ended_here_tells_of_those_before() -> None:
    """S93: also before it is written."""
    scheduler = Scheduler()
    scheduler.every(hours=1, name="task")(nothing)
    standing = Standing(scheduler.tasks["task"])
    there, tick = Run("task", 1_000), Run("task", 2_000)
    there._finished, tick._finished = 1_500.0, 2_500.0
    standing.latest, standing.failures_in_row = tick, 6
    row = TaskRow("task", "", 60_000, last_run=there, failures_in_row=5)

    assert Told(standing, row).failures_in_row == 6
