"""Unions, jitter, windows, and schedules of one's own."""

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal

import pytest

from ostinato import Cron, Delay, Every, Once
from ostinato.errors import ArgumentTypeError, InvalidArgumentError, InvalidScheduleError
from ostinato.schedules import Between, Composable, Jittered, Schedule, Union

AT = datetime(2026, 3, 4, 18, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOURLY = Every(hours=1, align=True)


@dataclass(frozen=True)
class Powers(Composable):
    """A schedule of a user's own: due 1, 2, 4, ... hours after the epoch."""

    base: int

    def next_after(self, instant: datetime, /) -> datetime | None:
        due = datetime(1970, 1, 1, tzinfo=UTC) + HOUR
        factor = 1
        while due <= instant:
            factor *= self.base
            due = datetime(1970, 1, 1, tzinfo=UTC) + factor * HOUR
        return due


class Nameless(Composable):
    """A schedule that forgot to say what it is."""

    def next_after(self, instant: datetime, /) -> datetime | None:
        return None


class Foreign:
    """A schedule that follows the protocol and inherits nothing."""

    text = "foreign"

    def next_after(self, instant: datetime, /) -> datetime | None:
        return instant + HOUR / 4

    def anchored(self, at: datetime, /) -> Schedule:
        return self

    def describe(self) -> str:
        return "four times an hour"


def test_s18_a_union_is_due_whenever_a_part_is():
    """S18: a union binds its parts, merges their instants, and makes one of two that coincide."""
    union = Every(hours=2) | Every(hours=3)

    assert union.upcoming(4, after=AT) == [AT + n * HOUR for n in (2, 3, 4, 6)]


def test_a_union_knows_no_order_and_no_twins():
    """The same parts make the same union, however they are put together."""
    hourly, daily, new_year = Every(hours=1), Cron("@daily"), Once(AT)

    assert (hourly | daily) | new_year == new_year | (daily | hourly) | hourly
    assert len((hourly | daily | hourly).parts) == 2


def test_a_union_ends_with_its_last_part():
    """Where no part has an instant left, the union has none."""
    union = Once(AT) | Once(AT + HOUR)

    assert union.upcoming(5, after=AT - HOUR) == [AT, AT + HOUR]
    assert (
        union.describe() == "once, at 2026-03-04 18:00:00 UTC; or once, at 2026-03-04 19:00:00 UTC"
    )


def test_s18_a_delay_has_no_grid():
    """S18: it gives at most one instant, jittered or not."""
    delay = Delay(minutes=5)

    assert delay.upcoming(9, after=AT) == [AT + timedelta(minutes=5)]
    assert delay.jitter(1).upcoming(9, after=AT) == [AT + timedelta(minutes=5)]
    assert delay.upcoming(0, after=AT) == []
    assert delay.next_after(datetime(9999, 12, 31, 23, 59, tzinfo=UTC)) is None


def test_s14_the_parts_of_a_delay_add_up():
    """S14: weeks, days, hours, minutes and seconds, as with `Every`."""
    parts = {"weeks": 1, "days": 2, "hours": 3, "minutes": 4, "seconds": 5}

    assert Delay(**parts).period == Every(**parts).period == timedelta(**parts)


def test_s18_a_delay_cannot_be_combined():
    """S18: with nothing else, and in no window; the remedy is named."""
    with pytest.raises(InvalidScheduleError, match=r"5 minutes after .* use Every"):
        Delay(minutes=5) | Every(hours=1)
    with pytest.raises(InvalidScheduleError, match="cannot be combined"):
        Every(hours=1) | Delay(minutes=5)
    with pytest.raises(InvalidScheduleError, match="cannot be combined"):
        Delay(minutes=5).between(time(9), time(17))


def test_a_part_must_be_a_schedule():
    """What is no schedule is refused when the union is declared."""
    with pytest.raises(ArgumentTypeError, match=r"schedule=3600 .* pass a schedule"):
        Every(hours=1) | 3600  # type: ignore[operator]
    with pytest.raises(ArgumentTypeError, match=r"pass a schedule"):
        None | Every(hours=1)  # type: ignore[operator]


def test_s28_jitter_lies_between_zero_and_the_longest():
    """S28: over many ticks the whole range is drawn from, ends included, and nothing else."""
    jittered = HOURLY.jitter(0.004)

    drawn = {jittered.jitter_at("task", due) for due in HOURLY.upcoming(300, after=AT)}

    assert drawn == {timedelta(milliseconds=n) for n in range(5)}


def test_s28_each_tick_and_each_task_has_its_own_jitter():
    """S28: it follows from the task and the tick; an instant in another zone is the same tick."""
    jittered = HOURLY.jitter(timedelta(minutes=50))
    elsewhere = AT.astimezone(Cron("@daily", tz="Asia/Tokyo").zone.rules)

    drawn = jittered.jitter_at("task", AT)

    assert drawn == timedelta(minutes=31, seconds=23, milliseconds=389)
    assert drawn == jittered.jitter_at("task", elsewhere)
    assert drawn != jittered.jitter_at("task", AT + HOUR)
    assert drawn != jittered.jitter_at("other", AT)


def test_s28_fixed_jitter_is_the_tasks_own():
    """S28: `fixed=True` delays every tick of a task by one duration."""
    jittered = HOURLY.jitter(Decimal(600), fixed=True)

    drawn = {jittered.jitter_at("task", due) for due in HOURLY.upcoming(50, after=AT)}

    assert len(drawn) == 1
    assert drawn != {jittered.jitter_at("other", AT)}


@pytest.mark.parametrize("fixed", [False, True])
def test_s28_a_jittered_start_never_reaches_the_next_instant(fixed: bool):
    """S28: where instants lie closer than the jitter is long, it is shortened."""
    pair = Once(AT) | Once(AT + timedelta(milliseconds=2)) | Once(AT + timedelta(milliseconds=3))
    jittered = pair.jitter(0.005, fixed=fixed)

    drawn = {jittered.jitter_at(f"task {n}", AT) for n in range(100)}

    assert drawn == {timedelta(0), timedelta(milliseconds=1)}
    assert jittered.jitter_at("task", AT + timedelta(milliseconds=2)) == timedelta(0)


def test_s28_the_last_instant_has_its_whole_jitter():
    """S28: where nothing follows, nothing is to be kept clear of."""
    drawn = {Once(AT).jitter(0.002).jitter_at(f"task {n}", AT) for n in range(100)}

    assert max(drawn) == timedelta(milliseconds=2)


def test_s28_a_ticks_identity_knows_no_jitter():
    """S28: instants and text are those of the schedule without jitter."""
    assert HOURLY.jitter(60).upcoming(3, after=AT) == HOURLY.upcoming(3, after=AT)
    assert HOURLY.jitter(60).text == HOURLY.text
    assert HOURLY.jitter(90).describe() == "every hour, from 00:00 UTC on, up to 90 seconds later"


def test_s28_jitter_is_the_same_in_every_process():
    """S28: Python's hashes differ from process to process, and the jitter does not."""
    program = (
        "from datetime import UTC, datetime\n"
        "from ostinato import Every\n"
        "due = datetime(2026, 3, 4, 18, tzinfo=UTC)\n"
        "print(Every(hours=1, align=True).jitter(3000).jitter_at('task', due))\n"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        for seed in ("0", "1", "4294967295")
    }

    assert printed == {f"{HOURLY.jitter(3000).jitter_at('task', AT)}\n"}


@pytest.mark.parametrize("schedule", [Every(hours=1), HOURLY, Delay(hours=1)])
def test_s10_jitter_is_below_a_known_period(schedule: Every | Delay):
    """S10, S28: a jitter of a period or more is refused."""
    with pytest.raises(
        InvalidScheduleError, match="jitter of 1 hour is not below the period of 1 h"
    ):
        schedule.jitter(3600)


def test_s28_jitter_comes_last_and_once():
    """S28: a window or a union would otherwise lose it."""
    jittered = Every(hours=1).jitter(60)

    with pytest.raises(InvalidScheduleError, match="combine first"):
        jittered | Cron("@daily")
    with pytest.raises(InvalidScheduleError, match="combine first"):
        jittered.between(time(9), time(17))
    with pytest.raises(InvalidScheduleError, match="combine first"):
        jittered.jitter(30)


def test_s18_what_wraps_a_schedule_binds_it():
    """S18: jitter and windows hand the anchor on."""
    assert Every(hours=2).jitter(60).upcoming(1, after=AT) == [AT + 2 * HOUR]
    assert Every(hours=9).between(time(9), time(17)).upcoming(2, after=AT) == [
        AT + 18 * HOUR,
        AT + 45 * HOUR,
    ]


def test_a_window_keeps_its_start_and_not_its_end():
    """From 9 to 11 there are 9 and 10 o'clock, in the window's zone."""
    window = HOURLY.between(time(9), time(11), tz="Europe/Zurich")

    assert [f"{each:%d %H}" for each in window.upcoming(3, after=AT)] == ["05 08", "05 09", "06 08"]
    assert (
        window.describe() == "every hour, from 00:00 UTC on, between 09:00 and 11:00, Europe/Zurich"
    )


@pytest.mark.parametrize(
    ("start", "words"),
    [
        (time(9), "between 09:00 and 17:30, UTC"),
        (time(9, 0, 30), "between 09:00:30 and 17:30, UTC"),
        (time(9, 0, 0, 5), "between 09:00:00.000005 and 17:30, UTC"),
    ],
)
def test_a_window_shows_its_times_as_exactly_as_it_must(start: time, words: str):
    """Minutes, where there is nothing finer."""
    assert HOURLY.between(start, time(17, 30)).describe().endswith(words)


def test_a_window_may_span_midnight():
    """From 22 to 1 there are 22, 23 and 0 o'clock."""
    window = HOURLY.between(time(22), time(1))

    assert [each.hour for each in window.upcoming(4, after=AT)] == [22, 23, 0, 22]


@pytest.mark.parametrize("fold", [0, 1])
def test_a_window_opens_again_where_the_clock_is_set_back(fold: int):
    """In both hours from 1 to 2 of the night in New York, whichever of them its start is of."""
    start = time(1, 30, fold=fold)
    window = Every(minutes=30, align=True).between(start, time(2), tz="America/New_York")

    found = window.upcoming(3, after=datetime(2026, 11, 1, tzinfo=UTC))

    assert [f"{each:%d %H:%M}" for each in found] == ["01 05:30", "01 06:30", "02 06:30"]


def test_a_window_may_be_entered_by_a_change_of_the_clock():
    """Lord Howe's clock goes from 02:00 back to 01:30, into the midst of this window."""
    window = Every(minutes=10, align=True).between(
        time(1, 15), time(1, 35), tz="Australia/Lord_Howe"
    )

    found = window.upcoming(3, after=datetime(2026, 4, 4, 14, 25, tzinfo=UTC))

    assert [f"{each:%d %H:%M}" for each in found] == ["04 14:30", "04 15:00", "05 14:50"]


def test_a_window_that_is_never_met_has_no_instants():
    """A run at noon is never between 1 and 2: the search ends."""
    assert Cron("0 12 * * *").between(time(1), time(2)).next_after(AT) is None


def test_a_window_ends_with_what_is_in_it():
    """Where the schedule ends, the window does."""
    assert Once(AT).between(time(1), time(2)).next_after(AT - HOUR) is None


@pytest.mark.parametrize(
    ("start", "end", "error", "message"),
    [
        (time(9), time(9), InvalidScheduleError, "is empty; widen it"),
        (time(9, tzinfo=UTC), time(10), InvalidScheduleError, "start .* has a time zone"),
        (time(9), time(10, tzinfo=UTC), InvalidScheduleError, "end .* has a time zone"),
        ("09:00", time(10), ArgumentTypeError, "start='09:00' .* pass a datetime.time"),
        (time(9), AT, ArgumentTypeError, "end=.* pass a datetime.time"),
    ],
)
def test_s10_an_impossible_window_is_refused(
    start: object, end: object, error: type[Exception], message: str
):
    """S10: empty ones, times with a zone of their own, and what is no time."""
    with pytest.raises(error, match=message):
        Every(hours=1).between(start, end)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [-1, 100_001])
def test_a_look_ahead_has_an_end(count: int):
    """`upcoming` gives at most 100,000 instants."""
    with pytest.raises(InvalidArgumentError, match="between 0 and 100,000"):
        Every(hours=1).upcoming(count, after=AT)


@pytest.mark.parametrize(
    ("declare", "message"),
    [
        (lambda: Once("2030-01-01"), "instant='2030-01-01' .* pass an aware datetime"),
        (lambda: Every(hours=1, align=1), "align=1 .* pass True or False"),
        (lambda: Cron("@daily", seconds=0), "seconds=0 .* pass True or False"),
        (lambda: Cron(5), "expression=5 .* pass a string such as"),
        (lambda: Cron("@daily", tz=2), "tz=2 .* pass an IANA key"),
        (lambda: HOURLY.jitter(1, fixed="yes"), "fixed='yes' .* pass True or False"),
        (lambda: HOURLY.upcoming(1.0, after=AT), "count=1.0 .* pass a whole number"),
        (lambda: HOURLY.upcoming(count=True, after=AT), "count=True .* pass a whole number"),
    ],
)
def test_s10_a_wrong_type_is_refused(declare: Callable[[], object], message: str):
    """S10: the message names the argument, what was passed, and what to pass."""
    with pytest.raises(ArgumentTypeError, match=message):
        declare()


def test_s22_naive_instants_are_refused():
    """S22: whatever takes an instant refuses one without a zone."""
    naive = AT.replace(tzinfo=None)
    asks = (
        lambda: Once(naive),
        lambda: HOURLY.next_after(naive),
        lambda: Every(hours=1).anchored(naive),
        lambda: Cron("@daily").next_after(naive),
        lambda: Delay(hours=1).next_after(naive),
        lambda: Every(hours=1).upcoming(1, after=naive),
        lambda: HOURLY.jitter(1).jitter_at("task", naive),
    )

    for ask in asks:
        with pytest.raises(InvalidArgumentError, match="has no time zone; add one"):
            ask()


def test_s22_an_instant_that_utc_has_no_year_for_is_refused():
    """S22: the first hours of the year 1 in Tokyo lie before the calendar."""
    first = datetime.min.replace(tzinfo=Cron("@daily", tz="+09:00").zone.rules)

    with pytest.raises(InvalidArgumentError, match="outside the years 1 to 9999"):
        HOURLY.next_after(first)


def test_s14_once_has_whole_milliseconds():
    """S14: what is finer is cut off."""
    assert Once(AT + timedelta(microseconds=1_999)) == Once(AT + timedelta(milliseconds=1))


def test_a_schedule_of_ones_own_can_do_what_the_others_can():
    """A dataclass with `next_after` is joined, jittered, put in windows and looked ahead with."""
    powers = Powers(2)

    assert powers.upcoming(3, after=datetime(1970, 1, 1, tzinfo=UTC))[-1].hour == 4
    assert (powers | HOURLY).next_after(AT) == AT + HOUR
    assert powers.describe() == powers.text == "Powers(base=2)"
    assert isinstance(powers.jitter(5), Jittered)
    assert isinstance(powers.between(time(1), time(2)), Between)


def test_a_schedule_without_a_text_is_refused():
    """Its `repr` would differ from process to process."""
    with pytest.raises(InvalidScheduleError, match=r"Nameless has no text .* make it a dataclass"):
        _ = Nameless().text


def test_a_foreign_schedule_is_joined_from_either_side():
    """What follows the protocol is a schedule."""
    assert isinstance(Foreign() | HOURLY, Union)
    assert (HOURLY | Foreign()).next_after(AT) == AT + HOUR / 4


@pytest.mark.parametrize(
    ("schedule", "text"),
    [
        (Every(minutes=90), "every 5400000 ms"),
        (Every(hours=1).anchored(AT), "every 3600000 ms"),
        (Every(hours=6, align=True, offset=60), "every 21600000 ms aligned +60000 ms"),
        (Delay(seconds=0.5), "delay 500 ms"),
        (Cron("0  9 * * mon-fri", tz="Europe/Zurich"), "cron 0 9 * * MON-FRI Europe/Zurich"),
        (Cron("@daily"), "cron 0 0 * * * UTC"),
        (Cron("0 0 9 * * *", seconds=True), "cron 0 0 9 * * * UTC"),
        (Once(AT + timedelta(milliseconds=5)), "once 2026-03-04T18:00:00.005000+00:00"),
        (Every(hours=1) | Cron("@daily"), "cron 0 0 * * * UTC | every 3600000 ms"),
        (
            (Every(hours=1) | Every(hours=7)).between(time(9), time(17, 30), tz="Asia/Tokyo"),
            "(every 25200000 ms | every 3600000 ms) between 09:00:00 17:30:00 Asia/Tokyo",
        ),
        (Every(hours=1).jitter(60), "every 3600000 ms"),
    ],
)
def test_s19_the_texts_are_a_promise(schedule: Composable, text: str):
    """S19: what is stored today is understood by every later version and every Python."""
    assert schedule.text == text
