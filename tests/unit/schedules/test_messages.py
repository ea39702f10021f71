"""What the schedules say when they refuse something: all of it, to the letter."""

from collections.abc import Callable
from datetime import UTC, datetime, time, timedelta, timezone

import pytest

from ostinato import Cron, Delay, Every, Once
from ostinato.errors import ConfigurationError, InvalidScheduleError
from ostinato.schedules import Composable

AT = datetime(2026, 3, 4, 18, tzinfo=UTC)
NAIVE = AT.replace(tzinfo=None)
FIRST = datetime.min.replace(tzinfo=timezone(timedelta(hours=9)))
ODD = timezone(timedelta(seconds=1))
HOURLY = Every(hours=1, align=True)
NO_ZONE = " has no time zone; add one, for example tzinfo=datetime.UTC"
LIKE = "; write it like '0 9 * * mon-fri': minute, hour, day of the month, month, day of the week"


class Nameless(Composable):
    """A schedule that forgot to say what it is."""

    def next_after(self, instant: datetime, /) -> datetime | None:
        return None


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (
            lambda: Nameless().text,
            (
                "Nameless has no text that is the same in every process; make it a dataclass, "
                "or define its text"
            ),
        ),
        (
            lambda: HOURLY.upcoming("1", after=AT),
            "count='1' is of type str, which is not accepted; pass a whole number",
        ),
        (
            lambda: HOURLY.upcoming(-1, after=AT),
            "count=-1 is not between 0 and 100,000; ask in smaller steps",
        ),
        (lambda: HOURLY.upcoming(1, after=NAIVE), f"after={NAIVE!r}{NO_ZONE}"),
        (
            lambda: HOURLY.upcoming(1, after="now"),
            "after='now' is of type str, which is not accepted; pass an aware datetime",
        ),
        (lambda: HOURLY.jitter(-1), "longest=-1 is negative; pass zero or more seconds"),
        (
            lambda: HOURLY.jitter(1, fixed=0),
            "fixed=0 is of type int, which is not accepted; pass True or False",
        ),
        (
            lambda: HOURLY.jitter(3_600),
            "the jitter of 1 hour is not below the period of 1 hour; shorten it",
        ),
        (
            lambda: HOURLY.jitter(1).jitter(1),
            (
                "'every hour, from 00:00 UTC on, up to 1 second later' has its jitter already; "
                "combine first, and call .jitter() once, at the end"
            ),
        ),
        (lambda: HOURLY.jitter(1).jitter_at("task", NAIVE), f"due={NAIVE!r}{NO_ZONE}"),
        (
            lambda: HOURLY | 5,
            (
                "schedule=5 is of type int, which is not accepted; pass a schedule, such as "
                "Every(hours=1)"
            ),
        ),
        (
            lambda: HOURLY | Delay(minutes=5),
            (
                "'5 minutes after the end of the last run' is due when its last run says, and "
                "cannot be combined; use Every"
            ),
        ),
        (
            lambda: HOURLY.between("9", time(10)),
            "start='9' is of type str, which is not accepted; pass a datetime.time",
        ),
        (
            lambda: HOURLY.between(time(9), AT),
            (
                "end=datetime.datetime(2026, 3, 4, 18, 0, tzinfo=datetime.timezone.utc) is of "
                "type datetime, which is not accepted; pass a datetime.time"
            ),
        ),
        (
            lambda: HOURLY.between(time(9), time(9)),
            "the window from 09:00:00 to 09:00:00 is empty; widen it",
        ),
        (
            lambda: HOURLY.between(time(9, tzinfo=UTC), time(10)),
            "the window's start 09:00:00+00:00 has a time zone; pass it as tz= instead",
        ),
        (
            lambda: HOURLY.between(time(9), time(10, tzinfo=UTC)),
            "the window's end 10:00:00+00:00 has a time zone; pass it as tz= instead",
        ),
        (lambda: HOURLY.next_after(NAIVE), f"instant={NAIVE!r}{NO_ZONE}"),
        (
            lambda: HOURLY.next_after(FIRST),
            (
                "instant=datetime.datetime(1, 1, 1, 0, 0, "
                "tzinf...one(datetime.timedelta(seconds=32400))) lies outside the years 1 to "
                "9999 in UTC; pass one within them"
            ),
        ),
        (lambda: HOURLY.anchored(NAIVE), f"at={NAIVE!r}{NO_ZONE}"),
        (
            lambda: Every(hours=1).next_after(AT),
            "'every hour' has no grid until it is anchored; ask .anchored(instant) or .upcoming()",
        ),
        (
            lambda: Every(hours=1, align=1),
            "align=1 is of type int, which is not accepted; pass True or False",
        ),
        (lambda: Every(hours=1, offset=60), "offset= shifts an aligned grid; add align=True"),
        (
            lambda: Every(hours=1, align=True, offset=3_600),
            "the offset of 1 hour is not below the period of 1 hour; shorten it",
        ),
        (
            lambda: Every(hours=1, align=True, offset=-1),
            "offset=-1 is negative; pass zero or more seconds",
        ),
        (
            Every,
            (
                "period={} is not between 1 ms and 100 years; give at least one of weeks, days,"
                " hours, minutes and seconds"
            ),
        ),
        (
            Delay,
            (
                "period={} is not between 1 ms and 100 years; give at least one of weeks, days,"
                " hours, minutes and seconds"
            ),
        ),
        (lambda: Delay(hours=1).next_after(NAIVE), f"instant={NAIVE!r}{NO_ZONE}"),
        (
            lambda: Once(5),
            "instant=5 is of type int, which is not accepted; pass an aware datetime",
        ),
        (lambda: Once(AT).next_after(NAIVE), f"instant={NAIVE!r}{NO_ZONE}"),
        (
            lambda: Cron(5),
            "expression=5 is of type int, which is not accepted; pass a string such as '0 9 * * *'",
        ),
        (
            lambda: Cron("@daily", seconds=1),
            "seconds=1 is of type int, which is not accepted; pass True or False",
        ),
        (lambda: Cron("@daily").next_after(NAIVE), f"instant={NAIVE!r}{NO_ZONE}"),
        (
            lambda: Cron("* * *"),
            f"the cron expression '* * *' has 3 fields where 5 are expected{LIKE}",
        ),
        (
            lambda: Cron("* * * * * *"),
            (
                "the cron expression '* * * * * *' has 6 fields where 5 are expected (for six, "
                "pass seconds=True)"
                f"{LIKE}"
            ),
        ),
        (
            lambda: Cron("60 * * * *"),
            f"the cron expression '60 * * * *' cannot be read in its minute field: '60'{LIKE}",
        ),
        (
            lambda: Cron("*/61 * * * *"),
            (
                "the cron expression '*/61 * * * *' steps by 61 in its minute field, which has "
                "60 values"
                f"{LIKE}"
            ),
        ),
        (
            lambda: Cron("0 0 30 2 *"),
            f"the cron expression '0 0 30 2 *' is never due: no month has such a day{LIKE}",
        ),
        (
            lambda: Cron("@daily", tz=5),
            (
                "tz=5 is of type int, which is not accepted; pass an IANA key such as "
                "'Europe/Zurich', or '+02:00'"
            ),
        ),
        (lambda: Cron("@daily", tz="?!"), "there is no time zone '?!'; pass an IANA key"),
        (
            lambda: Cron("@daily", tz="localtime"),
            "'localtime' is no zone of its own; pass the place's IANA key",
        ),
        (lambda: Cron("@daily", tz=ODD), "the offset 0:00:01 has seconds; pass whole minutes"),
    ],
)
def test_s10_a_refusal_says_what_is_wrong_and_what_to_do(ask: Callable[[], object], message: str):
    """S10: with the argument, what was passed, and the remedy."""
    with pytest.raises(ConfigurationError) as caught:
        ask()

    assert str(caught.value) == message


def test_s37_up_to_three_zones_are_proposed():
    """S37: which those are follows from the zones that the machine knows."""
    with pytest.raises(InvalidScheduleError) as caught:
        Cron("@daily", tz="Europe/Zurig")

    said, _, proposed = str(caught.value).partition("; did you mean ")
    assert said == "there is no time zone 'Europe/Zurig'"
    assert proposed.startswith("'Europe/Zurich' or '")
    assert proposed.endswith("'?")
    assert proposed.count(" or ") == 2
