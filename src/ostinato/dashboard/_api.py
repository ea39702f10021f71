"""What the operations of the API share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from ostinato.dashboard._answer import Answer, encoded
from ostinato.dashboard._seams import Remembered, Steered, Watched

if TYPE_CHECKING:
    from collections.abc import Callable

    from ostinato.dashboard._fragments import Fragments
    from ostinato.dashboard._texts import Texts
    from ostinato.protocols import Clock

__all__ = ["Api", "Served", "answered"]


class Served(Watched, Remembered, Steered, Protocol):
    """A scheduler that can be looked at and steered."""


@dataclass(frozen=True, slots=True)
class Api:
    """A scheduler as it is shown.

    Attributes:
        scheduler: The scheduler.
        clock: Its clock.
        texts: Shortens and redacts what is shown.
        can_control: Whether there are operations that steer.
        fragments: Builds the JSON of tasks, and keeps what does not change.
    """

    scheduler: Served
    clock: Clock
    texts: Texts
    can_control: bool
    fragments: Fragments

    def now(self) -> float:
        """Return the time, in milliseconds since 1970."""
        return self.clock.now() * 1_000


def answered(shape: Callable[[], object], *, status: int = 200) -> Callable[[], Answer]:
    """Return what builds the response that has the JSON of what *shape* returns."""
    return lambda: Answer(status, encoded(shape()))
