"""The first and the last run of a task."""

import pytest

from ostinato import Missed, Once, Overlap, Scheduler, Scope, TaskState
from ostinato.testing import simulate
from tests.support.simulated import at, block, dues, ends, recorded, sleeping, starts, told

SCOPES = [Scope.PROCESS, Scope.CLUSTER]
OVERLAPS = list(Overlap)


async def nothing() -> None: ...


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("overlap", OVERLAPS)
async def test_s91_max_runs_counts_starts(overlap: Overlap, scope: Scope) -> None:
    """S91: behind the last run the task is finished, and `on_complete` is called once."""
    scheduler, completed, numbers = Scheduler(), [], iter(range(10))

    @scheduler.every(
        seconds=10,
        max_runs=3,
        overlap=overlap,
        scope=scope,
        timeout=5,
        on_complete=lambda: completed.append(1),
    )
    async def task() -> None:
        number = next(numbers)
        if number == 1:
            raise ValueError
        if number == 2:
            await sleeping(30)()

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=2)

        assert ends(sim.runs(task)) == [(0, "succeeded"), (10, "failed"), (20, "timed_out")]
        assert completed == [1]
        status = await scheduler.status(task)
        assert (status.state, status.reason, status.next_run) == (
            TaskState.FINISHED,
            "finished",
            None,
        )
        assert status.starts == 3
        assert told(sim)["task_finished"] == 1


async def test_s91_skipped_ticks_and_manual_runs_do_not_count() -> None:
    """S91: only what ticks have started is limited."""
    scheduler, task = Scheduler(), sleeping(15)
    scheduler.every(seconds=10, max_runs=2)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=16)
        await scheduler.trigger(task)
        await sim.advance(minutes=2)

        assert starts(sim.runs(task)) == [0, 16, 40]
        counts = await recorded(scheduler, task)
        assert counts == {"succeeded": 2, "skipped(overlap)": 3}


@pytest.mark.parametrize("missed", list(Missed))
async def test_s91_what_is_caught_up_with_counts(missed: Missed) -> None:
    """S91: however late a run starts, it is one of them."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, max_runs=3, missed=missed)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 30)
        await sim.advance(minutes=2)

        assert len(sim.runs(nothing)) == 3


async def test_s91_a_task_of_no_runs_completes_at_once() -> None:
    """S91: `max_runs=0` runs nothing, and calls `on_complete`."""
    scheduler, completed = Scheduler(), []
    scheduler.every(seconds=10, max_runs=0, on_complete=lambda: completed.append(1))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert (sim.runs(nothing), completed) == ([], [1])
        assert (await scheduler.status(nothing)).state is TaskState.FINISHED


@pytest.mark.parametrize("overlap", OVERLAPS)
async def test_s91_until_is_the_last_instant(overlap: Overlap) -> None:
    """S91: a tick at `until` runs, none behind it; then the task is finished."""
    scheduler, completed = Scheduler(), []
    policy = {"until": at(30), "overlap": overlap, "on_complete": lambda: completed.append(1)}
    scheduler.every(seconds=10, **policy)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert dues(sim.runs(nothing)) == [0, 10, 20, 30]
        assert completed == [1]


async def test_s91_until_ends_a_delay_as_well() -> None:
    """S91: the delay's next tick is known when its run has ended."""
    scheduler, task = Scheduler(), sleeping(4)
    scheduler.delay(seconds=10, until=at(30))(task)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert dues(sim.runs(task)) == [0, 14, 28]
        assert (await scheduler.status(task)).state is TaskState.FINISHED


async def test_s91_the_last_run_of_a_delay_is_its_last() -> None:
    """S91: behind it there is no further tick."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10, max_runs=2)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert dues(sim.runs(nothing)) == [0, 10]


async def test_s91_an_until_of_the_past_leaves_nothing() -> None:
    """S91: the task is finished before it begins."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, until=at(-1))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert sim.runs(nothing) == []
        assert (await scheduler.status(nothing)).state is TaskState.FINISHED


async def test_s91_a_schedule_that_ends_finishes_its_task() -> None:
    """S91: `Once` is due once."""
    scheduler, completed = Scheduler(), []
    scheduler.add(Once(at(10)), nothing, name="once", on_complete=lambda: completed.append(1))
    scheduler.add(Once(at(-10)), nothing, name="past")

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)

        assert (dues(sim.runs("once")), completed) == ([10], [1])
        assert sim.runs("past") == []


async def test_s91_ticks_that_overlap_the_last_run_do_not_revive_it() -> None:
    """S91: under the last run no further tick is looked at."""
    scheduler, task = Scheduler(), sleeping(35)
    scheduler.every(seconds=10, until=at(20))(task)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=2)

        assert await recorded(scheduler, task) == {"succeeded": 1, "skipped(overlap)": 2}
        assert (await scheduler.status(task)).state is TaskState.FINISHED


async def test_s91_a_disabled_scheduler_completes_nothing() -> None:
    """S91: where nothing falls due, nothing is over."""
    scheduler, completed = Scheduler(enabled=False), []
    scheduler.every(seconds=10, max_runs=0, on_complete=lambda: completed.append(1))(nothing)

    async with scheduler.running():
        assert (await scheduler.status(nothing)).state is TaskState.DISABLED

    assert completed == []
