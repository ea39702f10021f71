"""Ticks that nobody could run at their time."""

from datetime import timedelta

import pytest

from ostinato import Missed, Scheduler, Scope, SkipReason
from ostinato.testing import simulate
from tests.support.simulated import at, block, dues, ends, recorded, skips, starts, told

SCOPES = [Scope.PROCESS, Scope.CLUSTER]


async def nothing() -> None: ...


@pytest.mark.parametrize("scope", SCOPES)
async def test_s24_run_latest_runs_the_newest_missed_tick(scope: Scope) -> None:
    """S24: by default one run makes up for all missed ticks, the newest one's."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 40)
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 40, 50]
        assert starts(sim.runs(nothing)) == [0, 45, 50]
        assert skips(sim, nothing) == [(10, 30, 3, SkipReason.COALESCED)]
        assert await recorded(scheduler, nothing) == {"succeeded": 3, "skipped(coalesced)": 3}


@pytest.mark.parametrize("scope", SCOPES)
async def test_s24_skip_runs_no_missed_tick(scope: Scope) -> None:
    """S24: with `Missed.SKIP` the task goes on at its next tick."""
    scheduler = Scheduler()
    scheduler.every(minutes=1, missed=Missed.SKIP, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 145)
        await sim.advance(seconds=60)

        assert dues(sim.runs(nothing)) == [0, 180]
        assert skips(sim, nothing) == [(60, 120, 2, SkipReason.TOO_LATE)]


async def test_s24_skip_is_not_about_a_loop_that_was_busy_for_a_moment() -> None:
    """S24: with `Missed.SKIP` a tick that is up to 10 seconds late is not a missed one."""
    scheduler = Scheduler()
    scheduler.every(minutes=1, missed=Missed.SKIP)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 64)
        await sim.advance(seconds=1)

        assert dues(sim.runs(nothing)) == [0, 60]


async def test_s24_skip_skips_a_single_late_tick_of_a_long_period() -> None:
    """S24: with `Missed.SKIP` a tick is missed however soon the next one comes."""
    scheduler = Scheduler()
    scheduler.every(hours=1, missed=Missed.SKIP)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=59)
        block(sim, 1_800)
        await sim.advance(hours=1)

        assert dues(sim.runs(nothing)) == [0, 7_200]
        assert skips(sim, nothing) == [(3_600, 3_600, 1, SkipReason.TOO_LATE)]


@pytest.mark.parametrize("scope", SCOPES)
async def test_s24_run_all_runs_each_missed_tick_the_oldest_first(scope: Scope) -> None:
    """S24: with `Missed.RUN_ALL` none is left out, and each run is told its own instant."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, missed=Missed.RUN_ALL, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 40)
        await sim.advance(seconds=10)

        assert dues(sim.runs(nothing)) == [0, 10, 20, 30, 40, 50]
        assert starts(sim.runs(nothing)) == [0, 45, 45, 45, 45, 50]
        assert sim.skipped(nothing) == []


@pytest.mark.parametrize(("missed", "kept"), [(100, 100), (101, 100), (5_000, 100)])
async def test_s24_run_all_runs_the_newest_hundred(missed: int, kept: int) -> None:
    """S24: of more than 100 missed ticks the newest 100 are run, and it is told."""
    scheduler = Scheduler()
    scheduler.every(seconds=1, missed=Missed.RUN_ALL)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=0.5)
        block(sim, missed)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0, *range(missed - kept + 1, missed + 1)]
        assert sum(each.count for each in sim.skipped(nothing)) == missed - kept
        assert told(sim)["missed_truncated"] == (missed > kept)


@pytest.mark.parametrize("missed", [Missed.RUN_LATEST, Missed.SKIP])
async def test_s25_a_tick_older_than_catch_up_is_too_late(missed: Missed) -> None:
    """S25: what is later than `catch_up` is skipped, the newest tick too."""
    scheduler = Scheduler()
    scheduler.every(minutes=1, missed=missed, catch_up=20)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 145)
        await sim.advance(seconds=0)
        assert skips(sim, nothing) == [(60, 120, 2, SkipReason.TOO_LATE)]
        await sim.advance(seconds=25)
        block(sim, 24)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0, 180]


async def test_s25_a_single_tick_older_than_catch_up_is_too_late() -> None:
    """S25: the limit holds within a period as well."""
    scheduler = Scheduler()
    scheduler.every(hours=1, catch_up=timedelta(minutes=5))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=59)
        block(sim, 361)
        await sim.advance(seconds=0)
        assert skips(sim, nothing) == [(3_600, 3_600, 1, SkipReason.TOO_LATE)]
        await sim.advance(minutes=53)
        block(sim, 359)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0, 7_200]


async def test_s25_with_no_catch_up_at_all_a_tick_on_time_runs() -> None:
    """S25: `catch_up=0` is about missed ticks, not about the moment that waking takes."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, catch_up=0)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 5.5)
        await sim.advance(seconds=0)
        assert dues(sim.runs(nothing)) == [0, 10]
        block(sim, 12)
        await sim.advance(seconds=8)

        assert dues(sim.runs(nothing)) == [0, 10, 30]


async def test_s25_run_all_leaves_out_what_is_older_than_catch_up() -> None:
    """S25: with `Missed.RUN_ALL` the ticks within `catch_up` are run, the older ones skipped."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, missed=Missed.RUN_ALL, catch_up=20)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 40)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [0, 30, 40]
        assert skips(sim, nothing) == [(10, 20, 2, SkipReason.TOO_LATE)]


async def test_s25_run_latest_without_a_limit_runs_however_late() -> None:
    """S25: by default the newest missed tick runs, be it a week old."""
    scheduler = Scheduler()
    scheduler.cron("0 0 1 1 *", start=at(-1))(nothing)

    async with simulate(scheduler, start=at(-2)) as sim:
        block(sim, 7 * 86_400)
        await sim.advance(seconds=0)

        (run,) = sim.runs(nothing)
        assert dues([run]) == [0]
        assert run.lateness == timedelta(days=7, seconds=-2)


async def test_s24_no_tick_behind_until_is_caught_up_with() -> None:
    """S24: the newest missed tick is the newest one that the task has."""
    scheduler = Scheduler()
    scheduler.every(seconds=10, until=at(35))(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 60)
        await sim.advance(minutes=1)

        assert dues(sim.runs(nothing)) == [0, 30]
        assert skips(sim, nothing) == [(10, 20, 2, SkipReason.COALESCED)]


async def test_s24_missed_ticks_of_a_cron_are_found_by_walking() -> None:
    """S24: a schedule that is no grid is asked for what was missed."""
    scheduler = Scheduler()
    scheduler.cron("*/20 * * * *")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=1)
        block(sim, 3_600)
        await sim.advance(minutes=19)

        assert dues(sim.runs(nothing)) == [3_600, 4_800]
        assert skips(sim, nothing) == [(1_200, 2_400, 2, SkipReason.COALESCED)]


async def test_s24_a_range_too_long_to_count_is_told_without_its_number() -> None:
    """S24: of a year of missed minutes the newest runs at once; they are not counted one by one."""
    scheduler = Scheduler()
    scheduler.cron("* * * * *")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        block(sim, 365 * 86_400)
        await sim.advance(seconds=0)

        assert dues(sim.runs(nothing)) == [365 * 86_400]
        assert skips(sim, nothing) == [(60, 365 * 86_400 - 60, 1, SkipReason.COALESCED)]
        assert [e.facts["number"] for e in sim.events if e.name == "ostinato.ticks_skipped"] == [
            None
        ]


async def test_s27_nothing_is_remembered_across_restarts_of_a_process() -> None:
    """S27: without a store a task starts afresh, and what was due in between was not missed."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        assert ends(sim.runs(nothing)) == [(0, "succeeded"), (10, "succeeded")]
    async with simulate(scheduler, start=at(100)) as sim:
        await sim.advance(seconds=5)

        assert dues(sim.runs(nothing)) == [100]
        assert sim.skipped(nothing) == []


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize(
    ("missed", "catch_up"),
    [(Missed.SKIP, None), (Missed.RUN_LATEST, 5), (Missed.RUN_ALL, 5), (Missed.RUN_ALL, None)],
)
async def test_s24_s25_the_one_tick_of_a_delay_waits_however_late_it_is(
    missed: Missed, catch_up: float | None, scope: Scope
) -> None:
    """S24, S25: a delay passes over no tick; late, it runs at once, and goes on from its end."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10, missed=missed, catch_up=catch_up, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 60)
        await sim.advance(seconds=5)
        await scheduler.pause(nothing)
        await sim.advance(seconds=100)
        await scheduler.resume(nothing)
        await sim.advance(seconds=10)

        assert starts(sim.runs(nothing)) == [0, 65, 170, 180]
        assert sim.skipped(nothing) == []


async def test_s91_a_late_tick_of_a_delay_counts_for_max_runs() -> None:
    """S91: and the last of them ends the task."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10, missed=Missed.SKIP, max_runs=2)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        block(sim, 60)
        await sim.advance(seconds=60)

        assert starts(sim.runs(nothing)) == [0, 65]
        assert told(sim)["task_finished"] == 1
