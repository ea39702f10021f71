"""`Every`: a fixed rate on a grid."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from ostinato import Every
from ostinato.errors import ArgumentTypeError, InvalidArgumentError, InvalidScheduleError

AT = datetime(2026, 3, 4, 18, 37, 30, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("declared", "period"),
    [
        (Every(weeks=1, days=1), timedelta(days=8)),
        (Every(hours=1, minutes=30), timedelta(minutes=90)),
        (Every(hours=1 / 3), timedelta(minutes=20)),
        (Every(seconds=0.1 + 0.2), timedelta(milliseconds=300)),
        (Every(seconds=Decimal("0.25")), timedelta(milliseconds=250)),
        (Every(seconds=timedelta(days=2)), timedelta(days=2)),
        (Every(seconds=3_155_760_000), timedelta(days=36_525)),
    ],
)
def test_s14_periods_are_whole_milliseconds(declared: Every, period: timedelta):
    """S14: the parts add up to whole milliseconds; what a float is off by is rounded."""
    assert declared.period == period


@pytest.mark.parametrize(
    "given",
    [
        0.000_5,
        1.000_5,
        Decimal("0.0015"),
        Decimal("1.000000000000001"),
        timedelta(microseconds=1_001),
        Decimal("1e-999999"),
    ],
)
def test_s14_a_finer_period_is_refused(given: float | Decimal | timedelta):
    """S14: what is finer than a millisecond would not be kept exactly."""
    with pytest.raises(InvalidArgumentError, match="finer than a millisecond"):
        Every(seconds=given)


@pytest.mark.parametrize(
    "parts", [{}, {"seconds": 0}, {"weeks": 5_300}, {"weeks": 3e9, "days": 3e9, "hours": 3e9}]
)
def test_s2_a_period_is_between_a_millisecond_and_a_century(parts: dict[str, float]):
    """S2: no period, and one of more than 100 years, are refused, with what was given."""
    with pytest.raises(InvalidArgumentError, match=r"^period=\{.*\} is not between 1 ms and 100"):
        Every(**parts)  # type: ignore[arg-type]


def test_s14_a_million_ticks_do_not_drift():
    """S14: the millionth instant is a million periods after the anchor, to the microsecond."""
    schedule = Every(seconds=0.1).anchored(AT)
    instant = AT - MICROSECOND

    for _ in range(1_000_001):
        found = schedule.next_after(instant)
        assert found is not None
        instant = found

    assert instant == AT + timedelta(seconds=100_000)


def test_s18_an_anchor_is_set_once():
    """S18: a schedule that has its anchor keeps it."""
    schedule = Every(hours=1).anchored(AT)

    assert schedule.anchored(AT + timedelta(minutes=5)) == schedule
    assert schedule.anchor == AT


def test_s18_the_anchor_is_the_first_instant():
    """S18: before the anchor there is nothing; then it comes once a period, strictly after."""
    schedule = Every(hours=1).anchored(AT)

    assert schedule.next_after(AT - timedelta(days=9)) == AT
    assert schedule.next_after(AT - MICROSECOND) == AT
    assert schedule.next_after(AT) == AT + timedelta(hours=1)
    assert schedule.next_after(AT + timedelta(hours=1, seconds=1)) == AT + timedelta(hours=2)


def test_s18_an_anchor_has_whole_milliseconds():
    """S18: what is finer is cut off, so that every store keeps it."""
    assert Every(hours=1).anchored(AT + timedelta(microseconds=1_999)).anchor == AT + timedelta(
        milliseconds=1
    )


def test_s18_an_aligned_grid_lies_on_the_multiples_since_1970():
    """S18: a quarter of an hour is that of the clock, shifted by the offset."""
    aligned = Every(minutes=15, align=True)
    shifted = Every(minutes=15, align=True, offset=timedelta(minutes=5))

    assert aligned.next_after(AT) == AT.replace(minute=45, second=0)
    assert shifted.next_after(AT) == AT.replace(minute=50, second=0)
    assert shifted.anchored(AT) == shifted


def test_s18_an_aligned_grid_has_always_been():
    """S18: it goes back before 1970, and does not begin with an anchor."""
    before = datetime(1969, 12, 31, 22, 59, tzinfo=UTC)

    assert Every(hours=1, align=True).upcoming(2, after=before) == [
        datetime(1969, 12, 31, 23, tzinfo=UTC),
        datetime(1970, 1, 1, tzinfo=UTC),
    ]


def test_s18_an_unbound_every_has_no_instants():
    """S18: until it is anchored, it says so, and what to ask instead."""
    with pytest.raises(InvalidScheduleError, match=r"'every hour' has no grid .*\.upcoming"):
        Every(hours=1).next_after(AT)


def test_s18_an_unbound_every_answers_relative_to_after():
    """S18: `upcoming` takes *after* for the start."""
    assert Every(hours=1).upcoming(2, after=AT) == [
        AT + timedelta(hours=1),
        AT + timedelta(hours=2),
    ]


def test_s22_instants_are_utc_whatever_zone_is_asked_in():
    """S22: the answer is in UTC, and the arithmetic is not the wall clock's."""
    asked = AT.astimezone(timezone(timedelta(hours=5)))

    found = Every(hours=1).anchored(asked).next_after(asked)

    assert found == AT + timedelta(hours=1)
    assert found.tzinfo is UTC


def test_s10_an_offset_needs_an_aligned_grid():
    """S10: without `align=True` an offset would mean nothing."""
    with pytest.raises(InvalidScheduleError, match="add align=True"):
        Every(hours=1, offset=60)


def test_s10_an_offset_is_below_the_period():
    """S10: an offset of a period or more is a mistake."""
    with pytest.raises(InvalidScheduleError, match="offset of 1 hour is not below the period"):
        Every(hours=1, align=True, offset=3_600)


def test_the_calendar_ends_with_the_year_9999():
    """Where there is no such instant, the answer is None."""
    late = datetime(9999, 12, 31, 23, 30, tzinfo=UTC)

    assert Every(hours=1, align=True).next_after(late) is None


def test_only_seconds_may_be_a_timedelta():
    """`hours=timedelta(...)` is refused, with the remedy."""
    with pytest.raises(ArgumentTypeError, match=r"hours=.*seconds=timedelta"):
        Every(hours=timedelta(hours=1))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (Every(hours=1), "every hour"),
        (Every(minutes=90), "every 90 minutes"),
        (Every(minutes=119), "every 119 minutes"),
        (Every(weeks=121), "every 121 weeks"),
        (Every(minutes=121), "every 2 hours and 1 minute"),
        (Every(seconds=0.001), "every millisecond"),
        (Every(seconds=0.12), "every 120 milliseconds"),
        (Every(days=1, seconds=1), "every day and 1 second"),
        (Every(weeks=1, hours=2, seconds=1), "every week, 2 hours and 1 second"),
        (Every(minutes=7).anchored(AT), "every 7 minutes"),
        (
            Every(hours=12).anchored(AT + timedelta(milliseconds=5)),
            "every 12 hours, at 06:37 and 18:37 UTC, since its first start",
        ),
        (Every(hours=1).anchored(AT), "every hour, from 00:37 UTC on, since its first start"),
        (
            Every(hours=8).anchored(AT),
            "every 8 hours, at 02:37, 10:37 and 18:37 UTC, since its first start",
        ),
        (
            Every(hours=6).anchored(AT),
            "every 6 hours, at 00:37, 06:37, 12:37 and 18:37 UTC, since its first start",
        ),
        (
            Every(hours=4.8).anchored(AT),
            "every 4 hours and 48 minutes, from 04:13 UTC on, since its first start",
        ),
        (Every(minutes=59).anchored(AT), "every 59 minutes"),
        (Every(days=1).anchored(AT), "every day, at 18:37 UTC, since its first start"),
        (
            Every(weeks=1).anchored(AT),
            "every week, on Wednesday at 18:37 UTC, since its first start",
        ),
        (
            Every(days=3).anchored(AT),
            "every 3 days, counted from 2026-03-04 18:37 UTC, since its first start",
        ),
        (Every(hours=12, align=True, offset=1), "every 12 hours, at 00:00:01 and 12:00:01 UTC"),
        (Every(days=1, align=True, offset=0.001), "every day, at 00:00:00.001000 UTC"),
        (Every(days=1, align=True, offset=32_400), "every day, at 09:00 UTC"),
        (Every(weeks=1, align=True), "every week, on Thursday at 00:00 UTC"),
        (Every(minutes=1, align=True, offset=1.5), "every minute, from 00:00:01.500000 UTC on"),
    ],
)
def test_s23_a_long_period_names_its_phase(schedule: Every, words: str):
    """S23: once its grid is known, a period of an hour or more says where in the day it lies."""
    assert schedule.describe() == words
