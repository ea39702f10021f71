"""How much of the history is kept."""

import math
from dataclasses import dataclass

from ostinato.errors import ArgumentTypeError, InvalidArgumentError

__all__ = ["History"]

_MOST = 1_000_000
_MOST_DAYS = 36_500
_DAY = 86_400_000


@dataclass(frozen=True, slots=True)
class History:
    """How much is remembered of each task, once in an hour; runs under way always are.

    Attributes:
        runs: The latest so many runs, and ranges of skipped ticks.
        failures: Of those before, the latest so many that failed.
        days: For how many days at the most.
    """

    runs: int = 1_000
    failures: int = 200
    days: float = 30

    def __post_init__(self) -> None:
        """Check the numbers.

        Raises:
            ArgumentTypeError: One of them is none.
            InvalidArgumentError: One of them is too small, or too large.
        """
        for name, least in (("runs", 1), ("failures", 0)):
            number = getattr(self, name)
            if isinstance(number, bool) or not isinstance(number, int):
                raise ArgumentTypeError(name, number, "pass a whole number")
            if not least <= number <= _MOST:
                problem = f"is not between {least} and {_MOST}"
                raise InvalidArgumentError(name, number, problem, "pass how many are to be kept")
        _check_days(self.days)

    @property
    def milliseconds(self) -> int:
        """For how long anything is remembered."""
        return round(self.days * _DAY)


def _check_days(days: object) -> None:
    if isinstance(days, bool) or not isinstance(days, int | float):
        raise ArgumentTypeError("days", days, "pass a number of days")
    if math.isnan(days) or not 0 < days <= _MOST_DAYS:
        problem = f"is not above 0 and up to {_MOST_DAYS}"
        raise InvalidArgumentError("days", days, problem, "pass how many days are kept")
