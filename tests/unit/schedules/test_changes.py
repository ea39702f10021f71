"""Cron where clocks are changed: the cases by which other libraries have fallen."""

from datetime import UTC, datetime, timedelta

import pytest

from ostinato import Cron


def due(expression: str, zone: str, first: str, last: str) -> list[str]:
    """Return what is due from *first* to *last*, as `day hour:minute` in UTC."""
    instant, end = (datetime.fromisoformat(each).replace(tzinfo=UTC) for each in (first, last))
    cron = Cron(expression, tz=zone)
    found: list[str] = []
    while (following := cron.next_after(instant)) is not None and following < end:
        assert following > instant
        found.append(f"{following:%d %H:%M}")
        instant = following
    return found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        # 02:00 to 03:00 does not exist on the 8th: it ends at 07:00 UTC.
        ("30 2 * * *", ["07 07:30", "08 07:00", "09 06:30"]),
        ("10,20,30 2 * * *", ["07 07:10", "07 07:20", "07 07:30", "08 07:00"]),
        ("0 3 * * *", ["07 08:00", "08 07:00", "09 07:00"]),
        ("0 2,3 * * *", ["07 07:00", "07 08:00", "08 07:00", "09 06:00"]),
        ("0 2-4 * * *", ["07 07:00", "07 08:00", "07 09:00", "08 07:00", "08 08:00"]),
    ],
)
def test_s39_a_fixed_time_that_vanished_runs_once_at_the_end_of_the_gap(
    expression: str, found: list[str]
):
    """S39, S42: in New York a run at 02:30 is made up for at 03:00, once, whatever else is due."""
    assert due(expression, "America/New_York", "2026-03-07", "2026-03-10")[: len(found)] == found


def test_s41_a_wildcard_runs_on_real_minutes_over_a_gap():
    """S41: `*/30` in New York runs each half hour of real time, and makes up for nothing."""
    found = due("*/30 * * * *", "America/New_York", "2026-03-08T06:00", "2026-03-08T08:01")

    assert found == ["08 06:30", "08 07:00", "08 07:30", "08 08:00"]


def test_s41_a_fixed_time_runs_at_the_first_of_two_equal_local_times():
    """S41: 01:30 comes twice in New York on the 1st; the run is at the first."""
    found = due("30 1 * * *", "America/New_York", "2026-10-31", "2026-11-03")

    assert found == ["31 05:30", "01 05:30", "02 06:30"]


def test_s41_a_wildcard_runs_in_both_of_two_equal_hours():
    """S41: `*/30` in New York goes on each half hour of real time."""
    found = due("*/30 * * * *", "America/New_York", "2026-11-01T04:59", "2026-11-01T07:31")

    assert found == ["01 05:00", "01 05:30", "01 06:00", "01 06:30", "01 07:00", "01 07:30"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("30 * * * *", ["01 04:30", "01 05:30", "01 06:30", "01 07:30"]),
        ("*/30 1 * * *", ["01 05:00", "01 05:30", "01 06:00", "01 06:30"]),
    ],
)
def test_s41_one_wildcard_is_enough(expression: str, found: list[str]):
    """S41: in the minutes or in the hours; in New York 01:30 comes twice on the 1st."""
    assert due(expression, "America/New_York", "2026-11-01T04:00", "2026-11-01T08:00") == found


def test_s41_every_second_of_a_fixed_hour_runs_once():
    """S41: six fields have the same rules: in the second of two equal hours nothing runs."""
    cron = Cron("* 30 1 * * *", tz="America/New_York", seconds=True)

    asked = datetime(2026, 11, 1, 5, 30, 59, tzinfo=UTC)

    assert cron.next_after(asked) == datetime(2026, 11, 2, 6, 30, tzinfo=UTC)


def test_s41_asked_while_times_come_again_a_fixed_time_waits_for_the_hour_to_end():
    """S41: in the second of two equal hours nothing of a fixed time is due, to its last second."""
    cron = Cron("* 0-59 0-23 * * *", tz="America/New_York", seconds=True)

    asked = datetime(2026, 11, 1, 6, 10, 30, tzinfo=UTC)

    assert cron.next_after(asked) == datetime(2026, 11, 1, 7, tzinfo=UTC)


def test_s38_s41_the_last_second_before_a_clock_is_set_back_is_not_due_twice():
    """S38, S41: asked at the first 02:59:59 in Zurich, the second one is next."""
    cron = Cron("59 59 * * * *", tz="Europe/Zurich", seconds=True)

    found = cron.upcoming(2, after=datetime(2026, 10, 25, 0, 59, 59, tzinfo=UTC))

    assert [f"{each:%H:%M:%S}" for each in found] == ["01:59:59", "02:59:59"]


def test_s39_s43_a_vanished_midnight_is_made_up_for():
    """S39, S43: in Santiago the 8th of September 2024 began at 01:00."""
    found = due("0 0 * * *", "America/Santiago", "2024-09-07", "2024-09-10")

    assert found == ["07 04:00", "08 04:00", "09 03:00"]


def test_s39_s43_three_hours_are_made_up_for():
    """S39, S43: at Casey the 18th of October 2009 went on with 05:00 after 01:59."""
    found = due("30 2 * * *", "Antarctica/Casey", "2009-10-16", "2009-10-19")

    assert found == ["16 18:30", "17 18:00", "18 15:30"]


def test_s40_the_end_of_a_long_gap_is_as_good_as_any_other_instant():
    """S40: in Samoa the 31st of December 2011 had its midnight."""
    found = due("0 0 * * *", "Pacific/Apia", "2011-12-29", "2012-01-01")

    assert found == ["29 10:00", "30 10:00", "31 10:00"]


def test_s40_a_day_that_never_was_is_not_made_up_for():
    """S40: Samoa left out the 30th of December 2011, and went on with the 31st."""
    found = due("0 9 * * *", "Pacific/Apia", "2011-12-29", "2012-01-01")

    assert found == ["29 19:00", "30 19:00", "31 19:00"]
    assert due("0 9 30 12 *", "Pacific/Apia", "2011-12-01", "2012-01-31") == []


def test_s38_s40_a_lost_day_does_not_hold_up_the_search():
    """S38, S40: not one of the 86,400 seconds of Samoa's lost day is tried."""
    cron = Cron("* * * * * *", tz="Pacific/Apia", seconds=True)

    assert cron.next_after(datetime(2011, 12, 30, 9, 59, 59, tzinfo=UTC)) == datetime(
        2011, 12, 30, 10, tzinfo=UTC
    )


def test_s43_half_an_hour_is_made_up_for():
    """S43: Lord Howe skips 02:00 to 02:30; a run at 02:15 comes at 02:30, which is 15:30 UTC."""
    found = due("15 2 * * *", "Australia/Lord_Howe", "2026-10-02T20:00", "2026-10-04T20:00")

    assert found == ["03 15:30", "04 15:15"]


def test_s41_s43_the_hourly_run_at_the_end_of_half_an_hour_is_there():
    """S41, S43: on Lord Howe the half past of the skipped hour exists, and is the gap's end."""
    found = due("30 * * * *", "Australia/Lord_Howe", "2026-10-03T14:00", "2026-10-03T17:00")

    assert found == ["03 15:00", "03 15:30", "03 16:30"]


def test_s43_half_an_hour_is_not_run_twice():
    """S43: Lord Howe repeats 01:30 to 02:00; a run at 01:45 comes once, a quarter-hourly twice."""
    stretch = ("Australia/Lord_Howe", "2026-04-04T14:29", "2026-04-04T15:46")

    assert due("45 1 * * *", *stretch) == ["04 14:45"]
    assert due("*/15 * * * *", *stretch) == [
        "04 14:30",
        "04 14:45",
        "04 15:00",
        "04 15:15",
        "04 15:30",
        "04 15:45",
    ]


def test_s43_negative_daylight_saving_is_none_of_our_business():
    """S43: Dublin's winter is the exception there; its changes are like those of others."""
    assert due("30 1 * * *", "Europe/Dublin", "2026-03-28", "2026-03-31") == [
        "28 01:30",
        "29 01:00",
        "30 00:30",
    ]
    assert due("30 1 * * *", "Europe/Dublin", "2026-10-24T00:00", "2026-10-27") == [
        "24 00:30",
        "25 00:30",
        "26 01:30",
    ]


def test_s43_four_changes_a_year():
    """S43: Casablanca suspends its time for Ramadan: 02:30 twice on the 15th, never on the 22nd."""
    assert due("30 2 * * *", "Africa/Casablanca", "2026-02-14", "2026-02-17") == [
        "14 01:30",
        "15 01:30",
        "16 02:30",
    ]
    assert due("30 2 * * *", "Africa/Casablanca", "2026-03-21", "2026-03-24") == [
        "21 02:30",
        "22 02:00",
        "23 01:30",
    ]


def test_s42_the_days_around_a_change_are_as_always():
    """S42: a year of a daily run in Zurich has each of its days, once."""
    cron = Cron("30 2 * * *", tz="Europe/Zurich")
    found = cron.upcoming(365, after=datetime(2025, 12, 31, 12, tzinfo=UTC))

    days = [each.astimezone(cron.zone.rules).date() for each in found]

    assert len(set(days)) == 365
    assert sum(each.astimezone(cron.zone.rules).hour == 2 for each in found) == 364


def test_a_local_time_has_no_instant_or_one_or_two():
    """In Zurich: a day in June, the hour that is skipped in March, the one that comes twice."""
    zone = Cron("@daily", tz="Europe/Zurich").zone

    found = [
        zone.instants_of(datetime.fromisoformat(local))
        for local in ("2026-06-01T12:00", "2026-03-29T02:30", "2026-10-25T02:30")
    ]

    assert [[f"{each:%H:%M}" for each in instants] for instants in found] == [
        ["10:00"],
        [],
        ["00:30", "01:30"],
    ]


def test_a_change_is_found_to_the_second_and_no_later_than_it_is_asked_for():
    """Zurich's clock is set back at 01:00 UTC, wherever between two seconds one asks."""
    zone, change = Cron("@daily", tz="Europe/Zurich").zone, datetime(2026, 10, 25, 1, tzinfo=UTC)
    minutes, odd = timedelta(minutes=10), timedelta(microseconds=7)

    assert zone.first_change(change - minutes + odd, change + minutes + odd) == change
    assert zone.first_change(change - minutes - odd, change) == change
    assert zone.first_change(change - minutes, change - odd) is None
    assert zone.first_change(change, change + minutes) is None


@pytest.mark.parametrize(
    ("expression", "number"),
    [
        ("0 9 * * *", 1),
        ("0 9 30 12 *", 1),
        ("0 9 31 12 *", 0),
        ("0,30 0,23 * * *", 4),
        ("*/15 * * * *", 0),
        ("0-59 0-23 * * *", 1_440),
    ],
)
def test_s40_it_is_known_which_times_a_lost_day_has_taken(expression: str, number: int):
    """S40: each fixed time of Samoa's lost day, at the instant at which that was over."""
    cron = Cron(expression, tz="Pacific/Apia")
    over = datetime(2011, 12, 30, 10, tzinfo=UTC)
    before, after = datetime(2011, 1, 1, tzinfo=UTC), datetime(2012, 12, 31, tzinfo=UTC)

    assert cron.vanished_between(before, after) == [over] * number
    assert cron.vanished_between(before, over) == [over] * number
    assert cron.vanished_between(over, after) == []
    assert cron.vanished_between(before, datetime(2011, 12, 30, 9, 59, 59, tzinfo=UTC)) == []


def test_s39_s40_what_is_made_up_for_has_not_vanished():
    """S39, S40: a gap of an hour is made up for; and there are zones without any."""
    year = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)

    assert Cron("30 2 * * *", tz="America/New_York").vanished_between(*year) == []
    assert Cron("30 2 * * *").vanished_between(*year) == []


def test_s40_of_too_many_times_the_first_are_told():
    """S40: a cron of every second has lost 86,400 of them."""
    cron = Cron("0-59 0-59 0-23 * * *", tz="Pacific/Apia", seconds=True)
    around = datetime(2011, 12, 29, tzinfo=UTC), datetime(2012, 1, 1, tzinfo=UTC)

    assert len(cron.vanished_between(*around)) == 2_000
