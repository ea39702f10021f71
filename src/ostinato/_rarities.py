"""What most runs do without, and so is made when it is asked for."""

from __future__ import annotations

from threading import Event
from typing import TYPE_CHECKING, Any

from ostinato._outcomes import SkipReason
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Rarities", "check_progress"]


class Rarities:
    """What most runs do without."""

    __slots__ = (
        "cancelled",
        "count",
        "fence",
        "id",
        "is_cancelled",
        "last_due",
        "lease_lost",
        "message",
        "progressed",
        "reason",
    )

    def __init__(self) -> None:
        """Begin with nothing out of the ordinary."""
        self.id: str | None = None
        # Guards a transaction; only while the run is under way.
        self.fence: Callable[[Any, object], None] | None = None
        self.is_cancelled = False
        self.cancelled: Event | None = None
        self.lease_lost: Event | None = None
        self.progressed: float | None = None
        self.message: str | None = None
        self.reason: SkipReason | None = None
        self.count = 1
        self.last_due: int | None = None

    def __getstate__(self) -> dict[str, object]:
        """Return what a copy, or another process, has: events belong to the run under way."""
        state: dict[str, object] = {name: getattr(self, name) for name in self.__slots__}
        state["cancelled"] = state["fence"] = None
        state["lease_lost"] = self.lease_lost is not None and self.lease_lost.is_set()
        return state

    def __setstate__(self, state: dict[str, object]) -> None:
        """Have *state*, and an event only where it is set."""
        for name, value in state.items():
            setattr(self, name, value)
        self.lease_lost = None
        if state["lease_lost"]:
            self.lease_lost = Event()
            self.lease_lost.set()


def check_progress(fraction: object, message: object) -> None:
    """Check how far a run says that it is, and what it says that it is doing.

    Raises:
        ArgumentTypeError: *fraction* is no number, or *message* no string.
        InvalidArgumentError: *fraction* is not between 0 and 1.
    """
    if isinstance(fraction, bool) or not isinstance(fraction, int | float):
        raise ArgumentTypeError("fraction", fraction, "pass a number from 0 to 1")
    if not 0 <= fraction <= 1:
        raise InvalidArgumentError(
            "fraction", fraction, "is not between 0 and 1", "pass the part that is done"
        )
    if message is not None and not isinstance(message, str):
        raise ArgumentTypeError("message", message, "pass a string")
