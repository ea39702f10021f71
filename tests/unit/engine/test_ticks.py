"""Walking along the ticks of a schedule."""

from datetime import UTC, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ostinato import Cron, Every, Once
from ostinato._engine._ticks import DelayTicks, FreshTicks, GridTicks, Passed, ScheduleTicks
from ostinato._instants import milliseconds_of

START = milliseconds_of(datetime(2030, 1, 1, tzinfo=UTC))
MINUTE = 60_000


@given(
    st.integers(-(10**13), 10**13),
    st.integers(1, 10**11),
    st.integers(0, 10**4),
    st.floats(0, 1, exclude_max=True),
)
def test_s14_a_grid_is_what_its_schedule_says(
    anchor: int, period: int, number: int, rest: float
) -> None:
    """S14: the division gives the tick that follows, whatever lies between."""
    grid, instant = GridTicks(anchor, period), anchor + number * period

    assert grid.after(instant) == instant + period
    assert grid.after(instant - 1) == instant
    inside = instant + int(rest * period)
    assert grid.after(inside) == instant + period
    assert grid.passed(anchor, inside).newest == instant


@given(st.integers(0, 3_000), st.integers(0, MINUTE - 1))
def test_s24_walking_finds_what_dividing_finds(number: int, rest: int) -> None:
    """S24: a cron of every minute is a grid; but a long range is not counted."""
    walked, grid = ScheduleTicks(Cron("* * * * *")), GridTicks(START, MINUTE)
    now = START + number * MINUTE + rest

    found = walked.passed(START, now)

    known = grid.passed(START, now)
    assert found == (known if number <= 2_000 else known._replace(before=None))


def test_s24_a_long_range_with_a_burst_at_its_end_is_walked_in_steps() -> None:
    """S24: also where ticks lie close together at some times, and nowhere at others."""
    schedule = Every(seconds=1, align=True).between(time(3), time(4))
    ticks, day = ScheduleTicks(schedule), 86_400_000

    found = ticks.passed(START + 3 * day // 24, START + 30 * day + day // 2)

    newest = START + 30 * day + 4 * day // 24 - 1_000
    assert found == Passed(newest, None, newest - 1_000, START + 31 * day + 3 * day // 24)


def test_s24_a_long_range_with_a_lone_tick_at_its_end() -> None:
    """S24: the tick before the newest is found as well, however far it lies back."""
    lone = datetime(2030, 3, 1, tzinfo=UTC)
    schedule = Cron("* 0-23 1-2 1 *") | Once(lone)
    ticks = ScheduleTicks(schedule)

    found = ticks.passed(START, milliseconds_of(lone) + MINUTE)

    last = START + 2 * 86_400_000 - MINUTE
    assert (found.newest, found.previous) == (milliseconds_of(lone), last)


def test_a_schedule_that_ends_has_nothing_behind() -> None:
    """None, where no tick follows."""
    ticks = ScheduleTicks(Once(datetime(2030, 1, 1, tzinfo=UTC)))

    assert ticks.after(START - 1) == START
    assert ticks.after(START) is None
    assert ticks.passed(START, START + MINUTE) == Passed(START, 0, None, None)


def test_an_instant_within_a_millisecond_has_not_passed_it() -> None:
    """The clock's time is finer than a tick's."""
    ticks = ScheduleTicks(Cron("* * * * *"))

    assert ticks.after(START - 0.5) == START


def test_a_delay_counts_from_the_next_whole_millisecond() -> None:
    """It is never shorter than it says."""
    ticks = DelayTicks(1_000)

    assert (ticks.after(5), ticks.after(5.001)) == (1_005, 1_006)
    assert ticks.passed(5, 10**9) == Passed(5, 0, None, None)


@pytest.mark.parametrize("now", [1_000, 5_500])
def test_s20_what_is_remembered_is_not_due_again(now: int) -> None:
    """S20: it is passed over, without being skipped."""
    ticks = FreshTicks(GridTicks(0, 1_000), {2_000, 3_000, 5_000}.__contains__)

    assert [ticks.after(each) for each in (0, 1_000, 4_000)] == [1_000, 4_000, 6_000]
    expected = Passed(1_000, 0, None, 4_000) if now == 1_000 else Passed(4_000, 1, 1_000, 6_000)
    assert ticks.passed(1_000, now) == expected
