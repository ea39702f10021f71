"""Walking along the ticks of a schedule."""

from bisect import bisect_right
from dataclasses import FrozenInstanceError
from datetime import UTC, datetime, time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ostinato import Cron, Every, Once
from ostinato._engine._ticks import DelayTicks, FreshTicks, GridTicks, Passed, ScheduleTicks
from ostinato._instants import milliseconds_of

START = milliseconds_of(datetime(2030, 1, 1, tzinfo=UTC))
MINUTE = 60_000


class Listed:
    """Ticks that are known beforehand; it counts how often it is asked."""

    def __init__(self, *instants: int) -> None:
        self.asked = 0
        self._instants = instants

    def after(self, instant: float) -> int | None:
        self.asked += 1
        found = bisect_right(self._instants, instant)
        return self._instants[found] if found < len(self._instants) else None

    def passed(self, first: int, now: float) -> Passed:
        return FreshTicks(self, lambda _: False).passed(first, now)


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


@example(2_000, 0)
@example(2_001, 0)
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


@given(
    st.lists(st.integers(1, 10**6), min_size=1, max_size=8),
    st.lists(st.sampled_from([-1, 0, 1, 999, 1_000, 1_001, 10**6]), min_size=8, max_size=8),
    st.booleans(),
)
def test_s24_a_long_range_is_the_same_however_it_ends(
    gaps: list[int], spare: list[int], goes_on: bool
) -> None:
    """S24: after more ticks than are counted, what comes last is found, close together or not."""
    crowd = [*range(2_002)]
    rest = [crowd[-1] + sum(gaps[: number + 1]) for number in range(len(gaps))]
    for now in [tick + more for tick, more in zip(rest, spare, strict=False)]:
        listed = Listed(*crowd, *rest, *([10**9] if goes_on else []))
        *_, previous, newest = [tick for tick in (*crowd, *rest) if tick <= now]
        following = min((tick for tick in rest if tick > now), default=None)
        if following is None and goes_on:
            following = 10**9

        assert listed.passed(0, now) == Passed(newest, None, previous, following)


def test_s24_a_long_range_is_not_walked_through() -> None:
    """S24: however many ticks have passed, little more is asked for than those that are counted."""
    minutes = Listed(*range(0, 300_000 * MINUTE, MINUTE))

    found = minutes.passed(0, 299_990 * MINUTE + 1)

    newest = 299_990 * MINUTE
    assert found == Passed(newest, None, newest - MINUTE, newest + MINUTE)
    assert minutes.asked < 2_050


@pytest.mark.parametrize(
    "ticks",
    [
        GridTicks(0, 10),
        DelayTicks(10),
        ScheduleTicks(Cron("* * * * *")),
        FreshTicks(GridTicks(0, 10), set().__contains__),
    ],
)
def test_ticks_are_values(ticks: object) -> None:
    """They cannot be changed, and have no dictionary each: there may be a hundred thousand."""
    name = next(iter(type(ticks).__slots__))

    with pytest.raises(FrozenInstanceError):
        setattr(ticks, name, 5)

    assert not hasattr(ticks, "__dict__")
