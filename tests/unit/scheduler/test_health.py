"""Whether the tasks run as they ought to: what is wrong in a process, and how bad that is."""

import asyncio
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ostinato import (
    Health,
    HealthStatus,
    Outcome,
    Overlap,
    Problem,
    ProblemKind,
    Run,
    Scheduler,
    Scope,
)
from ostinato._engine._diagnosis import (
    run_problems,
    task_problems,
    thread_problems,
    worker_problems,
)
from ostinato._engine._standing import Standing
from ostinato._lease import Lease, TaskRow, WorkerRow
from ostinato.testing import simulate
from tests.support.frail import Frame
from tests.support.simulated import START, sleeping

NOW = 1_000_000_000


def found(health: Health) -> dict[str | None, str]:
    """Return what is wrong with which task."""
    return {each.task_name: each.kind.value for each in health.problems}


async def nothing() -> None: ...


async def failing() -> None:
    """Fail.

    Raises:
        ValueError: Always.
    """
    raise ValueError("secret")


async def test_what_runs_as_it_ought_to_is_healthy() -> None:
    """A task that waits, one that is paused, one that has had its last run: nothing is wrong."""
    scheduler = Scheduler()
    for name in ("waiting", "paused"):
        scheduler.every(seconds=10, name=name)(nothing)
    scheduler.every(seconds=10, name="finished", max_runs=2)(nothing)
    scheduler.every(seconds=10, name="own", scope=Scope.PROCESS)(nothing)
    scheduler.cron("0 0 * * *", name="daily")(nothing)

    async with simulate(scheduler) as sim:
        await scheduler.pause("paused")
        await sim.advance(hours=30)

        assert await scheduler.health() == Health(HealthStatus.OK, (), sim.now)


async def test_a_task_fails_from_three_failures_in_a_row_and_a_rare_one_from_the_first() -> None:
    """One failure of many is no streak; of what is due once a day it may be a day's work."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="often")(failing)
    scheduler.every(days=1, name="daily", start=timedelta(seconds=5))(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=10)
        first = await scheduler.health()
        await sim.advance(seconds=10)
        then = await scheduler.health()

    assert found(first) == {"daily": "failing"}
    assert found(then) == {"daily": "failing", "often": "failing"}
    assert (then.status, then.is_healthy) == (HealthStatus.DEGRADED, True)
    assert "secret" not in str(then)


async def test_what_is_due_and_not_run_is_overdue_after_a_minute() -> None:
    """The silent death: the store answers, but grants nothing; who has no store goes on."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="task")(nothing)
    frame.scheduler.every(seconds=10, name="own", scope=Scope.PROCESS)(nothing)

    async with frame.running():
        await frame.clock.advance(seconds=20)
        frame.store.failing["claim"] = ConnectionError("gone")
        await frame.clock.advance(seconds=70)
        before = await frame.scheduler.health()
        await frame.clock.advance(seconds=1)
        overdue = await frame.scheduler.health()
        del frame.store.failing["claim"]
        await frame.clock.advance(seconds=10)
        after = await frame.scheduler.health()

    assert (before.problems, after.problems) == ((), ())
    since = START + timedelta(seconds=30)
    words = "was due 61 seconds ago, and nobody runs it"
    assert overdue.problems == (Problem(ProblemKind.OVERDUE, "task", words, since),)
    assert overdue.status is HealthStatus.FAILING
    assert not overdue.is_healthy


async def test_what_waits_for_a_run_under_way_is_not_overdue() -> None:
    """It is as late as the run is long, by its policy."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="queued", overlap=Overlap.QUEUE_ONE)(sleeping(500))

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=499)

        assert (await scheduler.health()).problems == ()


async def test_a_run_is_stuck_that_takes_far_longer_than_those_before() -> None:
    """Five times as long as 95 of 100, and longer than a minute: it is seen long before S50."""
    durations = iter([*[20] * 96, *[100] * 4, 1_000])
    scheduler = Scheduler()
    for name, scope in (("task", Scope.CLUSTER), ("own", Scope.PROCESS)):

        @scheduler.every(hours=1, name=name, scope=scope, start=timedelta(0))
        async def task(run: Run) -> None:
            await asyncio.sleep(next(durations) if run.task_name == "own" else 20)

    brief = iter([*[1] * 100, 59])

    @scheduler.every(hours=1, name="brief", scope=Scope.PROCESS, start=0)
    async def task_in_brief() -> None:
        await asyncio.sleep(next(brief))

    async with simulate(scheduler) as sim:
        await sim.advance(hours=99, seconds=30)
        usual = await scheduler.health()
        await sim.advance(minutes=60, seconds=28)
        shortly = await scheduler.health()
        await sim.advance(seconds=41)
        before = await scheduler.health()
        await sim.advance(seconds=2)
        stuck = await scheduler.health()

    assert (usual.problems, shortly.problems, before.problems) == ((), (), ())
    words = "a run takes far longer than those before: it began 101 seconds ago"
    since = START + timedelta(hours=100)
    assert stuck.problems == (Problem(ProblemKind.STUCK, "own", words, since),)
    assert not stuck.is_healthy


async def test_a_run_is_stuck_that_goes_on_after_its_timeout() -> None:
    """With retries all of them may take their time; who swallows a cancellation is told of."""
    scheduler = Scheduler()

    @scheduler.every(hours=1, name="deaf", timeout=10, start=timedelta(0))
    async def deaf() -> None:
        for _ in range(20):
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(10)

    @scheduler.every(hours=1, name="tried", timeout=10, retry=3, start=timedelta(0))
    async def tried() -> None:
        await asyncio.sleep(60)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=12)
        before = await scheduler.health()
        await sim.advance(seconds=2)
        stuck = await scheduler.health()
        # At its second attempt, or its third.
        await sim.advance(seconds=11)
        later = await scheduler.health()

    assert before.problems == ()
    (worst, *_) = stuck.problems
    assert (worst.kind, worst.task_name) == (ProblemKind.STUCK, "deaf")
    assert {each.task_name for each in [*stuck.problems, *later.problems]} == {"deaf"}


@pytest.mark.parametrize(
    ("begun", "ended", "timeout", "given_up", "words"),
    [
        (None, [], None, False, None),
        (-700, [], 5, False, "longer than its timeout"),
        (-700, [], None, False, "longer than its period"),
        (-700, [], None, True, "was given up"),
        (-700, [1_000] * 25, None, False, "longer than those before"),
        (-30, [1_000] * 25, None, False, None),
    ],
)
def test_s50_a_run_that_goes_on_for_too_long_is_stuck(
    begun: int | None, ended: list[int], timeout: float | None, given_up: bool, words: str | None
) -> None:
    """S50: by the first rule that applies; one that has not begun is not."""
    scheduler = Scheduler()
    scheduler.every(seconds=1, name="task", timeout=timeout)(nothing)
    standing, run = Standing(scheduler.tasks["task"]), Run("task", NOW)
    run._started = None if begun is None else NOW + begun * 1_000
    run.outcome = Outcome.TIMED_OUT if given_up else None
    before = [finished(each) for each in ended]

    problems = list(run_problems(standing, run, NOW, ended=before, cancel_grace=3))

    assert [each.kind for each in problems] == [ProblemKind.STUCK] * bool(words)
    assert all(words in each.words for each in problems if words)


def finished(lasted: int) -> Run:
    """Return a run that has succeeded and *lasted* so many milliseconds."""
    run = Run("task", 0)
    run._started, run._finished, run.outcome = 0.0, float(lasted), Outcome.SUCCEEDED
    return run


def test_threads_that_go_on_behind_their_runs_are_told_of() -> None:
    """Each of them holds one of the scheduler's threads."""
    scheduler = Scheduler()
    scheduler.every(seconds=1, name="task")(nothing)
    standing = Standing(scheduler.tasks["task"])
    standing.zombies = 2

    (problem, *_) = task_problems(standing, None, NOW, since=NOW, patience=60_000)

    assert problem.kind is ProblemKind.ZOMBIE_THREADS
    assert "2 threads" in problem.words


@pytest.mark.parametrize(
    ("zombies", "is_full", "is_exhausted", "words"),
    [
        (2, True, False, "all 2 threads are busy, 2 of them behind runs that are over: no plain"),
        (1, True, True, "all 2 threads are busy, 1 of them behind"),
        (1, True, False, None),
        (2, False, True, None),
    ],
)
def test_s47_a_pool_without_a_free_thread_is_told_of(
    zombies: int, words: str | None, *, is_full: bool, is_exhausted: bool
) -> None:
    """S47: at once where no end is in sight; else when something has waited for long."""
    scheduler = Scheduler()
    scheduler.every(seconds=1, name="task")(nothing)
    standing = Standing(scheduler.tasks["task"])
    standing.zombies = zombies

    found = thread_problems([standing], 2, is_full=is_full, is_exhausted=is_exhausted)

    assert [each.words[: len(words or "")] for each in found] == ([words] if words else [])


async def test_a_stopped_task_is_told_of() -> None:
    """Whoever stopped it on purpose is reminded; nothing starts it again."""
    scheduler = Scheduler()

    def stop(error: Exception) -> None:
        raise error

    scheduler.every(seconds=10, name="task", on_exception=stop)(failing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=10)
        health = await scheduler.health()

    assert found(health) == {"task": "stopped"}
    assert health.status is HealthStatus.DEGRADED


async def test_a_store_that_fails_is_a_problem_and_no_error() -> None:
    """Its tasks are not judged meanwhile: that they are late is no news."""
    frame = Frame()
    frame.scheduler.every(seconds=10, name="task")(nothing)

    async with frame.running():
        frame.store.failing["overview"] = RuntimeError("the address of the store")
        await frame.clock.advance(seconds=100)
        health = await frame.scheduler.health()

    assert found(health) == {None: "store_unreachable"}
    assert not health.is_healthy
    assert "address" not in str(health)


async def test_a_scheduler_that_does_not_run_is_not_healthy() -> None:
    """A lifespan that nobody enters is the most silent death of all."""
    scheduler = Scheduler("memory://")

    health = await scheduler.health()

    assert found(health) == {None: "not_running"}
    assert (health.status, health.is_healthy) == (HealthStatus.FAILING, False)
    assert abs(datetime.now(UTC) - health.checked_at) < timedelta(minutes=1)


async def test_a_disabled_scheduler_is_degraded() -> None:
    """It was asked for, so nobody is taken out of service for it; but it can be seen."""
    scheduler = Scheduler("memory://", enabled=False)

    async with scheduler.running():
        health = await scheduler.health()

    assert found(health) == {None: "disabled"}
    assert health.is_healthy


def ended(finished: int) -> Run:
    """Return a run that has ended so many seconds ago."""
    run = Run("task", NOW - 500_000)
    run._finished = NOW - finished * 1_000
    return run


@pytest.mark.parametrize(
    ("changes", "is_overdue"),
    [
        ({}, True),
        ({"next_due": NOW - 59_000}, False),
        ({"next_due": None}, False),
        # The last run was started by another worker.
        ({"starts": 3}, False),
        # It has had to wait for the run before.
        ({"last_run": ended(59)}, False),
        ({"last_run": ended(61)}, True),
        ({"held": Lease("task", NOW - 90_000, 1, NOW + 1, "another")}, False),
        ({"held": Lease("task", NOW - 90_000, 1, NOW - 1, "another")}, True),
        ({"paused": True}, False),
        ({"paused": True, "paused_until": NOW - 59_000}, False),
        ({"paused": True, "paused_until": NOW - 61_000}, True),
    ],
)
def test_a_task_of_a_store_is_overdue_by_its_row(
    changes: dict[str, object], *, is_overdue: bool
) -> None:
    """By the store's time, and by what other workers have done."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, name="task", max_runs=3)(nothing)
    standing = Standing(scheduler.tasks["task"])
    row = replace(TaskRow("task", "spec", NOW - 90_000), **changes)

    def judged(since: float) -> list[ProblemKind]:
        problems = task_problems(standing, row, NOW, since=since, patience=60_000)
        return [each.kind for each in problems]

    assert judged(0) == [ProblemKind.OVERDUE] * is_overdue
    # Nobody was there before.
    assert judged(NOW - 59_000) == []


def worker(seen: int, *, started: int = -100_000, has_left: bool = False) -> WorkerRow:
    return WorkerRow(str(seen), "web-1", 7, NOW + started, NOW + seen, "1", 3, has_left)


@pytest.mark.parametrize(
    ("workers", "silent"),
    [
        ([worker(-10)], 0),
        ([worker(-10), worker(-40_000)], 1),
        ([worker(-10), worker(-40_000, has_left=True)], 0),
        ([worker(-10), worker(-40_000), worker(-5, started=-20_000)], 0),
        ([worker(-10), worker(-40_000), worker(-50_000), worker(-5, started=-20_000)], 1),
        ([worker(-10), worker(-40_000), worker(-50_000), worker(-5, started=-45_000)], 1),
        ([worker(-50_000)], 1),
        ([worker(-10), worker(-50_000), worker(-55_000)], 2),
    ],
)
def test_a_worker_is_silent_unless_it_has_left_or_was_replaced(
    workers: list[WorkerRow], silent: int
) -> None:
    """Who ended by itself is not missed, nor who has a successor: each newcomer is one's."""
    problems = list(worker_problems(workers, NOW, 30_000, str(-10)))

    assert [each.kind for each in problems] == [ProblemKind.SILENT_WORKER] * silent
