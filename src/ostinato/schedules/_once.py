"""`Once`: one instant."""

from dataclasses import dataclass
from datetime import datetime

from ostinato.schedules._combine import Composable
from ostinato.schedules._instant import aware_utc, whole_millisecond

__all__ = ["Once"]


@dataclass(frozen=True, slots=True, init=False)
class Once(Composable):
    """Due at one instant, and never again."""

    instant: datetime

    def __init__(self, instant: datetime) -> None:
        """Name the *instant*; what is finer than a millisecond is cut off.

        Raises:
            ArgumentTypeError: It is no datetime.
            InvalidArgumentError: It has no time zone.

        Examples:
            >>> Once(datetime.fromisoformat("2030-01-01T08:00+01:00")).describe()
            'once, at 2030-01-01 07:00:00 UTC'
        """
        object.__setattr__(self, "instant", whole_millisecond("instant", instant))

    @property
    def text(self) -> str:
        """The canonical text."""
        return f"once {self.instant.isoformat()}"

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the instant, if it lies after *instant*.

        Raises:
            InvalidArgumentError: *instant* has no time zone.
        """
        return self.instant if self.instant > aware_utc("instant", instant) else None

    def describe(self) -> str:
        """Return the instant in words."""
        return f"once, at {self.instant.replace(tzinfo=None)} UTC"
