"""`Cron`: Debian cron's expressions and its rules for daylight-saving time, in any zone."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo

from ostinato.schedules._arguments import check_flag, check_text
from ostinato.schedules._combine import Composable
from ostinato.schedules._expression import Expression
from ostinato.schedules._instant import aware_utc
from ostinato.schedules._zone import Zone

__all__ = ["Cron"]

_SECOND = timedelta(seconds=1)
# Debian makes up for what a change of up to three hours skipped, and no more.
_LONGEST_GAP_MADE_UP = timedelta(hours=3)
_MOST_VANISHED = 2_000
# Longer than any clock was ever set back.
_LONGEST_SETBACK = timedelta(hours=26)


@dataclass(frozen=True, slots=True, init=False)
class Cron(Composable):
    """Due when the wall clock of a zone matches an expression.

    Where daylight-saving time skips or repeats local times, the rules are Debian cron's: an
    expression with fixed times (neither minute nor hour begins with `*`) runs once, at the end of
    the gap or at the first of two equal local times; one with a wildcard there runs at every real
    minute that matches.
    """

    expression: str
    zone: Zone
    _parsed: Expression = field(repr=False, compare=False)

    def __init__(self, expression: str, *, tz: str | tzinfo = "UTC", seconds: bool = False) -> None:
        """Read *expression*.

        Args:
            expression: Five fields, `@daily` and its kin, or six fields with *seconds*. Names,
                lists, ranges, steps, 0 and 7 for Sunday; `L`, `LW`, `MON#2` and `5L`.
            tz: An IANA key such as "Europe/Zurich", a fixed offset such as "+02:00", a `ZoneInfo`
                or a `datetime.timezone`.
            seconds: True: a first field for the seconds is expected.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidCronError: The expression cannot be read, or is never due.
            InvalidScheduleError: There is no such time zone.

        Examples:
            >>> Cron("0 9 * * mon-fri", tz="Europe/Zurich").describe()
            'at 09:00 on weekdays, Europe/Zurich'
        """
        check_text("expression", expression, "0 9 * * *")
        check_flag("seconds", seconds)
        parsed = Expression.of(expression, seconds=seconds)
        object.__setattr__(self, "expression", parsed.text)
        object.__setattr__(self, "zone", Zone.of(tz))
        object.__setattr__(self, "_parsed", parsed)

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"cron {self.expression} {self.zone.name}"

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the first due instant strictly after *instant*, within fifty years.

        Raises:
            InvalidArgumentError: *instant* has no time zone.
        """
        after = aware_utc("instant", instant)
        try:
            if self._parsed.is_fixed_time:
                return self._next_fixed_time(after)
            return self._next_real_time(after)
        except (OverflowError, StopIteration):
            # The calendar ends with the year 9999, and the search with its fiftieth.
            return None

    def vanished_between(self, after: datetime, until: datetime, /) -> list[datetime]:
        """Return, for each fixed time that a long gap skipped, the instant at which the gap ended.

        Those that are made up for are not among them, nor those of gaps that ended at or before
        *after*, or behind *until*; of more than 2,000 the first 2,000 are.

        Raises:
            InvalidArgumentError: *after* or *until* has no time zone.
        """
        if not self._parsed.is_fixed_time:
            return []
        first, last = aware_utc("after", after), aware_utc("until", until)
        found: list[datetime] = []
        for gap in self.zone.gaps_between(first, last, _LONGEST_GAP_MADE_UP):
            end = self.zone.local(gap.end)
            local = end - gap.length - _SECOND
            while len(found) < _MOST_VANISHED:
                try:
                    local = self._parsed.match_behind(local)
                except (OverflowError, StopIteration):
                    break
                if local >= end:
                    break
                found.append(gap.end)
        return found

    def describe(self) -> str:
        """Return the expression and the zone in words."""
        return f"{self._parsed.describe()}, {self.zone.name}"

    def _next_fixed_time(self, after: datetime) -> datetime:
        # What the clock reads for the second time has had its run.
        local = self.zone.furthest_local(after)
        while True:
            match = self._parsed.match_behind(local)
            if instants := self.zone.instants_of(match):
                return instants[0]
            gap = self.zone.gap_at(match)
            if gap.length <= _LONGEST_GAP_MADE_UP:
                return gap.end
            local = self.zone.local(gap.end) - _SECOND

    def _next_real_time(self, after: datetime) -> datetime:
        found = self._first_match(self.zone.local(after), after)
        # Where the clock is set back before that, it reads earlier times again.
        horizon = min(found, after + _LONGEST_SETBACK)
        while (change := self.zone.first_change(after, horizon)) is not None:
            before = change - _SECOND
            found = min(found, self._first_match(self.zone.local(change) - _SECOND, before))
            horizon = min(found, horizon)
            after = change
        return found

    def _first_match(self, local: datetime, after: datetime) -> datetime:
        """Return the first instant after *after* at which a local time behind *local* matches."""
        while True:
            match = self._parsed.match_behind(local)
            for found in self.zone.instants_of(match):
                if found > after:
                    return found
            # The match lies in a gap.
            local = self.zone.local(self.zone.gap_at(match).end) - _SECOND
