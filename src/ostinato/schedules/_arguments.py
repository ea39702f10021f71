"""Arguments of schedules that are no durations and no instants."""

from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = ["check_count", "check_flag", "check_text"]

_LONGEST_LOOK_AHEAD = 100_000


def check_flag(argument: str, value: object) -> None:
    """Refuse what is neither True nor False.

    Raises:
        ArgumentTypeError: *value* is no bool.
    """
    if not isinstance(value, bool):
        raise ArgumentTypeError(argument, value, "pass True or False")


def check_text(argument: str, value: object, example: str) -> None:
    """Refuse what is no string, with an *example* of one.

    Raises:
        ArgumentTypeError: *value* is no string.
    """
    if not isinstance(value, str):
        raise ArgumentTypeError(argument, value, f"pass a string such as {example!r}")


def check_count(argument: str, value: object) -> None:
    """Refuse what is no number of instants to look ahead.

    Raises:
        ArgumentTypeError: *value* is no whole number.
        InvalidArgumentError: It is not between 0 and 100,000.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(argument, value, "pass a whole number")
    if not 0 <= value <= _LONGEST_LOOK_AHEAD:
        problem = "is not between 0 and 100,000"
        raise InvalidArgumentError(argument, value, problem, "ask in smaller steps")
