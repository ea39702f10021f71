"""What becomes of a cron where the clock of its zone is changed: pure, and in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ostinato.schedules._expression import Expression

if TYPE_CHECKING:
    from ostinato.schedules._cron import Cron
    from ostinato.schedules._zone import Zone

__all__ = ["ClockChange", "changes_after"]

_SECOND = timedelta(seconds=1)
_HOUR = timedelta(hours=1)
_FIELDS_WITH_SECONDS = 6
# Of more than that, the last one is said behind them.
_MOST_LISTED = 3


@dataclass(frozen=True, slots=True)
class ClockChange:
    """A change of a zone's clock, and what becomes of a cron there.

    Attributes:
        at: The instant of the change.
        shown_before: What the clock would have read then.
        shown_after: What it reads instead.
        matches: The local times that match the cron among those skipped, or repeated.
        ticks: The instants at which it is due in the hour behind the change, or, where local times
            come twice, for as long as they do.
        words: What becomes of the cron.
    """

    at: datetime
    shown_before: datetime
    shown_after: datetime
    matches: tuple[datetime, ...]
    ticks: tuple[datetime, ...]
    words: str

    @property
    def is_forward(self) -> bool:
        """Whether local times are skipped; else they come twice."""
        return self.shown_after > self.shown_before


def changes_after(
    cron: Cron, instant: datetime, number: int, *, within: timedelta
) -> list[ClockChange]:
    """Return the first *number* changes of the cron's clock after *instant*, if so soon."""
    found: list[ClockChange] = []
    after, until = instant, instant + within
    while len(found) < number and (at := cron.zone.first_change(after, until)) is not None:
        found.append(_told(cron, at))
        after = at
    return found


def _told(cron: Cron, at: datetime) -> ClockChange:
    zone = cron.zone
    after, before = zone.local(at), zone.local(at - _SECOND) + _SECOND
    low, high = min(before, after), max(before, after)
    has_seconds = len(cron.expression.split()) == _FIELDS_WITH_SECONDS
    parsed = Expression.of(cron.expression, seconds=has_seconds)
    matches = _matches(parsed, low, high)
    if after > before:
        ticks = _ticks(cron, at - _SECOND, at + _HOUR)
        words = _skipped(matches, ticks, zone, is_fixed=parsed.is_fixed_time)
    else:
        # They came for the first time before the clock was changed.
        first, last = zone.instants_of(after)[0], at + (high - low) - _SECOND
        ticks = _ticks(cron, first - _SECOND, last)
        words = _repeated(matches, ticks, is_fixed=parsed.is_fixed_time)
    return ClockChange(at, before, after, matches, ticks, words)


def _matches(parsed: Expression, low: datetime, high: datetime) -> tuple[datetime, ...]:
    found: list[datetime] = []
    local = low - _SECOND
    while True:
        try:
            local = parsed.match_behind(local)
        except (OverflowError, StopIteration):
            break
        if local >= high:
            break
        found.append(local)
    return tuple(found)


def _ticks(cron: Cron, after: datetime, until: datetime) -> tuple[datetime, ...]:
    found: list[datetime] = []
    tick = cron.next_after(after)
    while tick is not None and tick <= until:
        found.append(tick)
        tick = cron.next_after(tick)
    return tuple(found)


def _skipped(
    matches: tuple[datetime, ...], ticks: tuple[datetime, ...], zone: Zone, *, is_fixed: bool
) -> str:
    if not matches:
        return "none of its times is skipped: nothing changes"
    skipped = f"{_listed(matches)} {'does' if len(matches) == 1 else 'do'} not exist that day"
    if not is_fixed:
        return f"{skipped}: it goes on with the next local time that matches"
    if not ticks:
        return f"{skipped}, and the gap is too long to be made up for: it does not run then"
    return f"{skipped}: it runs once, at {_clock(zone.local(ticks[0]))}, the end of the gap"


def _repeated(matches: tuple[datetime, ...], ticks: tuple[datetime, ...], *, is_fixed: bool) -> str:
    if not matches:
        return "none of its times comes twice: nothing changes"
    twice = f"{_listed(matches)} {'comes' if len(matches) == 1 else 'come'} twice that day"
    if is_fixed:
        return f"{twice}: it runs at the first of the two alone"
    return f"{twice}: it runs each time, {len(ticks)} times in all"


def _listed(times: tuple[datetime, ...]) -> str:
    words = ", ".join(_clock(each) for each in times[:_MOST_LISTED])
    return words if len(times) <= _MOST_LISTED else f"{words} ... {_clock(times[-1])}"


def _clock(local: datetime) -> str:
    return local.strftime("%H:%M:%S" if local.second else "%H:%M")
