"""From the canonical text of a schedule back to the schedule."""

import re
from datetime import datetime, time
from decimal import Decimal

from ostinato.errors import InvalidScheduleError, OstinatoError
from ostinato.protocols import Schedule
from ostinato.schedules._combine import Between, Union
from ostinato.schedules._cron import Cron
from ostinato.schedules._delay import Delay
from ostinato.schedules._every import Every
from ostinato.schedules._once import Once
from ostinato.schedules._window import Window
from ostinato.schedules._zone import Zone

__all__ = ["schedule_of"]

_EVERY = re.compile(r"every (\d+) ms(?: aligned \+(\d+) ms)?")
_DELAY = re.compile(r"delay (\d+) ms")
_ONCE = re.compile(r"once (\S+)")
_CRON = re.compile(r"cron (\S.*) (\S+)")
_WINDOW = re.compile(r"\((.+)\) between (\S+) (\S+) (\S+)", re.DOTALL)
_FIELDS_WITH_SECONDS = 6


def schedule_of(text: str) -> Schedule:
    """Return the schedule whose canonical text is *text*: without anchor and jitter.

    Raises:
        InvalidScheduleError: There is none, as for a class of the user's own, or a later version's.
    """
    try:
        schedule = _read(text)
    except (OstinatoError, ValueError, OverflowError) as error:
        raise InvalidScheduleError(f"{_reason(text)} ({error})") from error
    if schedule is None or schedule.text != text:
        raise InvalidScheduleError(_reason(text))
    return schedule


def _reason(text: str) -> str:
    return f"{text!r} is the text of no schedule of this library; use one of its own"


def _read(text: str) -> Schedule | None:
    parts = _parts_of(text)
    if len(parts) > 1:
        return Union.of(*(schedule_of(part) for part in parts))
    return _read_period(text) or _read_calendar(text)


def _read_period(text: str) -> Every | Delay | None:
    if found := _EVERY.fullmatch(text):
        period = Decimal(found[1]) / 1_000
        if found[2] is None:
            return Every(seconds=period)
        return Every(seconds=period, align=True, offset=Decimal(found[2]) / 1_000)
    if found := _DELAY.fullmatch(text):
        return Delay(seconds=Decimal(found[1]) / 1_000)
    return None


def _read_calendar(text: str) -> Schedule | None:
    if found := _ONCE.fullmatch(text):
        return Once(datetime.fromisoformat(found[1]))
    if found := _WINDOW.fullmatch(text):
        inner, start, end, zone = found.groups()
        window = Window.of(time.fromisoformat(start), time.fromisoformat(end), Zone.of(zone))
        return Between(schedule_of(inner), window)
    if found := _CRON.fullmatch(text):
        expression, zone = found.groups()
        return Cron(expression, tz=zone, seconds=len(expression.split()) == _FIELDS_WITH_SECONDS)
    return None


def _parts_of(text: str) -> list[str]:
    """Return the parts of a union: what ` | ` divides outside of parentheses."""
    parts, depth, begin = list[str](), 0, 0
    for place, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if depth == 0 and text.startswith(" | ", place):
            parts.append(text[begin:place])
            begin = place + 3
    return [*parts, text[begin:]]
