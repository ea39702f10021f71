"""`Every`: a fixed rate, on a grid that never drifts."""

from copy import copy
from dataclasses import dataclass
from datetime import datetime, timedelta

from ostinato._duration import (
    MILLISECOND,
    Duration,
    Number,
    millisecond_period,
    whole_milliseconds,
)
from ostinato.errors import InvalidScheduleError
from ostinato.schedules._arguments import check_flag
from ostinato.schedules._combine import Composable
from ostinato.schedules._instant import EPOCH, aware_utc, duration_in_words, whole_millisecond

__all__ = ["Every"]

_HOUR, _DAY, _WEEK = timedelta(hours=1), timedelta(days=1), timedelta(weeks=1)
_TIMES_SHOWN = 4


@dataclass(frozen=True, slots=True, init=False)
class Every(Composable):
    """Due once per period: at the anchor, one period later, two periods later, for ever."""

    period: timedelta
    is_aligned: bool
    offset: timedelta
    anchor: datetime | None

    def __init__(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
        align: bool = False,
        offset: Duration = 0,
    ) -> None:
        """Add up the period.

        Args:
            weeks: Weeks of the period.
            days: Days of the period, of 24 hours each, whatever the clocks do.
            hours: Hours of the period.
            minutes: Minutes of the period.
            seconds: Seconds of the period, or a timedelta.
            align: True: the grid is that of the multiples of the period since 1970 in UTC.
                False: it begins with the first due instant.
            offset: How much later than the multiples an aligned grid lies, as seconds or a
                timedelta.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidArgumentError: The period is not between 1 ms and 100 years, or a duration is
                finer than a millisecond.
            InvalidScheduleError: The offset is given without *align*, or is not below the period.

        Examples:
            >>> Every(minutes=90).describe()
            'every 90 minutes'
        """
        period = millisecond_period(
            weeks=weeks, days=days, hours=hours, minutes=minutes, seconds=seconds
        )
        check_flag("align", align)
        shift = whole_milliseconds("offset", offset)
        if shift and not align:
            raise InvalidScheduleError("offset= shifts an aligned grid; add align=True")
        if shift >= period:
            reason = f"the offset of {duration_in_words(shift)} is not below the period"
            raise InvalidScheduleError(f"{reason} of {duration_in_words(period)}; shorten it")
        object.__setattr__(self, "period", period)
        object.__setattr__(self, "is_aligned", align)
        object.__setattr__(self, "offset", shift)
        object.__setattr__(self, "anchor", EPOCH + shift if align else None)

    @property
    def text(self) -> str:
        """The canonical text: the declaration, not the anchor."""
        text = f"every {self.period // MILLISECOND} ms"
        return f"{text} aligned +{self.offset // MILLISECOND} ms" if self.is_aligned else text

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the first instant of the grid strictly after *instant*.

        Raises:
            InvalidArgumentError: *instant* has no time zone.
            InvalidScheduleError: The grid is not anchored yet.
        """
        if self.anchor is None:
            reason = "has no grid until it is anchored; ask .anchored(instant) or .upcoming()"
            raise InvalidScheduleError(f"{self.describe()!r} {reason}")
        passed = (aware_utc("instant", instant) - self.anchor) // self.period
        # An aligned grid has always been; another begins with its anchor.
        number = passed + 1 if self.is_aligned else max(passed + 1, 0)
        try:
            return self.anchor + number * self.period
        except OverflowError:
            # The calendar ends with the year 9999.
            return None

    def anchored(self, at: datetime, /) -> "Every":
        """Return the schedule with its grid at *at*; one that has a grid keeps it.

        Raises:
            ArgumentTypeError: *at* is no datetime.
            InvalidArgumentError: *at* has no time zone.
        """
        anchor = whole_millisecond("at", at)
        if self.anchor is not None:
            return self
        bound = copy(self)
        object.__setattr__(bound, "anchor", anchor)
        return bound

    def describe(self) -> str:
        """Return the period in words; with the phase, where the grid is known and it matters."""
        words = f"every {duration_in_words(self.period).removeprefix('1 ')}"
        if self.anchor is None or (self.period < _HOUR and not self.is_aligned):
            return words
        if self.is_aligned:
            return f"{words}, {self._phase(self.anchor)}"
        anchor = self.anchor.replace(second=0, microsecond=0)
        return f"{words}, {self._phase(anchor)}, since its first start"

    def _phase(self, anchor: datetime) -> str:
        """Return where in the day, or in the week, the grid at *anchor* lies."""
        if self.period == _WEEK:
            return f"on {anchor:%A} at {_clock(anchor)} UTC"
        if self.period == _DAY:
            return f"at {_clock(anchor)} UTC"
        if _DAY % self.period:
            return f"counted from {anchor:%Y-%m-%d} {_clock(anchor)} UTC"
        first = EPOCH + (anchor - EPOCH) % self.period
        if _DAY // self.period > _TIMES_SHOWN:
            return f"from {_clock(first)} UTC on"
        *most, last = (_clock(first + n * self.period) for n in range(_DAY // self.period))
        return f"at {', '.join(most)} and {last} UTC"


def _clock(instant: datetime) -> str:
    exact = instant.second or instant.microsecond
    return instant.time().isoformat("auto" if exact else "minutes")
