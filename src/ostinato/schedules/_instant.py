"""Instants at the public door: aware, in UTC; and durations in words."""

from datetime import UTC, datetime, timedelta

from ostinato._duration import MILLISECOND
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = ["EPOCH", "aware_utc", "duration_in_words", "whole_millisecond"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_UNITS = {
    "week": timedelta(weeks=1),
    "day": timedelta(days=1),
    "hour": timedelta(hours=1),
    "minute": timedelta(minutes=1),
    "second": timedelta(seconds=1),
    "millisecond": MILLISECOND,
}
# Up to this many of a smaller unit are easier to read than two units: 90 minutes, 36 hours.
_READABLE = 120


def aware_utc(argument: str, instant: object) -> datetime:
    """Return *instant* in UTC.

    Raises:
        ArgumentTypeError: It is no datetime.
        InvalidArgumentError: It is naive, so that it names no instant, or UTC has no year for it.
    """
    if not isinstance(instant, datetime):
        raise ArgumentTypeError(argument, instant, "pass an aware datetime")
    if instant.utcoffset() is None:
        remedy = "add one, for example tzinfo=datetime.UTC"
        raise InvalidArgumentError(argument, instant, "has no time zone", remedy)
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        problem = "lies outside the years 1 to 9999 in UTC"
        raise InvalidArgumentError(argument, instant, problem, "pass one within them") from None


def whole_millisecond(argument: str, instant: object) -> datetime:
    """Return *instant* in UTC, without what is finer than a millisecond.

    Every store keeps a millisecond exactly.

    Raises:
        ArgumentTypeError: It is no datetime.
        InvalidArgumentError: It has no time zone.
    """
    exact = aware_utc(argument, instant)
    return exact - timedelta(microseconds=exact.microsecond % 1_000)


def duration_in_words(duration: timedelta) -> str:
    """Return *duration*, in whole milliseconds, in words.

    Examples:
        >>> duration_in_words(timedelta(hours=1))
        '1 hour'
        >>> duration_in_words(timedelta(minutes=90))
        '90 minutes'
        >>> duration_in_words(timedelta(days=1, seconds=1))
        '1 day and 1 second'
    """
    for name, unit in _UNITS.items():
        count, rest = divmod(duration, unit)
        if not rest and count <= _READABLE:
            return _counted(count, name)
    words: list[str] = []
    for name, unit in _UNITS.items():
        count, duration = divmod(duration, unit)
        if count:
            words.append(_counted(count, name))
    *most, last = words
    return f"{', '.join(most)} and {last}" if most else last


def _counted(count: int, name: str) -> str:
    return f"{count} {name}" if count == 1 else f"{count} {name}s"
