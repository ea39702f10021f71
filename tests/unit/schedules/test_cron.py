"""`Cron`: the dialect, and local times."""

from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo

import pytest

from ostinato import Cron
from ostinato.errors import InvalidCronError, InvalidScheduleError

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)  # A Thursday.


def first(cron: Cron, count: int = 3) -> list[str]:
    return [f"{found:%m-%d %H:%M}" for found in cron.upcoming(count, after=NEW_YEAR)]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("30 9 * * *", ["01-01 09:30", "01-02 09:30", "01-03 09:30"]),
        ("0 0 * jan,MAR mon", ["01-05 00:00", "01-12 00:00", "01-19 00:00"]),
        ("5,1-2 0 * * *", ["01-01 00:01", "01-01 00:02", "01-01 00:05"]),
        ("0 1-9/4 * * *", ["01-01 01:00", "01-01 05:00", "01-01 09:00"]),
        ("*/40 * * * *", ["01-01 00:40", "01-01 01:00", "01-01 01:40"]),
        ("50/5 * * * *", ["01-01 00:50", "01-01 00:55", "01-01 01:50"]),
        ("0 12 * * 0", ["01-04 12:00", "01-11 12:00", "01-18 12:00"]),
        ("0 12 * * 7", ["01-04 12:00", "01-11 12:00", "01-18 12:00"]),
        ("0 12 L * *", ["01-31 12:00", "02-28 12:00", "03-31 12:00"]),
        ("0 12 LW * *", ["01-30 12:00", "02-27 12:00", "03-31 12:00"]),
        ("0 12 * * MON#2", ["01-12 12:00", "02-09 12:00", "03-09 12:00"]),
        ("0 12 * * 5L", ["01-30 12:00", "02-27 12:00", "03-27 12:00"]),
        ("  0 \t12 2 * *  ", ["01-02 12:00", "02-02 12:00", "03-02 12:00"]),
        ("@daily", ["01-02 00:00", "01-03 00:00", "01-04 00:00"]),
        ("@Midnight", ["01-02 00:00", "01-03 00:00", "01-04 00:00"]),
        ("@hourly", ["01-01 01:00", "01-01 02:00", "01-01 03:00"]),
        ("@weekly", ["01-04 00:00", "01-11 00:00", "01-18 00:00"]),
        ("@monthly", ["02-01 00:00", "03-01 00:00", "04-01 00:00"]),
        ("@yearly", ["01-01 00:00", "01-01 00:00", "01-01 00:00"]),
        ("@annually", ["01-01 00:00", "01-01 00:00", "01-01 00:00"]),
    ],
)
def test_s36_the_dialect(expression: str, found: list[str]):
    """S36: names, lists, ranges, steps, 0 and 7 for Sunday, macros, and cronsim's L, LW and #."""
    assert first(Cron(expression)) == found


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        # One of the two is enough.
        ("0 0 13 * fri", ["01-02 00:00", "01-09 00:00", "01-13 00:00"]),
        # Both, because one begins with a star.
        ("0 0 */2 * fri", ["01-09 00:00", "01-23 00:00", "02-13 00:00"]),
        ("0 0 13 * */5", ["02-13 00:00", "03-13 00:00", "09-13 00:00"]),
    ],
)
def test_s36_the_two_fields_for_days(expression: str, found: list[str]):
    """S36: Debian's rule: a day of either field, or of both where one begins with a star."""
    assert first(Cron(expression)) == found


def test_s36_a_range_of_one_value_is_that_value():
    """S36: `5-5` is 5, and so is `5-5/10`."""
    assert first(Cron("5-5 0 * * *")) == first(Cron("5-5/10 0 * * *")) == first(Cron("5 0 * * *"))
    assert first(Cron("0 0 * * mon-mon/2,wed")) == first(Cron("0 0 * * mon,wed"))


def test_s36_six_fields_begin_with_the_seconds():
    """S36: with `seconds=True` the first field is for the seconds."""
    cron = Cron("*/20 59 23 * * *", seconds=True)

    found = cron.upcoming(4, after=NEW_YEAR)

    assert [f"{each:%d %H:%M:%S}" for each in found] == [
        "01 23:59:00",
        "01 23:59:20",
        "01 23:59:40",
        "02 23:59:00",
    ]
    assert Cron("@daily", seconds=True).expression == "0 0 0 * * *"


@pytest.mark.parametrize(
    ("expression", "position", "message"),
    [
        ("60 * * * *", 0, "cannot be read in its minute field: '60'"),
        ("* 24 * * *", 1, "cannot be read in its hour field: '24'"),
        ("* * 0 * *", 2, "cannot be read in its day-of-month field: '0'"),
        ("* * * 13 *", 3, "cannot be read in its month field: '13'"),
        ("* * * * 8", 4, "cannot be read in its day-of-week field: '8'"),
        ("* * * * mon,fry", 4, "cannot be read in its day-of-week field: 'MON,FRY'"),
        ("30-10 * * * *", 0, "cannot be read in its minute field: '30-10'"),
        ("* * * * sat-mon", 4, "cannot be read in its day-of-week field: 'SAT-MON'"),
        ("*/0 * * * *", 0, "cannot be read in its minute field: '*/0'"),
        ("-5 * * * *", 0, "cannot be read in its minute field: '-5'"),
        ("1,,2 * * * *", 0, "cannot be read in its minute field: '1,,2'"),
        ("*/90 * * * *", 0, "steps by 90 in its minute field, which has 60 values"),
        ("0 */25 * * *", 1, "steps by 25 in its hour field, which has 24 values"),
        ("0 0 * * */8,1", 4, "steps by 8 in its day-of-week field, which has 7 values"),
        ("* * * *", None, "has 4 fields where 5 are expected;"),
        ("* * * * * *", None, "has 6 fields where 5 are expected (for six, pass seconds=True);"),
        ("@reboot", None, "has 1 fields where 5 are expected;"),
        ("", None, "has 0 fields where 5 are expected;"),
        ("0 0 30 2 *", None, "is never due"),
        ("0 0 31 4,6 *", None, "is never due"),
        ("0 0 */13 2 mon#5", None, "is never due"),
    ],
)
def test_s10_s36_what_cannot_be_is_refused(expression: str, position: int | None, message: str):
    """S10, S36: the error names the field, its position and what it says."""
    with pytest.raises(InvalidCronError) as caught:
        Cron(expression)

    assert message in str(caught.value)
    assert (caught.value.expression, caught.value.position) == (expression, position)


def test_s10_a_number_that_python_refuses_to_read_is_refused_as_any_other():
    """S10: thousands of digits are an InvalidCronError, shown in short."""
    with pytest.raises(InvalidCronError, match="cannot be read in its minute field") as caught:
        Cron(f"{'9' * 5_000} * * * *")

    assert caught.value.position == 0


def test_s36_the_position_counts_the_fields_that_were_given():
    """S36: with six fields the first one is that of the seconds."""
    with pytest.raises(InvalidCronError, match="second field: '61'") as caught:
        Cron("61 * * * * *", seconds=True)

    assert caught.value.position == 0


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("*/{} * * * * *", 60),
        ("0 */{} * * * *", 60),
        ("0 0 */{} * * *", 24),
        ("0 0 0 */{} * *", 31),
        ("0 0 0 1 */{} *", 12),
        ("0 0 0 * * */{}", 7),
    ],
)
def test_s36_a_step_is_as_long_as_its_field_at_the_most(expression: str, values: int):
    """S36: a longer one would never be taken."""
    longest = Cron(expression.format(values), seconds=True)

    assert longest.next_after(NEW_YEAR) is not None
    with pytest.raises(InvalidCronError, match=f"steps by {values + 1} .* has {values} values"):
        Cron(expression.format(values + 1), seconds=True)


def test_s37_the_zone_is_utc_unless_it_is_named():
    """S37: an IANA key, a ZoneInfo, a fixed offset; UTC where nothing is said."""
    assert first(Cron("0 9 * * *"), 1) == ["01-01 09:00"]
    assert first(Cron("0 9 * * *", tz="Europe/Zurich"), 1) == ["01-01 08:00"]
    assert first(Cron("0 9 * * *", tz=ZoneInfo("Asia/Tokyo")), 1) == ["01-02 00:00"]
    assert first(Cron("0 9 * * *", tz="+05:30"), 1) == ["01-01 03:30"]
    assert first(Cron("0 9 * * *", tz="+05:45"), 1) == ["01-01 03:15"]
    assert first(Cron("0 9 * * *", tz="-03:30"), 1) == ["01-01 12:30"]
    assert first(Cron("0 9 * * *", tz=timezone(timedelta(hours=-3))), 1) == ["01-01 12:00"]


@pytest.mark.parametrize(
    ("tz", "message"),
    [
        ("Europe/Zurig", "there is no time zone 'Europe/Zurig'; did you mean 'Europe/Zurich'"),
        ("?!", "there is no time zone '?!'; pass an IANA key"),
        ("", "there is no time zone ''"),
        ("Europe", "there is no time zone 'Europe'"),
        ("../etc/passwd", "there is no time zone"),
        ("+25:00", "there is no time zone"),
        ("localtime", "'localtime' is no zone of its own"),
        ("right/Europe/Zurich", "is no zone of its own"),
        (timezone(timedelta(seconds=1)), "has seconds; pass whole minutes"),
    ],
)
def test_s10_s37_an_unknown_zone_is_refused(tz: str | timezone, message: str):
    """S10, S37: what names no zone, or the machine's own, is refused with a hint."""
    with pytest.raises(InvalidScheduleError) as caught:
        Cron("0 9 * * *", tz=tz)

    assert message in str(caught.value)


def test_s10_a_zone_without_a_key_is_refused():
    """S10: a zone read from a file has no name that others know."""
    files = [Path(folder, "Europe", "Zurich") for folder in TZPATH]
    with next(file for file in files if file.exists()).open("rb") as data:
        nameless = ZoneInfo.from_file(data)

    with pytest.raises(InvalidScheduleError) as caught:
        Cron("0 9 * * *", tz=nameless)

    assert str(caught.value) == (
        "a ZoneInfo without a key has no name to be stored by; pass its IANA key"
    )


def test_s19_zones_of_one_name_are_equal():
    """S19: whoever has read the rules, and how often."""
    again = ZoneInfo.no_cache("Europe/Zurich")

    assert Cron("@daily", tz=again) == Cron("@daily", tz="Europe/Zurich")


def test_a_fixed_offset_has_one_name_however_it_is_written():
    """Two ways to write one offset give equal schedules; the label of a timezone is not read."""
    written = [
        Cron("0 9 * * *", tz=tz)
        for tz in ("+02:00", "UTC+0200", timezone(timedelta(hours=2), "any label"))
    ]

    assert {cron.text for cron in written} == {"cron 0 9 * * * UTC+02:00"}
    assert len(set(written)) == 1
    assert Cron("0 9 * * *", tz=UTC) == Cron("0 9 * * *", tz="-00:00") == Cron("0 9 * * *")


@pytest.mark.parametrize(
    "expression", ["0 0 29 2 *", "0 0 * 2 mon#5", "59 23 31 12 fri", "0 0 29 2 */7", "0 0 1 1 *"]
)
def test_s38_rare_instants_are_found(expression: str):
    """S38: leap days and fifth Mondays are found over the gap around the year 2100."""
    cron = Cron(expression, tz="Europe/Zurich")
    instant = datetime(1970, 1, 1, tzinfo=UTC)

    while instant.year < 2101:
        found = cron.next_after(instant)
        assert found is not None
        assert found > instant
        instant = found


def test_s38_the_end_of_the_calendar_is_the_end():
    """S38: where no year is left, the answer is None and not an error."""
    late = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

    assert Cron("0 9 * * *").next_after(late) is None
    assert Cron("*/5 * * * *", tz="Pacific/Kiritimati").next_after(late) is None
    assert Cron("0 0 29 2 *").next_after(datetime(9996, 3, 1, tzinfo=UTC)) is None
    assert Cron("* * 29 2 *").next_after(datetime(9996, 3, 1, tzinfo=UTC)) is None


def test_s45_there_are_no_leap_seconds():
    """S45: the second after 23:59:59 is midnight, on a day with a leap second too."""
    cron = Cron("* * * * * *", seconds=True)

    assert cron.upcoming(1, after=datetime(2016, 12, 31, 23, 59, 59, tzinfo=UTC)) == [
        datetime(2017, 1, 1, tzinfo=UTC)
    ]


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 9 * * mon-fri", "at 09:00 on weekdays, Europe/Zurich"),
        ("@daily", "at 00:00 every day, Europe/Zurich"),
        ("*/15 * * * *", "every 15 minutes, Europe/Zurich"),
        ("*/5 * * * *", "every 5 minutes, Europe/Zurich"),
        ("0 */2 * * *", "at the start of every second hour, Europe/Zurich"),
        ("15 10 * * 0-6", "at 10:15 every day, Europe/Zurich"),
        ("0 0 21,22,23,31 * *", "21st, the 22nd, the 23rd, and the 31st day of the month, Europe/"),
        ("0 0 13 * fri", "at 00:00 on the 13th day of the month or on Friday, Europe/Zurich"),
        ("0 0 */7 * mon", "if it's on Monday"),
        ("0 0 29 2 *", "at 00:00 on February 29, Europe/Zurich"),
    ],
)
def test_a_cron_describes_itself(expression: str, words: str):
    """The words are short, and cannot be misread."""
    assert words in Cron(expression, tz="Europe/Zurich").describe()


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("* * * * *", "every minute, UTC"),
        ("*/2 * * * *", "every 2 minutes, UTC"),
        ("*/5 * * * *", "every 5 minutes, UTC"),
        ("*/10 * * * *", "every 10 minutes, UTC"),
        ("*/12 * * * *", "every 12 minutes, UTC"),
        ("*/15 * * * *", "every 15 minutes, UTC"),
        ("*/20 * * * *", "every 20 minutes, UTC"),
        ("*/30 * * * *", "every 30 minutes, UTC"),
        ("*/7 * * * *", "every seventh minute of every hour, UTC"),
        ("*/53 * * * *", "every 53rd minute of every hour, UTC"),
        ("0 * * * *", "at the start of every hour, UTC"),
        ("7 */22 * * *", "at minute 7 past every 22nd hour, UTC"),
        ("0 0 1,21,23 * *", "at 00:00 on the first, the 21st, and the 23rd day of the month, UTC"),
        ("0 0 */2 * fri", "at 00:00 on every second day of the month if it's on Friday, UTC"),
        ("0 9 L * *", "at 09:00 on the last day of every month, UTC"),
        (
            "0 0 1,9/5 * *",
            (
                "at 00:00 on the first day of the month"
                " and every fifth day of the month from 9 through 31, UTC"
            ),
        ),
    ],
)
def test_the_words_of_a_cron_are_these(expression: str, words: str):
    """They are shown in lists of tasks, where one reads them quickly."""
    assert Cron(expression).describe() == words


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("0 0 13 * fri", "on the 13th day of the month or on Friday"),
        ("0 0 1-7 * mon", "on every day of the month from 1 through 7 or on Monday"),
        ("0 0 9/5 * mon-fri", "on every fifth day of the month from 9 through 31 or on weekdays"),
        ("0 0 L * mon#1", "on the last day of the month or on the first Monday of the month"),
        ("0 0 1-7 * sun-sat", "on every day of the month from 1 through 7 or every day"),
    ],
)
def test_s36_of_two_fields_for_days_one_is_enough_in_words_as_well(expression: str, words: str):
    """S36: `1-7 * mon` is no first Monday, and is not described as if it were."""
    assert Cron(expression).describe() == f"at 00:00 {words}, UTC"
