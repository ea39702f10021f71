"""What holds for every schedule, whatever it is made of."""

import copy
import pickle
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from ostinato import ConfigurationError, Cron, Delay, Every, InvalidScheduleError, Once
from ostinato.schedules import Composable, Schedule, Union
from ostinato.schedules._reading import schedule_of

ZONES = [
    "UTC",
    "Europe/Zurich",
    "America/New_York",
    "Australia/Lord_Howe",
    "Pacific/Apia",
    "+05:30",
]
CRONS = ["30 2 * * *", "*/15 * * * *", "0 0 1 * *", "0 9 * * mon-fri", "7 * * * *", "0 0 29 2 *"]
INSTANTS = st.datetimes(
    min_value=datetime(1970, 1, 2),  # noqa: DTZ001 - the strategy adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001 - as above
    timezones=st.just(UTC),
)
# Where something may go wrong: the days of a change in Zurich, New York, Lord Howe and Apia.
NEAR_CHANGES = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes),
    st.sampled_from(
        [
            datetime(year, month, day, tzinfo=UTC)
            for year, month, day in [
                (2026, 3, 29),
                (2026, 10, 25),
                (2026, 11, 1),
                (2026, 4, 4),
                (2026, 10, 3),
                (2011, 12, 30),
            ]
        ]
    ),
    st.integers(-600, 1_440),
)
STARTS = INSTANTS | NEAR_CHANGES
PERIODS = st.sampled_from([60, 600, 3_600, 5_400, 86_400, 604_800, 0.25])
EVERIES = st.builds(
    lambda period, anchor: Every(seconds=period).anchored(anchor), PERIODS, INSTANTS
) | st.builds(lambda period: Every(seconds=period, align=True), PERIODS)
SIMPLE: st.SearchStrategy[Composable] = (
    EVERIES
    | st.builds(
        lambda cron, zone: Cron(cron, tz=zone), st.sampled_from(CRONS), st.sampled_from(ZONES)
    )
    | st.builds(Once, STARTS)
)
WINDOWS = st.tuples(st.times(), st.times(), st.sampled_from(ZONES)).filter(lambda w: w[0] != w[1])
SCHEDULES = st.recursive(
    SIMPLE, lambda inner: st.builds(lambda a, b: a | b, inner, inner), max_leaves=3
)


@given(SCHEDULES, STARTS)
def test_s38_every_instant_is_later_than_the_one_before(schedule: Composable, start: datetime):
    """S38: `next_after` is strictly monotone, and in UTC."""
    found = [start, *schedule.upcoming(20, after=start)]

    assert all(one < other for one, other in pairwise(found))
    assert all(each.tzinfo is UTC for each in found)


@given(SCHEDULES, STARTS, st.floats(0, 1, exclude_max=True))
def test_s38_the_step_before_does_not_matter(schedule: Composable, start: datetime, part: float):
    """S38: from anywhere between two instants the next one is the same."""
    found = schedule.next_after(start)
    if found is not None:
        last = found - timedelta(microseconds=1)
        assert schedule.next_after(min(start + (found - start) * part, last)) == found
        assert schedule.next_after(last) == found


@given(st.lists(SIMPLE, min_size=2, max_size=4), STARTS)
def test_s18_a_union_is_the_merge_of_its_parts(parts: list[Composable], start: datetime):
    """S18: its instants are those of its parts, sorted, each once."""
    merged = sorted({each for part in parts for each in part.upcoming(10, after=start)})[:10]

    assert Union.of(*parts).upcoming(10, after=start) == merged


@given(
    EVERIES | st.builds(lambda zone: Cron("*/20 * * * *", tz=zone), st.sampled_from(ZONES)),
    STARTS,
    WINDOWS,
)
def test_a_window_is_a_filter(
    schedule: Composable, start: datetime, window: tuple[time, time, str]
):
    """What is in a window is what is due and whose local time lies in it."""
    opening, closing, zone = window
    between = schedule.between(opening, closing, tz=zone)

    due = schedule.upcoming(200, after=start)
    kept = [each for each in due if between.window.contains(each)]

    assert between.upcoming(len(kept), after=start) == kept


@given(SCHEDULES, STARTS, STARTS)
def test_s18_to_anchor_again_changes_nothing(schedule: Schedule, one: datetime, other: datetime):
    """S18: a schedule is bound once."""
    assert schedule.anchored(one).anchored(other) == schedule.anchored(one)


@given(SCHEDULES, SCHEDULES)
def test_s19_texts_are_equal_where_declarations_are(one: Composable, other: Composable):
    """S19: equal schedules have equal texts; equal texts, apart from anchors, are due alike."""
    bound = datetime(2026, 1, 1, tzinfo=UTC)
    same = one.upcoming(5, after=bound) == other.upcoming(5, after=bound)

    if one == other:
        assert one.text == other.text
    if one.text == other.text and "every" not in one.text:
        assert same


@given(SCHEDULES)
def test_s19_a_copy_is_the_same_schedule(schedule: Composable):
    """S19: copied, or sent to another process, it is equal, and says the same."""
    for same in (copy.deepcopy(schedule), pickle.loads(pickle.dumps(schedule))):
        assert same == schedule
        assert same.text == schedule.text
        assert hash(same) == hash(schedule)
        assert same.next_after(datetime(2026, 1, 1, tzinfo=UTC)) == schedule.next_after(
            datetime(2026, 1, 1, tzinfo=UTC)
        )


WINDOWED = st.builds(lambda one, window: one.between(*window[:2], tz=window[2]), SCHEDULES, WINDOWS)


@given(SCHEDULES | WINDOWED | st.builds(lambda seconds: Delay(seconds=seconds), PERIODS))
def test_s19_a_schedule_is_read_from_its_text(schedule: Composable | Delay):
    """S19: so that workers tell each other which one a task follows; anchor and jitter apart."""
    inner = getattr(schedule, "inner", schedule)
    texts = [part.text for part in getattr(inner, "parts", ())]
    # Two grids that differ by their anchors have one text, and cannot be told.
    assume(len(set(texts)) == len(texts))

    found = schedule_of(schedule.text)

    assert found.text == schedule.text
    assert found.describe() == schedule_of(found.text).describe()


@given(st.text() | st.text(alphabet="every cron delay 0123456789ms()| between:+UTC*/", max_size=40))
def test_s19_what_is_no_text_of_a_schedule_is_refused(text: str):
    """S19: a text of a later version, or of a class of the user's own, is told from one of ours."""
    try:
        found = schedule_of(text)
    except InvalidScheduleError:
        return

    assert found.text == text


HOSTILE = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([10**5000, -(10**5000), 0, 1, -1]),
    st.floats(),
    st.decimals(),
    st.sampled_from([Decimal("sNaN"), Decimal("1e-999999999"), Decimal("1e999999")]),
    st.timedeltas(),
    st.text(),
    st.text(alphabet="0123456789*/,-#L@ monsujaw"),
    st.sampled_from(["* * * * *", "1-1/0 * * * *", "L * * * *", "* * L/0 * *", "* * * * L#9"]),
    st.binary(),
    st.complex_numbers(),
    st.lists(st.integers()),
    st.datetimes(),
    st.sampled_from([datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC)]),
    st.times(),
    st.timezones(),
    st.builds(object),
)
AFTER = datetime(2026, 1, 1, tzinfo=UTC)
DECLARATIONS = {
    "Every(weeks=)": lambda value: Every(weeks=value),
    "Every(days=)": lambda value: Every(days=value),
    "Every(hours=)": lambda value: Every(hours=value),
    "Every(minutes=)": lambda value: Every(minutes=value),
    "Every(seconds=)": lambda value: Every(seconds=value),
    "Every(align=)": lambda value: Every(hours=1, align=value),
    "Every(offset=)": lambda value: Every(hours=1, align=True, offset=value),
    "Every.anchored()": lambda value: Every(hours=1).anchored(value),
    "Every.next_after()": lambda value: Every(hours=1, align=True).next_after(value),
    "Delay(weeks=)": lambda value: Delay(weeks=value, seconds=1),
    "Delay(seconds=)": lambda value: Delay(seconds=value, hours=1),
    "Cron(expression)": Cron,
    "Cron(tz=)": lambda value: Cron("@daily", tz=value),
    "Cron(seconds=)": lambda value: Cron("@daily", seconds=value),
    "Cron.next_after()": lambda value: Cron("@daily").next_after(value),
    "Once(instant)": Once,
    "jitter(longest)": lambda value: Cron("@daily").jitter(value),
    "jitter(fixed=)": lambda value: Cron("@daily").jitter(1, fixed=value),
    "between(start)": lambda value: Cron("@daily").between(value, time(1)),
    "between(end)": lambda value: Cron("@daily").between(time(1), value),
    "between(tz=)": lambda value: Cron("@daily").between(time(1), time(2), tz=value),
    "upcoming(count)": lambda value: Once(AFTER).upcoming(value, after=AFTER),
    "upcoming(after=)": lambda value: Every(hours=1).upcoming(1, after=value),
    "|": lambda value: Every(hours=1) | value,
}


@pytest.mark.parametrize("parameter", DECLARATIONS)
@given(value=HOSTILE)
def test_s10_hostile_values_meet_our_errors_only(parameter: str, value: object):
    """S10: whatever is passed, it works, or it is a ConfigurationError at the declaration."""
    try:
        DECLARATIONS[parameter](value)
    except Exception as caught:
        error: Exception | None = caught
    else:
        error = None

    assert error is None or isinstance(error, ConfigurationError)
    assert error is None or isinstance(error, (TypeError, ValueError))
