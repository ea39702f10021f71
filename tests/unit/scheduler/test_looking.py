"""What those who look are told, over each store that needs no server."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ostinato import (
    AlreadyRunningError,
    InvalidArgumentError,
    InvalidScheduleError,
    Outcome,
    Run,
    RunKind,
    Scheduler,
    Scope,
    TaskState,
)


@pytest.fixture(params=["memory", "sqlite"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Return a store's address."""
    return "memory://" if request.param == "memory" else f"sqlite:///{tmp_path}/state.db"


async def test_a_page_of_the_history_continues_behind_another(address: str) -> None:
    """Each record is on one page, filtered or not, of one task or of all."""
    scheduler = Scheduler(address, enabled=True)

    @scheduler.every(hours=1, start=3_600, name="odd / <one>")
    async def odd(run: Run) -> None:
        if numbers.pop():
            raise ValueError

    scheduler.every(hours=1, start=3_600, name="other", scope=Scope.PROCESS)(lambda: None)
    numbers = [0, 1, 0, 1, 0]
    async with scheduler.running():
        for _ in range(5):
            await scheduler.trigger(odd, wait=True)
        await scheduler.trigger("other", wait=True)

        # How a run has ended is written behind its end.
        while len(every := await scheduler.history()) < 6:
            await asyncio.to_thread(int)
        # What ended in one millisecond is in no order that is promised.
        assert sorted(run.task_name for run in every) == ["odd / <one>"] * 5 + ["other"]
        pages = [await scheduler.history(limit=4)]
        pages.append(await scheduler.history(limit=4, before=pages[0][-1].cursor))
        assert [run.id for page in pages for run in page] == [run.id for run in every]
        failed = await scheduler.history(odd, outcomes={Outcome.FAILED}, limit=1)
        behind = await scheduler.history(odd, outcomes={Outcome.FAILED}, before=failed[0].cursor)
        assert [run.outcome for run in (*failed, *behind)] == [Outcome.FAILED] * 2
        assert await scheduler.history(odd, since=every[0].due, until=every[0].due) == []
        (worker,) = await scheduler.workers()
        assert {run.worker for run in every} == {worker.id}
        assert (worker.is_alive, worker.tasks) == (True, 1)
        again = await scheduler.run(every[3].id)
        assert again is not None
        assert (again.id, again.cursor, again.kind) == (
            every[3].id,
            every[3].cursor,
            RunKind.MANUAL,
        )
        status = await scheduler.status(odd, recent=2)
        assert [run.id for run in status.recent] == [
            run.id for run in every if run.task_name != "other"
        ][:2]
        assert await scheduler.run("default/other/nothing") is None


async def test_a_run_of_another_worker_is_seen_with_its_progress_and_can_be_cancelled(
    tmp_path: Path,
) -> None:
    """Over a store that workers share, whichever of them is asked."""
    address, begun = f"sqlite:///{tmp_path}/state.db", asyncio.Event()

    def declared() -> Scheduler:
        scheduler = Scheduler(address, enabled=True, lease=1)

        @scheduler.every(hours=1, start=3_600, name="long")
        async def long(run: Run) -> None:
            run.progress(0.5, message="halfway")
            begun.set()
            await asyncio.sleep(3_600)

        return scheduler

    one, other = declared(), declared()
    async with one.running(), other.running():
        mine = await one.trigger("long")
        await begun.wait()
        while not (running := (await other.status("long")).running) or not running[0].progressed:
            await asyncio.to_thread(int)
        run = await other.run(mine.id)
        workers = await other.workers()

        assert run is not None
        assert (run.id, run.progressed, run.message) == (mine.id, 0.5, "halfway")
        assert [(each.is_alive, len(each.running)) for each in workers] == [(True, 1), (True, 0)]
        assert run.worker == workers[0].id
        assert (await other.status())[0].state is TaskState.RUNNING
        with pytest.raises(AlreadyRunningError):
            await other.trigger("long")
        assert await other.cancel(mine.id)
        while mine.outcome is None:
            await asyncio.to_thread(int)
        assert mine.outcome is Outcome.CANCELLED
        assert not await other.cancel("default/long/nothing")


async def test_what_is_upcoming_is_listed(address: str) -> None:
    """As far as it is known, whether paused or not; what is rescheduled by its text counts."""
    scheduler = Scheduler(address, enabled=True)
    end = datetime(2100, 1, 1, tzinfo=UTC)
    scheduler.cron("0 0 1 1 *", name="yearly", until=end)(lambda: None)
    scheduler.delay(days=1, start=3_600, name="delay")(lambda: None)
    scheduler.every(days=1, start=3_600, max_runs=2, name="twice")(lambda: None)

    async with scheduler.running():
        yearly = await scheduler.upcoming("yearly", 3)
        assert [(each.month, each.day, each.hour) for each in yearly] == [(1, 1, 0)] * 3
        assert yearly[0] == await scheduler.next_run("yearly")
        await scheduler.pause("yearly")
        assert await scheduler.upcoming("yearly", until=yearly[1]) == yearly[:2]
        assert (await scheduler.upcoming("yearly", 1_000))[-1] == end
        assert len(await scheduler.upcoming("delay")) == 1
        assert len(await scheduler.upcoming("twice")) == 2
        await scheduler.reschedule("yearly", "cron 30 6 * * * Europe/Zurich")
        assert (await scheduler.status("yearly")).schedule == "at 06:30 every day, Europe/Zurich"
        for wrong in ("every monday", "cron 61 * * * * UTC", ""):
            with pytest.raises(InvalidScheduleError):
                await scheduler.reschedule("yearly", wrong)
        with pytest.raises(InvalidArgumentError, match="above 1,000"):
            await scheduler.upcoming("yearly", 1_001)
        with pytest.raises(InvalidArgumentError, match="no cursor"):
            await scheduler.history(before="nothing")
        with pytest.raises(InvalidArgumentError, match="pass some of"):
            await scheduler.history(outcomes=["gone"])


async def test_what_has_not_changed_is_the_same_value(tmp_path: Path) -> None:
    """Whoever looks every two seconds makes a task's words again only where it stands otherwise."""
    scheduler = Scheduler(f"sqlite:///{tmp_path}/state.db", enabled=True)
    for name in ("one", "other"):
        scheduler.every(hours=1, start=3_600, name=name)(lambda: None)

    async with scheduler.running():
        await scheduler.trigger("one", wait=True)
        while not (await scheduler.status("one", recent=5)).recent:
            await asyncio.to_thread(int)
        before = await scheduler.status(recent=5)
        again = await scheduler.status(recent=5)
        await scheduler.pause("other", reason="the bank is closed")
        paused = await scheduler.status(recent=5)
        await scheduler.trigger("one", wait=True)
        while len((ran := await scheduler.status(recent=5))[0].recent) == 1:
            await asyncio.to_thread(int)

    assert before == again
    assert all(one.recent is other.recent for one, other in zip(before, again, strict=True))
    assert (paused[0], paused[0].recent) == (before[0], again[0].recent)
    assert (ran[0].recent[1].id, ran[1]) == (before[0].recent[0].id, paused[1])
    assert (paused[1].reason, before[1].reason) == ("the bank is closed", None)
