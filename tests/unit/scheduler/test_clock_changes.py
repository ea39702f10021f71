"""Clocks that are set, machines that sleep, and how long anybody waits."""

import asyncio
from datetime import UTC, datetime

import pytest

from ostinato import Cron, Missed, Overlap, Scheduler, Scope, SkipReason
from ostinato.testing import Simulation, simulate
from tests.support.simulated import at, block, dues, recorded, skips, starts, told

HOUR = 3_600
YEAR = 365 * 86_400
SCOPES = [Scope.PROCESS, Scope.CLUSTER]


async def nothing() -> None: ...


class Elapsed:
    """A task that notes how much time has passed, whatever the wall clock says."""

    def __init__(self) -> None:
        self.sim: Simulation | None = None
        self.seen: list[float] = []

    async def note(self) -> None:
        assert self.sim is not None
        self.seen.append(round(self.sim.clock.monotonic(), 4))


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("step", [-10 * YEAR, -HOUR, -40, -5, -1, 1, 5, 40, HOUR, 10 * YEAR])
async def test_s15_no_step_of_the_wall_clock_changes_an_interval(step: int, scope: Scope) -> None:
    """S15, S20: intervals wait on the monotonic clock, within a millisecond."""
    scheduler, elapsed = Scheduler(), Elapsed()
    scheduler.every(seconds=10, scope=scope)(elapsed.note)

    async with simulate(scheduler) as sim:
        elapsed.sim = sim
        await sim.advance(seconds=25)
        sim.clock.set_wall(step)
        await sim.advance(seconds=30)

        assert [round(each) for each in elapsed.seen] == [0, 10, 20, 30, 40, 50]
        between = [b - a for a, b in zip(elapsed.seen, elapsed.seen[1:], strict=False)]
        assert all(abs(each - 10) <= 0.002 for each in between)
        assert sim.skipped(elapsed.note) == []
        assert len({run.id for run in sim.runs(elapsed.note)}) == 6


@pytest.mark.parametrize("step", [-10, -20, -HOUR])
async def test_s20_no_instant_names_two_ticks_of_an_interval(step: int) -> None:
    """S20: where the wall clock comes by the same instants again, the grid is moved beside them."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=45)
        sim.clock.set_wall(step)
        await sim.advance(seconds=45)
        sim.clock.set_wall(step)
        await sim.advance(seconds=45)

        due = dues(sim.runs(nothing))
        assert len(due) == len(set(due)) == 14
        assert await recorded(scheduler, nothing) == {"succeeded": 14}


async def test_s20_no_instant_names_two_ticks_of_a_delay() -> None:
    """S20: the one tick of a delay is moved as well."""
    scheduler = Scheduler()
    scheduler.delay(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=45)
        sim.clock.set_wall(-20)
        await sim.advance(seconds=35)

        due = dues(sim.runs(nothing))
        assert len(due) == len(set(due)) == 8


@pytest.mark.parametrize(("step", "is_told"), [(-3, True), (-1.5, False), (1.5, False), (3, True)])
async def test_s17_a_jump_of_more_than_two_seconds_is_told(step: float, is_told: bool) -> None:
    """S17: `clock_jumped`, with its size; what is less, clocks are corrected by every day."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=5)
        sim.clock.set_wall(step)
        await sim.advance(seconds=25)

        events = [each for each in sim.events if each.name == "ostinato.clock_jumped"]
        assert [each.facts["seconds"] for each in events] == ([step] if is_told else [])


async def test_s17_small_steps_add_up_to_a_repair() -> None:
    """S17, S21: a clock that is corrected bit by bit is followed once it is two seconds off."""
    scheduler = Scheduler()
    scheduler.every(seconds=10)(nothing)

    async with simulate(scheduler) as sim:
        for _ in range(4):
            await sim.advance(seconds=10)
            sim.clock.set_wall(1)
        await sim.advance(seconds=10)

        assert told(sim)["clock_jumped"] == 0
        assert told(sim)["anchor_reset"] == 1
        assert dues(sim.runs(nothing))[-1] == 53


@pytest.mark.parametrize("align", [True, False])
async def test_s20_a_calendar_waits_for_a_clock_that_was_set_back_a_little(align: bool) -> None:
    """S20: within three hours it waits until the clock passes what it has run; nothing twice."""
    scheduler = Scheduler()
    if align:
        scheduler.every(minutes=10, align=True)(nothing)
    else:
        scheduler.cron("*/10 * * * *")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=35)
        sim.clock.set_wall(-2 * HOUR)
        await sim.advance(minutes=119)
        assert dues(sim.runs(nothing)) == [600, 1_200, 1_800]
        await sim.advance(minutes=10)

        assert dues(sim.runs(nothing)) == [600, 1_200, 1_800, 2_400]
        assert sim.skipped(nothing) == []


@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("align", [True, False])
async def test_s20_a_calendar_goes_on_where_the_clock_was_set_back_far(
    align: bool, scope: Scope
) -> None:
    """S20, S21: beyond three hours it goes on from now, but for what the history holds."""
    scheduler = Scheduler()
    if align:
        scheduler.every(hours=1, align=True, scope=scope)(nothing)
    else:
        scheduler.cron("0 * * * *", scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(hours=2.5)
        sim.clock.set_wall(-6 * HOUR)
        await sim.advance(hours=7)

        assert dues(sim.runs(nothing)) == [
            HOUR,
            2 * HOUR,
            *[-3 * HOUR, -2 * HOUR, -HOUR, 0],
            3 * HOUR,
        ]
        assert told(sim)["anchor_reset"] == 1
        assert sim.skipped(nothing) == []


async def test_s20_what_was_skipped_before_is_not_due_again_either() -> None:
    """S20, S29: the history holds skipped ticks as well."""
    scheduler = Scheduler()
    scheduler.cron("0 * * * *")(nothing)

    async with simulate(scheduler, start=at(-10)) as sim:
        await sim.advance(seconds=5)
        block(sim, 4 * HOUR)
        await sim.advance(seconds=5)
        assert skips(sim, nothing) == [(0, 2 * HOUR, 3, SkipReason.COALESCED)]
        sim.clock.set_wall(-5 * HOUR)
        await sim.advance(hours=6.5)

        assert dues(sim.runs(nothing)) == [3 * HOUR, 4 * HOUR, 5 * HOUR]


async def test_s20_a_calendar_without_a_tick_left_has_none_again() -> None:
    """S20: a task that is over stays so."""
    scheduler = Scheduler()
    scheduler.cron("0 * * * *", max_runs=1)(nothing)
    scheduler.cron("* * * * *", name="other")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(hours=1.5)
        sim.clock.set_wall(-6 * HOUR)
        await sim.advance(hours=3)

        assert len(sim.runs("other")) == 90 + 179
        assert len(sim.runs(next(iter(scheduler.tasks)))) == 1


@pytest.mark.parametrize("scope", SCOPES)
async def test_s20_a_clock_set_forward_makes_missed_ticks_of_a_calendar(scope: Scope) -> None:
    """S20: what the clock has jumped over, the policy decides about."""
    scheduler = Scheduler()
    scheduler.cron("*/10 * * * *", missed=Missed.RUN_ALL, scope=scope)(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(minutes=15)
        sim.clock.set_wall(HOUR)
        await sim.advance(minutes=2)

        assert [each / 60 for each in dues(sim.runs(nothing))] == [10, 20, 30, 40, 50, 60, 70]


async def test_s16_a_calendar_looks_at_the_clock_once_a_minute() -> None:
    """S16: however far the next tick is, a clock that was set is noticed within 60 seconds."""
    scheduler = Scheduler()
    scheduler.cron("0 0 1 1 *")(nothing)

    async with simulate(scheduler, start=at(1)) as sim:
        await sim.advance(seconds=30)
        sim.clock.set_wall(YEAR - 32)
        await sim.advance(seconds=29)
        assert sim.runs(nothing) == []
        await sim.advance(seconds=2)

        assert dues(sim.runs(nothing)) == [YEAR]


async def test_s16_an_interval_waits_in_one_piece() -> None:
    """S16: what the monotonic clock decides needs no looking in between."""
    scheduler, delays = Scheduler(), []
    scheduler.every(hours=5)(nothing)

    async with simulate(scheduler) as sim:
        call_later = sim.clock.call_later

        def note(delay, callback, /):
            delays.append(delay)
            return call_later(delay, callback)

        sim.clock.call_later = note
        await sim.advance(hours=11)

        assert starts(sim.runs(nothing)) == [0, 5 * HOUR, 10 * HOUR]
        assert 5 * HOUR in [round(each) for each in delays]


async def test_s20_a_run_that_a_clock_is_set_under_keeps_its_slot() -> None:
    """S20: a run under way when the clock is set ends as it does, and nothing overlaps it."""
    scheduler, under_way = Scheduler(), [0, 0]

    @scheduler.every(seconds=10, overlap=Overlap.CANCEL_OTHER)
    async def task() -> None:
        under_way[0] += 1
        under_way[1] = max(under_way)
        try:
            await asyncio.sleep(15)
        finally:
            under_way[0] -= 1

    async with simulate(scheduler) as sim:
        for step in (100, -100, -HOUR, HOUR, -5, 5):
            await sim.advance(seconds=13)
            sim.clock.set_wall(step)
        await sim.advance(seconds=13)

        assert under_way[1] == 1
        assert len(sim.runs(task)) >= 6


@pytest.mark.parametrize("scope", [Scope.PROCESS, Scope.CLUSTER])
@pytest.mark.parametrize("jitter", [None, 1])
@pytest.mark.parametrize("start", ["2011-12-28", "2011-12-30"])
async def test_s40_a_lost_day_is_recorded_as_skipped(
    scope: Scope, jitter: int | None, start: str
) -> None:
    """S40, S29: the run that Samoa's 30th of December has taken is not made up for, and told of."""
    scheduler = Scheduler()
    zone = "Pacific/Apia"
    scheduler.cron("0 9 * * *", tz=zone, scope=scope, jitter=jitter, name="fixed")(nothing)
    scheduler.cron("*/15 * * * *", tz=zone, scope=scope, name="wild")(nothing)

    async with simulate(scheduler, start=datetime.fromisoformat(f"{start}T00:00Z")) as sim:
        await sim.advance(days=4)
        (gap,) = sim.skipped("fixed")

        assert all(run.due.hour == 19 for run in sim.runs("fixed"))
        assert (gap.reason, gap.count) == (SkipReason.GAP, 1)
        assert gap.due == datetime(2011, 12, 30, 9, 59, 59, 999_000, tzinfo=UTC)
        assert (await recorded(scheduler, "fixed"))["skipped(gap)"] == 1
        assert sim.skipped("wild") == []
        (event,) = [each for each in sim.events if each.name == "ostinato.ticks_skipped"]
        assert (event.facts["number"], event.facts["reason"]) == (1, "gap")


async def test_s40_a_lost_day_is_recorded_behind_what_was_missed_with_it() -> None:
    """S40: of a machine that was suspended over it, with the tick after the next."""
    scheduler = Scheduler()
    scheduler.cron("0 9 * * *", tz="Pacific/Apia")(nothing)

    async with simulate(scheduler, start=datetime.fromisoformat("2011-12-28T00:00Z")) as sim:
        await sim.advance(days=1)
        block(sim, 3 * 86_400)
        await sim.advance(days=2)

        assert [(each.reason, each.count) for each in sim.skipped(nothing)] == [
            (SkipReason.COALESCED, 2),
            (SkipReason.GAP, 1),
        ]


async def test_s40_a_task_that_is_rescheduled_has_lost_what_it_follows_since_then() -> None:
    """S40: not what its new schedule has lost before."""
    scheduler = Scheduler()
    scheduler.every(days=7, name="before")(nothing)
    scheduler.every(days=7, name="after")(nothing)
    cron = Cron("0 9 * * *", tz="Pacific/Apia")

    async with simulate(scheduler, start=datetime.fromisoformat("2011-12-30T00:00Z")) as sim:
        await sim.advance(seconds=0)
        await scheduler.reschedule("before", cron)
        await sim.advance(hours=11)
        await scheduler.reschedule("after", cron)
        await sim.advance(days=2)

        assert [each.reason for each in sim.skipped("before")] == [SkipReason.GAP]
        assert sim.skipped("after") == []
