"""The judge of daylight-saving time: glibc's `zdump` and a scan minute by minute.

It shares no code with the library: other program, no search, no time-zone module of Python's.
"""

import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import available_timezones

__all__ = ["Change", "changes_of", "due_minutes", "every_distinct_change"]

_LINE = re.compile(r" (\w{3} \w{3} [ \d]\d [\d:]{8} \d+) UT = .* gmtoff=(-?\d+)$")
_MINUTES_OF_A_DAY = 1_440
_LONGEST_GAP_MADE_UP = 180


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a zone's offset: its minute since 1970, and the offsets in minutes."""

    zone: str
    minute: int
    before: int
    after: int


def changes_of(zone: str, *, first: int = 1970, last: int = 2037) -> list[Change]:
    """Return every change of *zone*'s offset in the years from *first* to *last*."""
    command = ["zdump", "-v", "-c", f"{first},{last + 1}", zone]
    printed = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    readings: list[tuple[int, int]] = []
    for line in printed.splitlines():
        if found := _LINE.search(line):
            instant = datetime.strptime(found[1], "%a %b %d %H:%M:%S %Y").replace(tzinfo=UTC)
            readings.append((int(instant.timestamp()), int(found[2])))
    changes = []
    # zdump prints pairs: the last second before a change, and its first.
    for (_, before), (instant, after) in zip(readings[::2], readings[1::2], strict=True):
        whole = not (instant % 60 or before % 60 or after % 60)
        if before != after and whole and instant >= 0:
            changes.append(Change(zone, instant // 60, before // 60, after // 60))
    return changes


def every_distinct_change() -> list[Change]:
    """Return every change of every IANA zone from 1970 to 2037, once for all that share it."""
    distinct: dict[tuple[int, int, int], Change] = {}
    # The machine's own zone is refused, and is a copy of another.
    for zone in sorted(available_timezones() - {"localtime", "Factory"}):
        for change in changes_of(zone):
            distinct.setdefault((change.minute, change.before, change.after), change)
    return list(distinct.values())


def due_minutes(
    local_minutes: frozenset[int], *, is_fixed_time: bool, change: Change, reach: int
) -> list[int]:
    """Return the minutes since 1970 within *reach* of the *change* at which a daily job is due.

    Args:
        local_minutes: The minutes of the local day at which the job is due.
        is_fixed_time: Whether Debian's rules for fixed times hold, or those for wildcards.
        change: The change, and the only one that is near.
        reach: How many minutes before and after the change are scanned.
    """
    skipped = change.after - change.before
    seen: set[int] = set()
    due: list[int] = []
    for minute, local in _scan(change, reach):
        is_due = local % _MINUTES_OF_A_DAY in local_minutes
        if is_fixed_time:
            # The second of two equal local times is passed over.
            is_due = is_due and local not in seen
            seen.add(local)
            if minute == change.minute and 0 < skipped <= _LONGEST_GAP_MADE_UP:
                vanished = range(minute + change.before, minute + change.after)
                is_due = is_due or any(
                    each % _MINUTES_OF_A_DAY in local_minutes for each in vanished
                )
        if is_due:
            due.append(minute)
    return due


def _scan(change: Change, reach: int) -> Iterable[tuple[int, int]]:
    """Yield every minute within *reach* of the *change* with the wall clock's reading."""
    for minute in range(change.minute - reach, change.minute + reach):
        offset = change.before if minute < change.minute else change.after
        yield minute, minute + offset
