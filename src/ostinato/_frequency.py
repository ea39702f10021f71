"""How often a task may be due that its store is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from ostinato._duration import MILLISECOND
from ostinato.errors import TooFrequentError
from ostinato.schedules import Between, Jittered, Union

if TYPE_CHECKING:
    from ostinato._task import Task
    from ostinato.protocols import Schedule

__all__ = ["Frequency"]

# In milliseconds: each tick is claimed at the store, on this machine or over the network.
_SHORTEST_NEAR, _SHORTEST_FAR = 50, 1_000


@dataclass(frozen=True, slots=True)
class Frequency:
    """How often a store can be asked.

    Attributes:
        store: The store's address, without a password.
        is_near: Whether it is on this machine.
    """

    store: str
    is_near: bool

    def check(self, task: Task, schedule: Schedule) -> None:
        """Check that the store can be asked as often as *task* is due by *schedule*.

        Raises:
            TooFrequentError: It cannot.
        """
        period = _shortest_period(schedule) if task.is_shared else None
        shortest = _SHORTEST_NEAR if self.is_near else _SHORTEST_FAR
        if period is not None and period < shortest:
            raise TooFrequentError(task.name, period, self.store, shortest)


def _shortest_period(schedule: Schedule) -> int | None:
    """Return the shortest period of *schedule* and its parts in milliseconds, if it has any."""
    match schedule:
        case Union():
            periods = [_shortest_period(part) for part in schedule.parts]
            return min((period for period in periods if period is not None), default=None)
        case Jittered() | Between():
            return _shortest_period(schedule.inner)
        case _:
            period: object = getattr(schedule, "period", None)
            return period // MILLISECOND if isinstance(period, timedelta) else None
