"""Ticks of the past that several workers are asked to run again: each is run once."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from ostinato import Backfill, Outcome, Overlap, Run, RunKind, Scheduler
from ostinato._engine._steering import Steering
from ostinato._lease import Claim, Reply
from ostinato.errors import StoreUnavailableError

BEGIN, END = (datetime(year, 6, 1, tzinfo=UTC) for year in (2020, 2022))


def worker_of(
    folder: Path,
    ran: Counter[datetime],
    may_run: asyncio.Event,
    overlap: Overlap = Overlap.SKIP,
    lease: float = 30,
) -> Scheduler:
    scheduler = Scheduler(f"sqlite:///{folder / 'state.db'}", enabled=True, lease=lease)

    @scheduler.cron("0 0 1 1 *", name="task", overlap=overlap)
    async def task(run: Run) -> None:
        await may_run.wait()
        ran[run.due] += 1

    return scheduler


async def filled(scheduler: Scheduler) -> None:
    """Wait until a worker has nothing more to run again."""
    worker = scheduler._worker
    assert worker is not None
    while (driving := worker.backfilling._task) is not None:
        await asyncio.wait({driving})


async def written(scheduler: Scheduler, number: int) -> list[Run]:
    """Return the history, once so many runs of the past have ended: that is written behind."""
    ended = {Outcome.SUCCEEDED}
    # What was claimed by both, and given back by the second, is remembered too.
    while len(history := await scheduler.history("task", until=END, outcomes=ended)) < number:
        await asyncio.to_thread(int)
    return history


async def test_s94_two_workers_that_are_asked_for_the_same_run_each_tick_once(
    tmp_path: Path,
) -> None:
    """S94: who comes second finds that it has been run since it was chosen, however it ended."""
    ran = Counter[datetime]()
    may_run = asyncio.Event()
    one, other = (worker_of(tmp_path, ran, may_run) for _ in range(2))

    async with asyncio.timeout(60), one.running(), other.running():
        ticks = await one.backfill("task", BEGIN, END, mode=Backfill.ALL)
        for each in (one, other):
            await each.backfill("task", BEGIN, END, mode=Backfill.ALL, dry_run=False)
        may_run.set()
        await asyncio.gather(filled(one), filled(other))
        history = await written(one, len(ticks))

    assert ran == {tick.due: 1 for tick in ticks}
    assert [run.kind for run in history] == [RunKind.BACKFILL] * 2


@pytest.mark.parametrize("overlap", [Overlap.SKIP, Overlap.ALLOW])
async def test_s94_who_was_overtaken_between_its_look_and_its_claim_runs_nothing(
    tmp_path: Path, overlap: Overlap
) -> None:
    """S94: what was claimed for nothing is given back, and neither counts as a run of the tick."""
    ran = Counter[datetime]()
    may_run = asyncio.Event()
    one, other = (worker_of(tmp_path, ran, may_run, overlap) for _ in range(2))
    may_run.set()

    async with asyncio.timeout(60), one.running(), other.running():
        assert other._worker is not None
        slow = Steering(other._worker)
        standing = other._worker.standing_of("task")
        start, end = (round(each.timestamp() * 1_000) for each in (BEGIN, END))
        past = await slow.backfill(standing, start, end, Backfill.MISSING, most=None)
        assert await past.is_wanted(past.dues[0])
        await one.backfill("task", BEGIN, END, dry_run=False)
        await filled(one)
        await written(one, 2)
        run = slow._run(standing, past.dues[0], RunKind.BACKFILL)
        assert await slow._started(standing, run, past.is_still_wanted) is None
        assert not await past.is_wanted(past.dues[1])
        while not (found := await one.history("task", outcomes={Outcome.CANCELLED})):
            await asyncio.to_thread(int)

    assert [each.id for each in found] == [run.id]
    assert ran == {tick.due: 1 for tick in past.ticks}


async def test_s94_a_tick_whose_claim_was_granted_and_not_heard_of_is_run_all_the_same(
    tmp_path: Path,
) -> None:
    """S94, S79: the run that the store knows of is this worker's own, and nobody else's."""
    ran, may_run = Counter[datetime](), asyncio.Event()
    may_run.set()
    scheduler = worker_of(tmp_path, ran, may_run, lease=5)

    async with asyncio.timeout(60), scheduler.running():
        assert scheduler._worker is not None
        store = scheduler._worker.store
        claimed = store.claim
        left = ["the first"]

        def claim(claims: Sequence[Claim], *rest: Any) -> Reply:
            reply = claimed(claims, *rest)
            if left and any(each.kind is RunKind.BACKFILL for each in claims):
                left.clear()
                raise StoreUnavailableError("sqlite", ConnectionError("no way back"))
            return reply

        store.claim = claim  # type: ignore[method-assign]
        ticks = await scheduler.backfill("task", BEGIN, END, dry_run=False)
        await filled(scheduler)
        await written(scheduler, len(ticks))

    assert ran == {tick.due: 1 for tick in ticks}


async def test_s94_what_was_given_back_before_it_began_was_not_run(tmp_path: Path) -> None:
    """S94: it is missing as it was; nor does it keep another worker from running it."""
    scheduler = worker_of(tmp_path, Counter(), asyncio.Event())

    async with asyncio.timeout(60), scheduler.running():
        assert scheduler._worker is not None
        steering, standing = (
            Steering(scheduler._worker),
            scheduler._worker.standing_of("task"),
        )
        start, end = (round(each.timestamp() * 1_000) for each in (BEGIN, END))
        past = await steering.backfill(standing, start, end, Backfill.MISSING, most=None)
        run = steering._run(standing, past.dues[0], RunKind.BACKFILL)

        async def unwanted(_: Run) -> bool:
            return False

        assert await steering._started(standing, run, unwanted) is None
        while not await scheduler.history("task", outcomes={Outcome.CANCELLED}):
            await asyncio.to_thread(int)
        missing = await scheduler.backfill("task", BEGIN, END)

    assert missing == past.ticks
