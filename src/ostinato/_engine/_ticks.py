"""Walk along the ticks of a schedule, in whole milliseconds. Pure."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol

from ostinato._instants import instant_of, milliseconds_of
from ostinato._shown import shown
from ostinato.errors import InvalidScheduleError
from ostinato.protocols import Schedule

__all__ = ["DelayTicks", "FreshTicks", "GridTicks", "Passed", "ScheduleTicks", "Ticks"]

# A year of minutes takes seconds to count: a longer range is told without its number.
_LONGEST_COUNT = 2_000


class Passed(NamedTuple):
    """The ticks from a first one to the latest that is due.

    Attributes:
        newest: The latest tick that is due.
        before: How many there are before it, from the first on; None where they are too many.
        previous: The tick before the newest; None where there is none.
        following: The tick behind the newest; None where there is none.
    """

    newest: int
    before: int | None
    previous: int | None
    following: int | None


class Ticks(Protocol):
    """The instants at which one task is due."""

    def after(self, instant: float, /) -> int | None:
        """Return the first tick strictly after *instant*."""
        ...

    def passed(self, first: int, now: float, /) -> Passed:
        """Return what lies between the tick *first*, which is due, and *now*."""
        ...


@dataclass(frozen=True, slots=True)
class GridTicks:
    """Ticks a period apart: everything follows from one division."""

    anchor: int
    period: int

    def after(self, instant: float) -> int | None:
        """Return the first tick of the grid strictly after *instant*."""
        return self.anchor + (int((instant - self.anchor) // self.period) + 1) * self.period

    def passed(self, first: int, now: float) -> Passed:
        """Return what lies between the tick *first* and *now*."""
        before = max(int((now - first) // self.period), 0)
        newest = first + before * self.period
        previous = newest - self.period if before else None
        return Passed(newest, before, previous, newest + self.period)


@dataclass(frozen=True, slots=True)
class DelayTicks:
    """A tick a period after the end of the last run: none is ever passed over."""

    period: int

    def after(self, instant: float) -> int | None:
        """Return the instant a period after *instant*, on the next whole millisecond."""
        return -int(-instant // 1) + self.period

    def passed(self, first: int, now: float) -> Passed:  # noqa: ARG002 - however late it is
        """Return the one tick that there is."""
        return Passed(first, 0, None, None)


class _Walked(ABC):
    """Ticks that are found one behind the other."""

    __slots__ = ()

    @abstractmethod
    def after(self, instant: float, /) -> int | None:
        """Return the first tick strictly after *instant*."""
        ...

    def passed(self, first: int, now: float, /) -> Passed:
        """Return what lies between the tick *first* and *now*, by walking along."""
        newest, previous = first, None
        following = self.after(first)
        before = 0
        while following is not None and following <= now:
            if before == _LONGEST_COUNT:
                return self._passed_uncounted(newest, following, now)
            newest, previous = following, newest
            following = self.after(newest)
            before += 1
        return Passed(newest, before, previous, following)

    def _passed_uncounted(self, previous: int, newest: int, now: float) -> Passed:
        """Find the two newest ticks by looking back from *now* ever further, to *newest*."""
        reach = 1_000
        while reach < now - newest:
            found = self.after(now - reach)
            behind = None if found is None or found > now else self.after(found)
            if found is not None and behind is not None and behind <= now:
                previous, newest = found, behind
                break
            reach *= 2
        following = self.after(newest)
        while following is not None and following <= now:
            newest, previous = following, newest
            following = self.after(newest)
        return Passed(newest, None, previous, following)


@dataclass(frozen=True, slots=True)
class ScheduleTicks(_Walked):
    """The ticks of any schedule, found by asking it."""

    schedule: Schedule

    def after(self, instant: float, /) -> int | None:
        """Return the schedule's first instant strictly after *instant*.

        Raises:
            InvalidScheduleError: What the schedule answers is not behind *instant*.
        """
        # Down to the millisecond: an instant within one has not passed it yet.
        asked = instant_of(instant // 1)
        found = _checked(self.schedule.next_after(asked))
        if found is not None and milliseconds_of(found) <= instant // 1 and found > asked:
            # It is finer than a millisecond, and the instant asked with was cut off.
            found = _checked(self.schedule.next_after(found))
        if found is None:
            return None
        due = milliseconds_of(found)
        if due <= instant // 1:
            # One that does not advance would be walked along for ever.
            reason = f"{found} is not behind {asked}, by a millisecond at least"
            raise InvalidScheduleError(f"{reason}; let next_after return a later instant")
        return due


@dataclass(frozen=True, slots=True)
class FreshTicks(_Walked):
    """Those of other *ticks* that are not *held* already: a clock was set back behind them."""

    ticks: Ticks
    held: Callable[[int], bool]

    def after(self, instant: float, /) -> int | None:
        """Return the first tick strictly after *instant* that nobody remembers."""
        found = self.ticks.after(instant)
        while found is not None and self.held(found):
            found = self.ticks.after(found)
        return found


def _checked(found: object) -> datetime | None:
    """Return what a schedule has answered, if it can be an instant."""
    if found is None or (isinstance(found, datetime) and found.utcoffset() is not None):
        return found
    reason = f"next_after returned {shown(found)}, which is no instant"
    raise InvalidScheduleError(f"{reason}; return an aware datetime, or None")
