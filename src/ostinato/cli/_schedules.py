"""Schedules as people write them: `every 10 minutes`, `0 9 * * mon-fri Europe/Zurich`."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING

from ostinato.errors import InvalidArgumentError, InvalidScheduleError
from ostinato.schedules import Cron, Delay, Every
from ostinato.schedules._reading import schedule_of

if TYPE_CHECKING:
    from ostinato.protocols import Schedule

__all__ = ["schedule_in"]

# In milliseconds.
_SIZES = {
    "ms": 1,
    "s": 1_000,
    "second": 1_000,
    "min": 60_000,
    "minute": 60_000,
    "h": 3_600_000,
    "hour": 3_600_000,
    "d": 86_400_000,
    "day": 86_400_000,
}
_PERIOD = re.compile(r"(every|delay)\s+(?:(\d+(?:\.\d+)?)\s*)?([a-z]+)", re.IGNORECASE)
_CRON = re.compile(r"(?:cron\s+)?((?:[\d*]|@[a-z]).*)", re.IGNORECASE)
_ZONE = re.compile(r"UTC(?:[+-]\d\d:\d\d)?|[A-Z][A-Za-z_]+/[A-Z][\w+/-]+|[+-]\d\d:\d\d")
_FIELDS_WITH_SECONDS = 6


def schedule_in(words: str) -> Schedule:
    """Return the schedule that *words* say: a period, a cron with its zone, or a canonical text.

    Raises:
        InvalidArgumentError: They say none.
        InvalidScheduleError: They say one that cannot be.
    """
    said = words.strip()
    if (period := _PERIOD.fullmatch(said)) and (size := _size_of(period[3].lower())):
        seconds = Decimal(period[2] or 1) * size / 1_000
        kind = Every if period[1].lower() == "every" else Delay
        return kind(seconds=seconds)
    if (cron := _CRON.fullmatch(said)) and " | " not in said:
        *fields, last = cron[1].split()
        if not fields or _ZONE.fullmatch(last) is None:
            fields, last = [*fields, last], "UTC"
        return Cron(" ".join(fields), tz=last, seconds=len(fields) == _FIELDS_WITH_SECONDS)
    try:
        return schedule_of(said)
    except InvalidScheduleError:
        remedy = "write it like 'every 10 minutes', 'delay 30 s' or '0 9 * * mon-fri Europe/Zurich'"
        raise InvalidArgumentError("SCHEDULE", words, "is no schedule", remedy) from None


def _size_of(unit: str) -> int | None:
    """Return how many milliseconds a *unit* has, named in the singular or the plural."""
    return _SIZES.get(unit) or _SIZES.get(unit.removesuffix("s"))
