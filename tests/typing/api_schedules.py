"""Schedules, as type checkers read what users write: checked by each of them, never run."""

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import assert_type
from zoneinfo import ZoneInfo

from ostinato import Cron, Delay, Every, Once
from ostinato.schedules import Between, Composable, Jittered, Schedule, Union

hourly = Every(hours=1)
exact = Every(weeks=1, days=0.5, minutes=Decimal("0.5"), seconds=timedelta(seconds=1))
aligned = Every(minutes=15, align=True, offset=timedelta(minutes=5))
daily = Cron("0 9 * * mon-fri", tz="Europe/Zurich")
in_zone = Cron("@daily", tz=ZoneInfo("Europe/Zurich"))
at_offset = Cron("0 0 9 * * *", tz=timezone(timedelta(hours=2)), seconds=True)
later = Delay(seconds=30)
new_year = Once(datetime(2030, 1, 1, tzinfo=UTC))

assert_type(hourly | daily, Union)
assert_type(hourly.jitter(30), Jittered)
assert_type(hourly.jitter(timedelta(seconds=30), fixed=True), Jittered)
assert_type(daily.between(time(9), time(17), tz="Europe/Zurich"), Between)
assert_type((hourly | daily).between(time(9), time(17)).jitter(5), Jittered)
assert_type(daily.upcoming(3, after=datetime.now(UTC)), list[datetime])
assert_type(daily.next_after(datetime.now(UTC)), datetime | None)
assert_type(hourly.anchored(datetime.now(UTC)), Every)
assert_type(daily.describe(), str)
assert_type(daily.text, str)

schedules: list[Schedule] = [hourly, daily, later, new_year, hourly | daily, hourly.jitter(1)]


@dataclass(frozen=True)
class Nightly(Composable):
    hour: int

    def next_after(self, instant: datetime, /) -> datetime | None:
        return instant.replace(hour=self.hour) + timedelta(days=1)


assert_type(Nightly(3) | hourly, Union)
own: Schedule = Nightly(3)

# What a type checker refuses before it is run.
Every(hours="1")  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
Every(hours=timedelta(hours=1))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
Cron("@daily", tz=2)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] # ty: ignore[invalid-argument-type]
hourly | 3600  # type: ignore[operator] # pyright: ignore[reportOperatorIssue, reportUnusedExpression] # ty: ignore[unsupported-operator]
