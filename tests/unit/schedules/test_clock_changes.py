from datetime import UTC, datetime, timedelta

import pytest

from ostinato import Cron
from ostinato.schedules._clock_changes import ClockChange, changes_after

NOVEMBER = datetime(2026, 11, 22, tzinfo=UTC)


def changes(expression: str, tz: str) -> list[ClockChange]:
    return changes_after(Cron(expression, tz=tz), NOVEMBER, 2, within=timedelta(days=400))


@pytest.mark.parametrize(
    ("expression", "tz", "forward", "back"),
    [
        pytest.param(
            "30 2 * * *",
            "America/New_York",
            "02:30 does not exist that day: it runs once, at 03:00, the end of the gap",
            "none of its times comes twice: nothing changes",
            id="fixed-in-the-gap",
        ),
        pytest.param(
            "0,30 1 * * *",
            "America/New_York",
            "none of its times is skipped: nothing changes",
            "01:00, 01:30 come twice that day: it runs at the first of the two alone",
            id="fixed-twice",
        ),
        pytest.param(
            "*/10 * * * *",
            "Europe/Zurich",
            "02:00, 02:10, 02:20 ... 02:50 do not exist that day: it goes on with the next local "
            "time that matches",
            "02:00, 02:10, 02:20 ... 02:50 come twice that day: it runs each time, 12 times in all",
            id="wildcard",
        ),
    ],
)
def test_s41_a_change_of_the_clock_is_told_as_the_schedule_keeps_it(
    expression: str, tz: str, forward: str, back: str
):
    """S39 to S41: what is said of the next two changes is what the schedule does there."""
    spring, autumn = changes(expression, tz)

    assert (spring.is_forward, spring.words) == (True, forward)
    assert (autumn.is_forward, autumn.words) == (False, back)


def test_s39_the_ticks_of_a_change_are_those_of_the_schedule():
    """S39: the instants that are told are due instants, in the hour behind the change."""
    spring, autumn = changes("30 1,2 * * *", "America/New_York")

    assert spring.at == datetime(2027, 3, 14, 7, tzinfo=UTC)
    assert spring.ticks == (spring.at,)
    assert autumn.ticks == (datetime(2027, 11, 7, 5, 30, tzinfo=UTC),)


def test_a_zone_whose_clock_is_not_changed_has_no_changes():
    """Nothing is said of what does not happen."""
    assert changes("30 2 * * *", "UTC") == changes("30 2 * * *", "America/Phoenix") == []


def test_s40_a_gap_that_is_too_long_to_be_made_up_for_is_told():
    """S40: a day that a place has skipped is no daylight-saving time."""
    before = datetime(2011, 12, 29, tzinfo=UTC)

    change, *_ = changes_after(
        Cron("0 9 30 12 *", tz="Pacific/Apia"), before, 1, within=timedelta(days=9)
    )

    assert change.words == (
        "09:00 does not exist that day, and the gap is too long to be made up for: it does not run "
        "then"
    )
