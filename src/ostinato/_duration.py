"""Durations at the public door: what is accepted, what is refused, and why."""

from datetime import timedelta
from decimal import Decimal

from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = [
    "MILLISECOND",
    "Duration",
    "Number",
    "millisecond_period",
    "period_seconds",
    "wait_seconds",
    "whole_milliseconds",
]

Number = int | float | Decimal
Duration = Number | timedelta

MILLISECOND = timedelta(milliseconds=1)

_SHORTEST_PERIOD = 0.001
_LONGEST = timedelta(days=36_525).total_seconds()
_ACCEPTED = "pass seconds as an int, a float or a Decimal, or a timedelta"
_UNITS = {
    "weeks": 604_800_000,
    "days": 86_400_000,
    "hours": 3_600_000,
    "minutes": 60_000,
    "seconds": 1_000,
}
# A Decimal this small has no exact ratio that would fit into the memory.
_SMALLEST_EXPONENT = -30


def period_seconds(argument: str, value: object) -> float:
    """Return the period *value* in seconds.

    Args:
        argument: The name of the argument, for the message.
        value: Seconds as an int, float or Decimal, or a timedelta.

    Raises:
        ArgumentTypeError: *value* is of another type; a bool is no number here.
        InvalidArgumentError: *value* is NaN, infinite, shorter than 1 ms or longer than 100
            years. A NaN would corrupt the event loop's timers, and zero would spin.

    Examples:
        >>> period_seconds("seconds", timedelta(minutes=2))
        120.0
    """
    seconds = _finite_seconds(argument, value)
    if seconds < _SHORTEST_PERIOD:
        raise InvalidArgumentError(
            argument, value, "is shorter than 1 ms", "pass a period of at least 0.001 seconds"
        )
    return seconds


def wait_seconds(argument: str, value: object) -> float:
    """Return the wait *value* in seconds; zero is allowed.

    Args:
        argument: The name of the argument, for the message.
        value: Seconds as an int, float or Decimal, or a timedelta.

    Raises:
        ArgumentTypeError: *value* is of another type; a bool is no number here.
        InvalidArgumentError: *value* is NaN, infinite, negative or longer than 100 years.
    """
    seconds = _finite_seconds(argument, value)
    if seconds < 0:
        raise InvalidArgumentError(argument, value, "is negative", "pass zero or more seconds")
    return seconds


def millisecond_period(**parts: object) -> timedelta:
    """Return the sum of *parts* as one period of whole milliseconds.

    Args:
        parts: Numbers of `weeks`, `days`, `hours`, `minutes` and `seconds`; `seconds` may be a
            timedelta.

    Raises:
        ArgumentTypeError: A part is of another type; a bool is no number here.
        InvalidArgumentError: A part is negative, not finite or finer than a millisecond, or their
            sum is not between 1 ms and 100 years.

    Examples:
        >>> millisecond_period(hours=1, minutes=30)
        datetime.timedelta(seconds=5400)
    """
    for name, value in parts.items():
        if isinstance(value, timedelta) and name != "seconds":
            raise ArgumentTypeError(name, value, "pass a number, or seconds=timedelta(...)")
    total = sum(_milliseconds(name, value, _UNITS[name]) for name, value in parts.items())
    if not 1 <= total <= _LONGEST * 1_000:
        raise InvalidArgumentError(
            "period",
            {name: value for name, value in parts.items() if value},
            "is not between 1 ms and 100 years",
            "give at least one of weeks, days, hours, minutes and seconds",
        )
    return timedelta(milliseconds=total)


def whole_milliseconds(argument: str, value: object) -> timedelta:
    """Return the duration *value* in whole milliseconds; zero is allowed.

    Args:
        argument: The name of the argument, for the message.
        value: Seconds as an int, float or Decimal, or a timedelta.

    Raises:
        ArgumentTypeError: *value* is of another type; a bool is no number here.
        InvalidArgumentError: *value* is negative, not finite, finer than a millisecond or longer
            than 100 years.
    """
    return timedelta(milliseconds=_milliseconds(argument, value, 1_000))


def _finite_seconds(argument: str, value: object) -> float:
    duration = _accepted(argument, value)
    seconds = duration.total_seconds() if isinstance(duration, timedelta) else duration
    if not _is_within_century(seconds):
        raise InvalidArgumentError(
            argument,
            value,
            "is not a finite duration of at most 100 years",
            "pass a smaller number of seconds",
        )
    return float(seconds)


def _accepted(argument: str, value: object) -> Duration:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | timedelta):
        raise ArgumentTypeError(argument, value, _ACCEPTED)
    # Without what a subclass makes of comparisons.
    return float(value) if isinstance(value, float) else value


def _is_within_century(seconds: float | Decimal) -> bool:
    # Asked before the conversion, which a large int or Decimal would not survive; and a
    # signalling NaN raises where it is compared.
    if isinstance(seconds, Decimal) and seconds.is_nan():
        return False
    return -_LONGEST <= seconds <= _LONGEST


def _milliseconds(argument: str, value: object, unit: int) -> int:
    """Return *value*, which counts units of *unit* milliseconds, as whole milliseconds."""
    wait_seconds(argument, value)  # For what it refuses.
    whole = _rounded(_accepted(argument, value), unit)
    if whole is None:
        raise InvalidArgumentError(
            argument, value, "is finer than a millisecond", "pass whole milliseconds"
        )
    return whole


def _rounded(value: Duration, unit: int) -> int | None:
    """Return *value* times *unit* if that is a whole number, for a float as nearly as it can be."""
    if isinstance(value, timedelta):
        whole, rest = divmod(value // timedelta(microseconds=1), 1_000)
        return None if rest else whole
    if isinstance(value, Decimal) and value and value.adjusted() < _SMALLEST_EXPONENT:
        return None
    numerator, denominator = value.as_integer_ratio()
    numerator *= unit
    whole = (2 * numerator + denominator) // (2 * denominator)
    error = abs(numerator - whole * denominator)
    # Of a third of an hour, and of 0.1 + 0.2 seconds, what the float is off by was not meant.
    is_meant = error * 10**6 > denominator and error * 2**50 > numerator
    if error and (is_meant or not isinstance(value, float)):
        return None
    return whole
