"""`Delay`: a pause between the end of one run and the start of the next."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato._duration import MILLISECOND, Duration, Number, millisecond_period
from ostinato.schedules._combine import Composable
from ostinato.schedules._instant import aware_utc, duration_in_words

__all__ = ["Delay"]


@dataclass(frozen=True, slots=True, init=False)
class Delay(Composable):
    """Due a period after the last run ended: the one schedule without a grid."""

    period: timedelta

    def __init__(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
    ) -> None:
        """Add up the period.

        Args:
            weeks: Weeks of the period.
            days: Days of the period, of 24 hours each.
            hours: Hours of the period.
            minutes: Minutes of the period.
            seconds: Seconds of the period, or a timedelta.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidArgumentError: The period is not between 1 ms and 100 years, or finer than a
                millisecond.

        Examples:
            >>> Delay(seconds=30).describe()
            '30 seconds after the end of the last run'
        """
        period = millisecond_period(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        object.__setattr__(self, "period", period)

    @property
    def has_grid(self) -> bool:
        """Whether it is known beforehand when it is due: it is not."""
        return False

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"delay {self.period // MILLISECOND} ms"

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the instant a period after *instant*, the end of a run.

        Raises:
            InvalidArgumentError: *instant* has no time zone.
        """
        try:
            return aware_utc("instant", instant) + self.period
        except OverflowError:
            # The calendar ends with the year 9999.
            return None

    def describe(self) -> str:
        """Return the period in words."""
        return f"{duration_in_words(self.period)} after the end of the last run"
