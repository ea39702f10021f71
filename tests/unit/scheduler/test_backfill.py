"""S94: ticks of the past that are run again."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from ostinato import (
    ArgumentTypeError,
    Backfill,
    InvalidArgumentError,
    Run,
    RunKind,
    Scheduler,
    Tick,
)
from ostinato.testing import simulate

START = datetime(2030, 1, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


async def test_s94_a_dry_run_tells_and_the_real_one_runs_what_is_missing_or_failed() -> None:
    """S94: each after the other, at its own instant; the grid does not move, nor does a success."""
    scheduler, dues = Scheduler(enabled=True), list[datetime]()

    @scheduler.every(minutes=1, name="task")
    async def task(run: Run) -> None:
        dues.append(run.due)
        if run.kind is RunKind.TICK and run.due.minute == 2:
            raise ValueError

    async with simulate(scheduler, start=START) as sim:
        await sim.advance(minutes=3, seconds=30)
        begin = START - 2 * MINUTE
        missing = await scheduler.backfill(task, begin, START + timedelta(hours=1))
        failed = await scheduler.backfill(task, begin, sim.now, mode=Backfill.FAILED)
        every = await scheduler.backfill(task, begin, START + 2 * MINUTE, mode=Backfill.ALL)

        assert missing == [Tick("task", begin), Tick("task", begin + MINUTE)]
        assert failed == [Tick("task", START + 2 * MINUTE)]
        assert [tick.due for tick in every] == [begin + number * MINUTE for number in range(4)]
        before, status = dues[:], await scheduler.status(task)
        assert len(before) == 4

        await scheduler.backfill(task, begin, sim.now, mode=Backfill.FAILED, dry_run=False)
        await scheduler.backfill(task, begin, sim.now, dry_run=False)
        await sim.advance(seconds=1)

        assert dues[4:] == [START + 2 * MINUTE, begin, begin + MINUTE]
        after = await scheduler.status(task)
        assert (after.next_run, after.last_success) == (status.next_run, START + 3 * MINUTE)
        assert (after.starts, after.failures_in_row) == (status.starts, status.failures_in_row)
        assert {run.kind for run in sim.runs(task)[4:]} == {RunKind.BACKFILL}
        for mode in (Backfill.MISSING, Backfill.FAILED):
            assert await scheduler.backfill(task, begin, sim.now, mode=mode) == []


async def test_s94_what_waits_is_run_behind_a_run_that_is_under_way() -> None:
    """S94: it obeys the overlap policy; what waits at the end of the scheduler is dropped."""
    scheduler, dues = Scheduler(enabled=True), list[datetime]()

    @scheduler.cron("* * * * *", name="task")
    async def task(run: Run) -> None:
        dues.append(run.due)
        await asyncio.sleep(20)

    async with simulate(scheduler, start=START) as sim:
        await sim.advance(seconds=65)
        await scheduler.backfill(task, START - 3 * MINUTE, START, dry_run=False)
        await sim.advance(seconds=30)

    assert dues == [START + MINUTE, START - 3 * MINUTE]


async def test_s94_the_ticks_to_come_have_their_turn_between_those_of_the_past() -> None:
    """S94: none is skipped for a run of the past; each begins when that has ended."""
    scheduler, began = Scheduler(enabled=True), list[tuple[RunKind, datetime, timedelta]]()

    @scheduler.every(minutes=1, name="task")
    async def task(run: Run) -> None:
        began.append((run.kind, run.due, sim.now - run.due))
        await asyncio.sleep(50 if run.kind is RunKind.BACKFILL else 2)

    async with simulate(scheduler, start=START) as sim:
        await sim.advance(seconds=30)
        await scheduler.backfill(task, START - 5 * MINUTE, START, dry_run=False)
        await sim.advance(minutes=6)
        status = await scheduler.status(task)

    past = [due for kind, due, _ in began if kind is RunKind.BACKFILL]
    ticks = [(due, late) for kind, due, late in began if kind is RunKind.TICK]
    assert past == [START + number * MINUTE for number in range(-5, 0)]
    assert [due for due, _ in ticks] == [START + number * MINUTE for number in range(7)]
    assert max(late for _, late in ticks) < timedelta(seconds=50)
    assert status.counts == {"succeeded": 12}


async def test_s94_no_more_than_a_thousand_are_run_unless_forced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S94: nor is more looked at than can be in a moment; what has no ticks is refused."""
    monkeypatch.setattr("ostinato._engine._backfilling._MOST_LOOKED_AT", 2_000)
    scheduler = Scheduler(enabled=True)
    scheduler.cron("* * * * *", name="task")(lambda: None)
    scheduler.delay(seconds=5, name="delay")(lambda: None)
    day = timedelta(days=1)

    async with simulate(scheduler, start=START):
        with pytest.raises(InvalidArgumentError, match=r"1,440 ticks.*1,000.*force=True"):
            await scheduler.backfill("task", START - day, START)
        forced = await scheduler.backfill("task", START - day, START, force=True)
        assert len(forced) == 1_440
        with pytest.raises(InvalidArgumentError, match="more than 2,000"):
            await scheduler.backfill("task", START - 2 * day, START, force=True)
        with pytest.raises(InvalidArgumentError, match="trigger it"):
            await scheduler.backfill("delay", START - day, START)
        with pytest.raises(InvalidArgumentError, match="not behind start"):
            await scheduler.backfill("task", START, START)
        with pytest.raises(ArgumentTypeError):
            await scheduler.backfill("task", START - day, START, mode="all")


async def test_s94_a_store_remembers_what_was_run_again(tmp_path: Path) -> None:
    """S94: its last success stays the later one."""
    scheduler, done = Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True), list[datetime]()
    task = scheduler.cron("0 0 1 1 *", name="task")(lambda: None)
    begin, end = (datetime(year, 6, 1, tzinfo=UTC) for year in (2020, 2022))

    async with scheduler.running():
        first = await scheduler.trigger(task, wait=True)
        ticks = await scheduler.backfill(task, begin, end, dry_run=False)
        while len(done) < len(ticks):
            history = await scheduler.history(task, until=end)
            done = [run.due for run in history if run.outcome is not None]
        assert await scheduler.backfill(task, begin, end) == []
        status = await scheduler.status(task)

    assert [tick.due for tick in ticks] == sorted(done)
    assert status.last_success is not None
    assert abs(status.last_success - first.due) < timedelta(milliseconds=2)


async def test_s94_what_waits_already_is_not_run_twice() -> None:
    """S94: asked again before it has begun, as by a double click."""
    scheduler, dues = Scheduler(enabled=True), list[datetime]()

    @scheduler.every(minutes=1, name="task")
    async def task(run: Run) -> None:
        dues.append(run.due)

    async with simulate(scheduler, start=START) as sim:
        await sim.advance(seconds=30)
        begin = START - 2 * MINUTE
        for _ in range(2):
            await scheduler.backfill(task, begin, sim.now, dry_run=False)
        await sim.advance(seconds=1)

        assert dues == [START, begin, begin + MINUTE]


async def test_s94_what_its_schedule_is_about_to_run_is_not_missing() -> None:
    """S94: it is due, and waits for its jitter to pass."""
    scheduler = Scheduler(enabled=True)

    @scheduler.every(minutes=1, name="task", jitter=30)
    async def task() -> None: ...

    async with simulate(scheduler, start=START) as sim:
        await sim.advance(minutes=10)
        for _ in range(60):
            await sim.advance(seconds=1)
            assert await scheduler.backfill(task, START, sim.now) == []


async def test_s68_a_tick_that_is_run_again_and_heeds_nothing_holds_no_end_up() -> None:
    """S68: it is left behind, as any other run is."""
    scheduler, begun = Scheduler(enabled=True, shutdown_grace=0, cancel_grace=0.05), asyncio.Event()

    @scheduler.every(hours=1, name="task")
    async def task(run: Run) -> None:
        while run.kind is RunKind.BACKFILL and len(asyncio.all_tasks()) > 1:
            begun.set()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)

    async with asyncio.timeout(8), scheduler.running():
        now = datetime.now(UTC)
        await scheduler.backfill(task, now - timedelta(hours=2), now, dry_run=False)
        await begun.wait()
