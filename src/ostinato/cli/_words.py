"""Instants, durations and other people's text, as a terminal shows them."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING

from ostinato._clock import SystemClock
from ostinato._instants import instant_of
from ostinato.errors import InvalidArgumentError
from ostinato.schedules._instant import aware_utc

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["distance", "instant_in", "now", "plain", "shown", "taken"]

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_SPAN = re.compile(r"(?:(\d+(?:\.\d+)?)([wdhms]))")
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400


def now() -> datetime:
    """Return the time of this machine."""
    return instant_of(SystemClock().now() * 1_000)


def plain(text: str) -> str:
    """Return *text* without what steers a terminal."""
    return "".join(
        each if each.isprintable() or each == "\n" else "\N{REPLACEMENT CHARACTER}" for each in text
    )


def shown(instant: datetime) -> str:
    """Return *instant*, in UTC, to the second."""
    return instant.strftime("%Y-%m-%d %H:%M:%S")


def taken(duration: timedelta | None) -> str:
    """Return how long something took, in few letters."""
    if duration is None:
        return ""
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 10:  # noqa: PLR2004 - of what takes longer, nobody asks for tenths
        return f"{seconds:.1f} s"
    return _span(seconds)


def distance(instant: datetime, at: datetime) -> str:
    """Return how far *instant* is from what is now *at*: `in 3 min`, `2 h ago`."""
    seconds = (instant - at).total_seconds()
    if -1 < seconds < 1:
        return "now"
    return f"in {_span(seconds)}" if seconds > 0 else f"{_span(-seconds)} ago"


def instant_in(argument: str, text: str, at: datetime, *, is_past: bool = False) -> datetime:
    """Return the instant that *text* names: `90m` or `1d12h` from *at* on, or in ISO 8601.

    Args:
        argument: What it was given as.
        text: What was given.
        at: From when on a span is counted.
        is_past: Whether it is counted backwards.

    Raises:
        InvalidArgumentError: It is neither, or has no time zone.
    """
    wanted = text.strip().lower().removesuffix(" ago")
    spans = _SPAN.findall(wanted)
    if spans and "".join(map("".join, spans)) == wanted:
        try:
            seconds = sum(float(each) * _UNITS[unit] for each, unit in spans)
            return at + timedelta(seconds=-seconds if is_past else seconds)
        except OverflowError:
            pass
    try:
        return aware_utc(argument, at.fromisoformat(text.strip()))
    except ValueError as error:
        if isinstance(error, InvalidArgumentError):
            raise
        remedy = "write 90m, 36h, 7d or 1d12h, or an instant such as 2030-01-01T00:00Z"
        raise InvalidArgumentError(
            argument, text, "is no duration and no instant", remedy
        ) from None


def _span(seconds: float) -> str:
    if seconds < 2 * _MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * _HOUR:
        return f"{seconds / _MINUTE:.0f} min"
    if seconds < 2 * _DAY:
        return f"{seconds / _HOUR:.0f} h"
    return f"{seconds / _DAY:.0f} days"
