"""Time zones: from names to local times and back to instants."""

import re
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from difflib import get_close_matches
from typing import NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

from ostinato._shown import shown
from ostinato.errors import ArgumentTypeError, InvalidScheduleError

__all__ = ["Gap", "Zone"]

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)
_MINUTE = timedelta(minutes=1)
_SECOND = timedelta(seconds=1)
_FIXED = re.compile(r"(?:UTC)?([+-])([01]\d|2[0-3]):?([0-5]\d)", re.ASCII)
# The machine's own zone, and copies of the others, some of which count leap seconds.
_REFUSED = re.compile(r"(localtime|posixrules|Factory|right/.*|posix/.*)", re.DOTALL)


class Gap(NamedTuple):
    """Local times that no clock has read: when they were over, and how many they were."""

    end: datetime
    length: timedelta


@dataclass(frozen=True, slots=True)
class Zone:
    """A time zone with its canonical name; the process's own zone is never read."""

    name: str
    rules: tzinfo = field(repr=False, compare=False)

    @classmethod
    def of(cls, tz: object) -> "Zone":
        """Return the zone that *tz* names.

        Args:
            tz: An IANA key ("Europe/Zurich"), a fixed offset ("+02:00"), a `ZoneInfo` or a
                `datetime.timezone`.

        Raises:
            ArgumentTypeError: It is of another type.
            InvalidScheduleError: There is no such zone, or it has no name of its own.
        """
        match tz:
            case str() | ZoneInfo(key=str()):
                return _named(tz if isinstance(tz, str) else tz.key, tz)
            case timezone():
                return _fixed(tz.utcoffset(None))
            case ZoneInfo():
                reason = "a ZoneInfo without a key has no name to be stored by; pass its IANA key"
                raise InvalidScheduleError(reason)
            case _:
                remedy = "pass an IANA key such as 'Europe/Zurich', or '+02:00'"
                raise ArgumentTypeError("tz", tz, remedy)

    def local(self, instant: datetime) -> datetime:
        """Return the wall clock's reading at *instant*, naive."""
        return instant.astimezone(self.rules).replace(tzinfo=None, fold=0)

    def furthest_local(self, instant: datetime) -> datetime:
        """Return the latest time that the wall clock has read by *instant*.

        While the clock reads times for the second time, that is the one before it was set back.
        """
        local = self.local(instant)
        if not instant.astimezone(self.rules).fold:
            return local
        return self.local(self._change_between(self.instants_of(local)[0], instant) - _SECOND)

    def instants_of(self, local: datetime) -> tuple[datetime, ...]:
        """Return the instants at which the wall clock reads *local*: none, one or two."""
        before, after = self._offsets_at(local)
        if before < after:
            return ()
        offsets = (before,) if before == after else (before, after)
        return tuple((local - offset).replace(tzinfo=UTC) for offset in offsets)

    def gap_at(self, local: datetime) -> Gap:
        """Return the gap that skipped *local*, for which there are no instants."""
        before, after = self._offsets_at(local)
        low, high = ((local - offset).replace(tzinfo=UTC) for offset in (after, before))
        return Gap(self._change_between(low, high), after - before)

    def first_change(self, after: datetime, until: datetime) -> datetime | None:
        """Return the first instant in (*after*, *until*] with another offset than the one before.

        It is looked for hour by hour: of two changes within an hour that cancel each other,
        nothing is seen. No zone has had such.
        """
        if isinstance(self.rules, timezone):
            return None
        offset, low = self._offset(after), after
        while low < until:
            high = min(low + _HOUR, until)
            if self._offset(high) != offset:
                return self._change_between(low, high)
            low = high
        return None

    def gaps_between(self, after: datetime, until: datetime, longest: timedelta) -> list[Gap]:
        """Return the gaps of more than *longest* that end in (*after*, *until*].

        Only if the clock is further on by that much at the end: what was set back again in between
        is not looked for.
        """
        if self._offset(until) - self._offset(after) <= longest:
            return []
        gaps: list[Gap] = []
        low = after
        while low < until:
            high = min(low + _DAY, until)
            change = self.first_change(low, high)
            while change is not None:
                length = self._offset(change) - self._offset(change - _SECOND)
                if length > longest:
                    gaps.append(Gap(change, length))
                change = self.first_change(change, high)
            low = high
        return gaps

    def _offset(self, instant: datetime) -> timedelta:
        return instant.astimezone(self.rules).utcoffset() or timedelta(0)

    def _offsets_at(self, local: datetime) -> tuple[timedelta, timedelta]:
        """Return the offsets before and after the change that is at *local*, if there is one."""
        aware = local.replace(tzinfo=self.rules)
        before, after = aware.utcoffset(), aware.replace(fold=1).utcoffset()
        return before or timedelta(0), after or timedelta(0)

    def _change_between(self, low: datetime, high: datetime) -> datetime:
        """Return the first second in (*low*, *high*] whose offset is not that of *low*."""
        offset = self._offset(low)
        low, high = low.replace(microsecond=0), high.replace(microsecond=0) + _SECOND
        while high - low > _SECOND:
            middle = (low + (high - low) / 2).replace(microsecond=0)
            if self._offset(middle) == offset:
                low = middle
            else:
                high = middle
        return high


def _fixed(offset: timedelta) -> Zone:
    if offset % _MINUTE:
        raise InvalidScheduleError(f"the offset {offset} has seconds; pass whole minutes")
    rules = timezone(offset) if offset else UTC
    return Zone(str(rules), rules)


def _named(name: str, tz: str | ZoneInfo) -> Zone:
    if fixed := _FIXED.fullmatch(name):
        sign, hours, minutes = fixed.groups()
        offset = timedelta(hours=int(hours), minutes=int(minutes))
        return _fixed(-offset if sign == "-" else offset)
    if name == "UTC":
        return Zone(name, UTC)
    if _REFUSED.fullmatch(name):
        raise InvalidScheduleError(f"{name!r} is no zone of its own; pass the place's IANA key")
    try:
        return Zone(name, ZoneInfo(tz) if isinstance(tz, str) else tz)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        pass
    near = get_close_matches(name, available_timezones(), n=3)
    hint = f"did you mean {' or '.join(map(repr, near))}?" if near else "pass an IANA key"
    raise InvalidScheduleError(f"there is no time zone {shown(name)}; {hint}")
