"""When a task is first due, and how its starts are spread."""

import asyncio
import sys
from datetime import timedelta
from itertools import pairwise

import pytest

from ostinato import Every, Missed, Scheduler, Scope, SkipReason
from ostinato._instants import milliseconds_of
from ostinato.testing import ManualClock, simulate
from tests.support.simulated import at, block, dues, skips, sleeping, starts, told

SCOPES = [Scope.PROCESS, Scope.CLUSTER]


async def nothing() -> None: ...


@pytest.mark.parametrize("kind", ["every", "delay"])
async def test_s23_intervals_are_due_at_once(kind: str) -> None:
    """S23: when their task is registered for the first time."""
    scheduler = Scheduler()
    getattr(scheduler, kind)(hours=1)(nothing)

    async with simulate(scheduler, start=at(0.25)) as sim:
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0.25]


async def test_s23_calendars_are_due_at_the_first_match_strictly_after() -> None:
    """S23: a cron task never runs because it was deployed, not even at a match."""
    scheduler = Scheduler()
    scheduler.cron("0 * * * *", name="cron")(nothing)
    scheduler.every(hours=1, align=True, name="aligned")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=59)
        assert (sim.runs("cron"), sim.runs("aligned")) == ([], [])
        await sim.advance(minutes=1)

        assert dues(sim.runs("cron")) == dues(sim.runs("aligned")) == [3_600]


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (15, [15, 25, 35]),
        (timedelta(seconds=15), [15, 25, 35]),
        (0, [0, 10, 20, 30]),
        (at(12), [12, 22, 32]),
        (at(-12), [8, 18, 28, 38]),
        (at(-20), [0, 10, 20, 30]),
    ],
)
async def test_s23_start_is_an_instant_or_a_wait(start: object, expected: list[int]) -> None:
    """S23: an instant of the past tells the grid, and nothing was missed before the start."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, start=start)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=39)

        assert dues(sim.runs(nothing)) == expected
        assert sim.skipped(nothing) == []


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (at(-365 * 86_400), [60, 120]),
        (at(60), [60, 120]),
        (at(61), [120]),
        (90, [120]),
        (0, [60, 120]),
    ],
)
async def test_s23_a_calendar_begins_at_its_start(start: object, expected: list[int]) -> None:
    """S23: at a match at its start or behind it, and never at one of the past."""
    scheduler = Scheduler()
    scheduler.cron("* * * * *", start=start)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=125)

        assert dues(sim.runs(nothing)) == expected


@pytest.mark.parametrize(("start", "expected"), [(15, [15, 25]), (at(-100), [0, 10, 20])])
async def test_s23_a_delay_begins_at_its_start(start: object, expected: list[int]) -> None:
    """S23: a start of the past is the start of the scheduler."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10, start=start)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=29)

        assert dues(sim.runs(nothing)) == expected


async def test_s23_a_wait_is_counted_in_whole_milliseconds() -> None:
    """S23, S14: wherever between two of them the scheduler starts, it is never early."""
    scheduler = Scheduler()
    scheduler.every(seconds=1)(nothing)

    async with simulate(scheduler, start=at(0.0004)) as sim:
        await sim.advance(seconds=5)

        assert dues(sim.runs(nothing)) == [each + 0.001 for each in range(5)]
        assert all(run.lateness >= timedelta(0) for run in sim.runs(nothing))


async def test_s67_no_body_runs_inside_the_start_up() -> None:
    """S67, S23: the first pass comes from a callback, eager tasks or not."""
    clock = ManualClock()
    scheduler, ran = Scheduler(clock=clock, enabled=True), []

    @scheduler.every(seconds=10)
    async def task() -> None:
        ran.append(1)

    async with scheduler.running():
        assert ran == []
        await asyncio.sleep(0)
        await clock.advance(seconds=0)
        assert ran == [1]


async def test_s23_many_first_ticks_are_spread() -> None:
    """S23: more than 20 of them take a tenth of their period, at most five seconds."""
    scheduler = Scheduler()
    for number in range(100):
        scheduler.every(seconds=10, name=f"short {number}")(nothing)
        scheduler.every(hours=1, name=f"long {number}")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        short = [starts(sim.runs(f"short {number}")) for number in range(100)]
        long = [starts(sim.runs(f"long {number}")) for number in range(100)]

        assert all(0 <= first <= 1 and second == 10 for first, second in short)
        assert all(0 <= first <= 5 for (first,) in long)
        assert len({first for first, _ in short}) > 50
        assert len({first for (first,) in long}) > 50
        assert dues(sim.runs("long 7")) == [0]
        assert sim.runs("long 7")[0].lateness == timedelta(0)


async def test_s23_twenty_first_ticks_are_not_spread() -> None:
    """S23: so few begin together."""
    scheduler = Scheduler()
    for number in range(20):
        scheduler.every(hours=1, name=str(number))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=0)

        assert all(dues(sim.runs(str(number))) == [0] for number in range(20))


async def test_s23_who_says_when_to_start_is_not_spread() -> None:
    """S23: a `start` is meant as it is said; and ticks of delays are spread as well."""
    scheduler = Scheduler()
    for number in range(30):
        scheduler.delay(seconds=10, name=str(number))(nothing)
    scheduler.every(hours=1, start=0, name="start")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=0)
        assert dues(sim.runs("start")) == [0]
        await sim.advance(seconds=1)

        assert all(len(sim.runs(str(number))) == 1 for number in range(30))


@pytest.mark.parametrize("scope", SCOPES)
async def test_s28_jitter_delays_starts_and_not_ticks(scope: Scope) -> None:
    """S28: each tick has its own delay, the same in every process; its instant is the grid's."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, jitter=4, scope=scope, name="task")(nothing)

    seen: list[list[float]] = []
    for _ in range(2):
        async with simulate(scheduler) as sim:
            await sim.advance(seconds=500)
            runs = sim.runs("task")[:49]
        assert dues(runs) == [10 * number for number in range(49)]
        delays = [
            round(start - due, 3) for start, due in zip(starts(runs), dues(runs), strict=True)
        ]
        assert all(0 <= each <= 4 for each in delays)
        assert all(abs(run.lateness) < timedelta(milliseconds=1) for run in runs)
        seen.append(delays)

    assert seen[0] == seen[1]
    assert len(set(seen[0])) > 25


async def test_s28_fixed_jitter_is_one_delay_for_a_task() -> None:
    """S28: the same for all ticks, and another for another task."""
    scheduler = Scheduler()
    for name in ("a", "b"):
        scheduler.add(Every(minutes=1).jitter(30, fixed=True), nothing, name=name)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=10)
        delays = {
            name: {
                round(start - due, 3)
                for start, due in zip(starts(sim.runs(name)), dues(sim.runs(name)), strict=True)
            }
            for name in ("a", "b")
        }

        assert len(delays["a"]) == len(delays["b"]) == 1
        assert delays["a"] != delays["b"]


async def test_s28_a_tick_whose_jittered_start_is_to_come_is_not_caught_up_with() -> None:
    """S28, S24: what is late is decided by when ticks start, not by when they are due."""
    scheduler = Scheduler()
    scheduler.every(seconds=60, jitter=59, missed=Missed.SKIP, name="task")(nothing)

    async with simulate(scheduler) as sim:
        for _ in range(200):
            await sim.advance(seconds=50)
            block(sim, 9)

        runs, skipped = sim.runs("task"), sim.skipped("task")
        assert skipped == []
        assert dues(runs) == [60 * number for number in range(len(runs))]
        assert all(timedelta(0) <= run.lateness <= timedelta(seconds=9) for run in runs)


async def test_s28_a_tick_that_starts_behind_the_run_is_not_passed_over() -> None:
    """S28, S32: under a run that has ended when its jittered start comes, it is not skipped."""
    scheduler, task = Scheduler(), sleeping(10)
    scheduler.every(seconds=60, jitter=49, name="task")(task)

    async with simulate(scheduler) as sim:
        await sim.advance(hours=5)

        begun = starts(sim.runs("task"))
        assert all(b - a >= 10 for a, b in pairwise(begun))
        skipped = [first for first, *_ in skips(sim, "task")]
        ended = {due: start + 10 for due, start in zip(dues(sim.runs("task")), begun, strict=True)}
        standing = sim._worker.standing_of("task")
        for first in skipped:
            delay = standing.delay_of(milliseconds_of(at(first)))
            assert first + delay / 1_000 < ended[first - 60]


async def test_s28_catch_up_does_not_count_the_jitter() -> None:
    """S28, S25: a start that is put off on purpose is not late."""
    scheduler = Scheduler()
    scheduler.every(seconds=60, jitter=50, catch_up=2, name="task")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=30)

        assert len(sim.runs("task")) == 30
        assert sim.skipped("task") == []


async def test_s14_a_grid_does_not_drift() -> None:
    """S14: after a hundred thousand ticks the nominal instant is exact to the millisecond."""
    scheduler = Scheduler()
    scheduler.every(seconds=0.007, scope=Scope.PROCESS)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=70)
        runs = sim.runs(nothing)

        assert len(runs) == 10_001
        assert runs[-1].due == at(70)
        assert sim.skipped(nothing) == []
        # Nor do the instants at which they start: a clock shows whole microseconds.
        assert max(run.lateness for run in runs) <= timedelta(microseconds=1)


async def test_s14_nothing_wakes_while_nothing_is_due() -> None:
    """S14: an interval wakes the loop at its ticks, and in between never."""
    scheduler, woken = Scheduler(), []
    scheduler.every(hours=1, scope=Scope.PROCESS)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        call_later = sim.clock.call_later

        def note(delay, callback, /):
            def wake():
                woken.append(sim.clock.monotonic())
                callback()

            return call_later(delay, wake)

        sim.clock.call_later = note
        # The timer of the first of these hours was armed before.
        await sim.advance(days=100)

        surveys = []
        if sys.version_info < (3, 12):
            # There every run waits for a turn: a minute later it is looked whether one is stuck.
            surveys = [3_600.0 * hour + 60 for hour in range(1, 2_400)]
        assert woken == sorted([*(3_600.0 * hour for hour in range(2, 2_401)), *surveys])
        assert len(sim.runs(nothing)) == 2_401


async def test_s18_a_task_with_a_period_longer_than_the_uptime_runs() -> None:
    """S18: it is due at once, and its grid is counted from there."""
    scheduler = Scheduler()
    scheduler.every(weeks=520)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(days=1)

        assert dues(sim.runs(nothing)) == [0]
        assert await scheduler.next_run(nothing) == at(520 * 7 * 86_400)


async def test_s26_the_tick_at_the_end_of_a_run_is_passed_over() -> None:
    """S26: a body that takes exactly its period runs every other time."""
    scheduler, task = Scheduler(), sleeping(10)
    scheduler.every(seconds=10)(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=55)

        assert starts(sim.runs(task)) == [0, 20, 40]
        assert skips(sim, task)[0] == (10, 10, 1, SkipReason.OVERLAP)
        assert told(sim)["ticks_skipped"] == 3


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("longest", [None, 0])
async def test_s18_a_schedule_that_has_a_grid_keeps_it_at_the_start(
    scope: Scope, longest: float | None
) -> None:
    """S18: it is due when its grid says, which the start does not shift."""
    scheduler, schedule = Scheduler(), Every(hours=1).anchored(at(-2_700))
    scheduler.add(schedule, nothing, scope=scope, jitter=longest)

    async with simulate(scheduler) as sim:
        assert await scheduler.next_run(nothing) == at(900)
        await sim.advance(hours=2)

        assert dues(sim.runs(nothing)) == [900, 4_500]


async def test_s18_a_grid_of_one_s_own_begins_with_its_anchor() -> None:
    """S18: or with `start=`, whichever is later; and it follows the wall clock."""
    scheduler = Scheduler()
    scheduler.add(Every(hours=1).anchored(at(9_000)), nothing, name="later")
    scheduler.add(Every(hours=1).anchored(at(-2_700)), nothing, name="start", start=4_500)

    async with simulate(scheduler) as sim:
        assert await scheduler.next_run("later") == at(9_000)
        assert await scheduler.next_run("start") == at(4_500)
        await sim.advance(minutes=1)
        sim.clock.set_wall(3_600)
        await sim.advance(hours=4)

        assert dues(sim.runs("later")) == [9_000, 12_600, 16_200]


def lone_and_crons(number: int) -> Scheduler:
    """Return a scheduler of one interval, and of *number* tasks that are not due at the start."""
    scheduler = Scheduler()
    for each in range(number):
        scheduler.cron("0 0 1 1 *", name=f"yearly {each}")(nothing)
        scheduler.every(hours=10, start=at(36_000), name=f"later {each}")(nothing)
    scheduler.every(hours=10, name="lone")(nothing)
    return scheduler


async def test_s23_a_first_tick_is_spread_among_those_that_are_due_with_it() -> None:
    """S23: and not for tasks that are due at another time."""
    scheduler = lone_and_crons(40)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=0)

        assert starts(sim.runs("lone")) == [0]


class CoarseClock(ManualClock):
    """A clock whose timers wait in whole milliseconds, as those of asyncio do."""

    grain = 1


async def test_s30_neighbours_share_a_wake_up_where_timers_are_as_coarse() -> None:
    """S30: the first of the two is late by the grain of the clock, and nobody else is."""
    clock = CoarseClock()
    scheduler = Scheduler("memory://", clock=clock, enabled=True)
    for start in (1, 1.001, 1.003):
        scheduler.every(seconds=10, name=str(start), start=start)(nothing)

    async with scheduler.running():
        await clock.advance(seconds=5)

        late = [await scheduler.history(str(start)) for start in (1, 1.001, 1.003)]
        milliseconds = timedelta(milliseconds=1)
        assert [run.lateness for (run,) in late] == [milliseconds, timedelta(), timedelta()]
