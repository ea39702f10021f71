"""A clock that stands still until it is told to go on."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush
from itertools import count

from ostinato._duration import Duration, Number, whole_milliseconds
from ostinato.schedules._instant import aware_utc

__all__ = ["ManualClock"]

_START = datetime(2030, 1, 1, tzinfo=UTC)
# On a loop that does not tell whether it has something to do.
_TURNS = 20


class _ManualTimer:
    __slots__ = ("callback",)

    def __init__(self, callback: Callable[[], object]) -> None:
        self.callback: Callable[[], object] | None = callback

    def cancel(self) -> None:
        self.callback = None


class ManualClock:
    """Both clocks of a machine, the wall's and the monotonic one, moved by `advance` alone.

    Examples:
        >>> clock = ManualClock(datetime(2030, 1, 1, 9, tzinfo=UTC))
        >>> asyncio.run(clock.advance(hours=1))
        >>> clock.instant.isoformat()
        '2030-01-01T10:00:00+00:00'
    """

    def __init__(self, start: datetime = _START) -> None:
        """Begin at the instant *start*; by default the first of January 2030 in UTC.

        Raises:
            ArgumentTypeError: *start* is no datetime.
            InvalidArgumentError: *start* has no time zone, or UTC has no year for it.
        """
        # In whole microseconds: a sum of floats would drift.
        self._wall = (aware_utc("start", start) - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
        self._elapsed = 0
        self._timers: list[tuple[int, int, _ManualTimer]] = []
        self._numbers = count()
        # What lets the loop finish what is due, and when something else than a timer comes.
        self._settle: Callable[[], Awaitable[None]] = _settle
        self._next_elsewhere: Callable[[], float | None] = _nothing

    @property
    def instant(self) -> datetime:
        """The wall clock's time, in UTC."""
        return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=self._wall + self._elapsed)

    def now(self) -> float:
        """Return the wall clock's time, in seconds since 1970 in UTC."""
        return (self._wall + self._elapsed) / 1_000_000

    def monotonic(self) -> float:
        """Return the seconds that have passed since the clock was made."""
        return self._elapsed / 1_000_000

    def call_later(self, delay: float, callback: Callable[[], object], /) -> _ManualTimer:
        """Call *callback* when the clock is advanced past *delay* seconds."""
        timer = _ManualTimer(callback)
        due = self._elapsed + -int(-max(delay, 0.0) * 1_000_000 // 1)
        heappush(self._timers, (due, next(self._numbers), timer))
        return timer

    async def advance(
        self,
        *,
        weeks: Number = 0,
        days: Number = 0,
        hours: Number = 0,
        minutes: Number = 0,
        seconds: Duration = 0,
    ) -> None:
        """Let time pass, and let happen in it, in its order, all that is due.

        Args:
            weeks: Weeks.
            days: Days, of 24 hours each.
            hours: Hours.
            minutes: Minutes.
            seconds: Seconds, or a timedelta.

        Raises:
            ArgumentTypeError: An argument is no duration.
            InvalidArgumentError: A duration is negative, or finer than a millisecond.
        """
        parts = {"weeks": weeks * 7 * 86_400, "days": days * 86_400}
        parts |= {"hours": hours * 3_600, "minutes": minutes * 60}
        span = sum((whole_milliseconds(*part) for part in parts.items()), timedelta())
        await self._advance_by((span + whole_milliseconds("seconds", seconds)) // _MICROSECOND)

    async def _advance_by(self, microseconds: int) -> None:
        end = self._elapsed + microseconds
        # However little is due, others have their turn, and a cancellation arrives.
        await asyncio.sleep(0)
        await self._settle()
        while (due := self._next_due()) is not None and due <= end:
            self._elapsed = max(due, self._elapsed)
            self._fire()
            await self._settle()
        # What was called may have let time pass by itself.
        self._elapsed = max(end, self._elapsed)
        await self._settle()

    async def _step(self) -> None:
        """Let pass what time there is to the next thing that is due."""
        due = self._next_due()
        await self._advance_by(1_000 if due is None else max(due - self._elapsed, 0))

    def set_wall(self, seconds: Duration) -> None:
        """Set the wall clock by *seconds*, which may be negative: no time passes."""
        delta = seconds if isinstance(seconds, timedelta) else timedelta(seconds=float(seconds))
        self._wall += delta // _MICROSECOND

    def _next_due(self) -> int | None:
        timers = self._timers
        while timers and timers[0][2].callback is None:
            heappop(timers)
        mine = timers[0][0] if timers else None
        elsewhere = self._due_elsewhere()
        if mine is None or elsewhere is None:
            return elsewhere if mine is None else mine
        return min(mine, elsewhere)

    def _due_elsewhere(self) -> int | None:
        """Return when something else than a timer comes, in microseconds."""
        elsewhere = self._next_elsewhere()
        return None if elsewhere is None else -int(-elsewhere * 1_000_000 // 1)

    def _is_due_elsewhere(self) -> bool:
        """Return whether something else than a timer is due."""
        due = self._due_elsewhere()
        return due is not None and due <= self._elapsed

    def _fire(self) -> None:
        timers = self._timers
        while timers and timers[0][0] <= self._elapsed:
            timer = heappop(timers)[2]
            if (callback := timer.callback) is not None:
                timer.callback = None
                callback()


_MICROSECOND = timedelta(microseconds=1)


def _nothing() -> None:
    return None


async def _settle() -> None:
    for _ in range(_TURNS):
        await asyncio.sleep(0)
