"""Durations at the public door: what is accepted, what is refused, and why."""

from datetime import timedelta
from decimal import Decimal

from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = ["Duration", "period_seconds", "wait_seconds"]

Duration = int | float | Decimal | timedelta

_SHORTEST_PERIOD = 0.001
_LONGEST = timedelta(days=36_525).total_seconds()
_ACCEPTED = "pass seconds as an int, a float or a Decimal, or a timedelta"


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


def _finite_seconds(argument: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | timedelta):
        raise ArgumentTypeError(argument, value, _ACCEPTED)
    seconds = value.total_seconds() if isinstance(value, timedelta) else value
    if isinstance(seconds, float):
        # Without what a subclass makes of comparisons.
        seconds = float(seconds)
    if not _is_within_century(seconds):
        raise InvalidArgumentError(
            argument,
            value,
            "is not a finite duration of at most 100 years",
            "pass a smaller number of seconds",
        )
    return float(seconds)


def _is_within_century(seconds: float | Decimal) -> bool:
    # Asked before the conversion, which a large int or Decimal would not survive; and a
    # signalling NaN raises where it is compared.
    if isinstance(seconds, Decimal) and seconds.is_nan():
        return False
    return -_LONGEST <= seconds <= _LONGEST
