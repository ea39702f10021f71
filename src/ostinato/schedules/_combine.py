"""What every schedule can do with others: union, jitter, windows, and a look ahead.

They stand in one file because each makes the others.
"""

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace
from datetime import datetime, time, timedelta, tzinfo
from hashlib import blake2b

from ostinato._duration import MILLISECOND, Duration, whole_milliseconds
from ostinato.errors import ArgumentTypeError, InvalidScheduleError
from ostinato.protocols import Schedule
from ostinato.schedules._arguments import check_count, check_flag
from ostinato.schedules._instant import aware_utc, duration_in_words
from ostinato.schedules._window import Window
from ostinato.schedules._zone import Zone

__all__ = ["Between", "Composable", "Jittered", "Union"]

# More than four years of daily openings: what was never inside by then, never is.
_OPENINGS_SEARCHED = 1_500
_MICROSECOND = timedelta(microseconds=1)


class Composable(ABC):
    """What all schedules can do; a schedule of your own inherits it.

    Such a schedule defines `next_after`. Make it a frozen dataclass, or define `text` as well.
    """

    __slots__ = ()

    @property
    def has_grid(self) -> bool:
        """Whether it is known beforehand when it is due; for `Delay` it is not."""
        return True

    @property
    def text(self) -> str:
        """The canonical text: equal for equal declarations, in every process and version.

        Raises:
            InvalidScheduleError: There is none: the class has no `repr` of its own.
        """
        if type(self).__repr__ is object.__repr__:
            name = type(self).__qualname__
            reason = f"{name} has no text that is the same in every process"
            raise InvalidScheduleError(f"{reason}; make it a dataclass, or define its text")
        return repr(self)

    @abstractmethod
    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the first instant strictly after *instant*, or None if there is none."""
        ...

    def anchored(self, at: datetime, /) -> Schedule:  # noqa: ARG002 - most schedules have no anchor
        """Return the schedule bound to its first due instant *at*, where it needs one."""
        return self

    def describe(self) -> str:
        """Return the schedule in words."""
        return self.text

    def upcoming(self, count: int, *, after: datetime) -> list[datetime]:
        """Return the next *count* instants after *after*, fewer where the schedule ends.

        A schedule that counts from its first start is taken to have started at *after*.

        Raises:
            ArgumentTypeError: *count* is no whole number, or *after* no datetime.
            InvalidArgumentError: *count* is not between 0 and 100,000, or *after* has no time zone.
        """
        check_count("count", count)
        instant = aware_utc("after", after)
        schedule = self.anchored(instant)
        instants: list[datetime] = []
        wanted = count if self.has_grid else min(count, 1)
        while len(instants) < wanted and (found := schedule.next_after(instant)) is not None:
            instants.append(found)
            instant = found
        return instants

    def __or__(self, other: Schedule) -> "Union":
        """Return the schedule that is due whenever one of the two is.

        Raises:
            ArgumentTypeError: The other is no schedule.
            InvalidScheduleError: One of them is a `Delay`, or is jittered.
        """
        return Union.of(self, other)

    __ror__ = __or__

    def jitter(self, longest: Duration, *, fixed: bool = False) -> "Jittered":
        """Delay each start by 0 to *longest*, by the same duration in every process.

        The delayed start never reaches the next instant.

        Args:
            longest: The longest delay, as seconds or a timedelta.
            fixed: True: one delay for all ticks of a task. False: each has its own.

        Raises:
            ArgumentTypeError: *longest* is no duration, or *fixed* no bool.
            InvalidArgumentError: *longest* is negative, not finite or finer than a millisecond.
            InvalidScheduleError: *longest* is not below the period, or there is a jitter already.
        """
        checked = whole_milliseconds("longest", longest)
        check_flag("fixed", fixed)
        period = getattr(self, "period", None)
        if isinstance(period, timedelta) and checked >= period:
            reason = f"the jitter of {duration_in_words(checked)} is not below the period"
            raise InvalidScheduleError(f"{reason} of {duration_in_words(period)}; shorten it")
        _refuse_jittered(self)
        return Jittered(self, checked, fixed)

    def between(self, start: time, end: time, *, tz: str | tzinfo = "UTC") -> "Between":
        """Keep the instants whose local time is at or after *start* and before *end*.

        A window whose *end* is before its *start* spans midnight.

        Raises:
            ArgumentTypeError: *start* or *end* is no time, or *tz* no zone.
            InvalidScheduleError: The window is empty, its times have a zone of their own, *tz* is
                unknown, or the schedule is a `Delay` or jittered.
        """
        _check_part(self)
        return Between(self, Window.of(start, end, Zone.of(tz)))


@dataclass(frozen=True, slots=True)
class Union(Composable):
    """Due whenever one of its parts is; instants that coincide are one."""

    parts: tuple[Schedule, ...]

    @classmethod
    def of(cls, *schedules: Schedule) -> "Union":
        """Join *schedules*, whatever their order; a union among them is taken apart.

        Raises:
            ArgumentTypeError: One of them is no schedule.
            InvalidScheduleError: One of them is a `Delay`, or is jittered.
        """
        parts: list[Schedule] = []
        for schedule in schedules:
            _check_part(schedule)
            found = schedule.parts if isinstance(schedule, Union) else (schedule,)
            parts.extend(part for part in found if part not in parts)
        return cls(tuple(sorted(parts, key=_text_of)))

    @property
    def text(self) -> str:
        """The canonical text."""
        return " | ".join(part.text for part in self.parts)

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the earliest instant strictly after *instant* that any part has."""
        found = [part.next_after(instant) for part in self.parts]
        return min((each for each in found if each is not None), default=None)

    def anchored(self, at: datetime, /) -> "Union":
        """Return the union with its parts bound to *at*."""
        return Union(tuple(part.anchored(at) for part in self.parts))

    def describe(self) -> str:
        """Return the parts in words."""
        return "; or ".join(part.describe() for part in self.parts)


@dataclass(frozen=True, slots=True)
class Jittered(Composable):
    """A schedule whose starts are spread; its instants, and so its ticks, are the inner ones."""

    inner: Schedule
    longest: timedelta
    is_fixed: bool

    @property
    def has_grid(self) -> bool:
        """Whether the inner schedule has one."""
        return _has_grid(self.inner)

    @property
    def text(self) -> str:
        """The canonical text: that of the inner schedule, whose ticks these are."""
        return self.inner.text

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the inner schedule's instant: a tick's identity knows no jitter."""
        return self.inner.next_after(instant)

    def anchored(self, at: datetime, /) -> "Jittered":
        """Return the same jitter around the bound schedule."""
        return replace(self, inner=self.inner.anchored(at))

    def describe(self) -> str:
        """Return the inner schedule in words, and the jitter."""
        return f"{self.inner.describe()}, up to {duration_in_words(self.longest)} later"

    def jitter_at(self, task_name: str, due: datetime, /) -> timedelta:
        """Return how long after *due* the task starts: the same in every process.

        It is at most the longest jitter, and never reaches the next instant.
        """
        instant = aware_utc("due", due)
        following = self.inner.next_after(instant)
        longest = self.longest
        if following is not None:
            longest = max(min(longest, following - instant - MILLISECOND), timedelta(0))
        if self.is_fixed:
            return min(_drawn(task_name, self.longest), longest)
        return _drawn(f"{task_name} {instant.isoformat()}", longest)


@dataclass(frozen=True, slots=True)
class Between(Composable):
    """The instants of a schedule that fall into a daily window of local time."""

    inner: Schedule
    window: Window

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"({self.inner.text}) {self.window.text}"

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the inner schedule's next instant that lies in the window.

        None where the inner schedule ends, or misses the window on every day of four years.
        """
        found = self.inner.next_after(instant)
        for _ in range(_OPENINGS_SEARCHED):
            if found is None or self.window.contains(found):
                return found
            # In one step, not through all that is outside the window.
            found = self.inner.next_after(self.window.closed_until(found) - _MICROSECOND)
        return None

    def anchored(self, at: datetime, /) -> "Between":
        """Return the same window around the bound schedule."""
        return replace(self, inner=self.inner.anchored(at))

    def describe(self) -> str:
        """Return the inner schedule in words, and the window."""
        return f"{self.inner.describe()}, {self.window.describe()}"


def _has_grid(schedule: Schedule) -> bool:
    return getattr(schedule, "has_grid", True) is not False


def _check_part(schedule: object) -> None:
    """Refuse what cannot be a part of another schedule."""
    if not isinstance(schedule, Schedule):
        raise ArgumentTypeError("schedule", schedule, "pass a schedule, such as Every(hours=1)")
    if not _has_grid(schedule):
        reason = f"{schedule.describe()!r} is due when its last run says"
        raise InvalidScheduleError(f"{reason}, and cannot be combined; use Every")
    _refuse_jittered(schedule)


def _refuse_jittered(schedule: Schedule) -> None:
    if isinstance(schedule, Jittered):
        reason = f"{schedule.describe()!r} has its jitter already"
        raise InvalidScheduleError(f"{reason}; combine first, and call .jitter() once, at the end")


def _text_of(schedule: Schedule) -> str:
    return schedule.text


def _drawn(seed: str, longest: timedelta) -> timedelta:
    """Return a duration of 0 to *longest* that follows from *seed* alone."""
    number = int.from_bytes(blake2b(seed.encode(), digest_size=8).digest())
    return number % (longest // MILLISECOND + 1) * MILLISECOND
