"""How often a task may be due that its store is asked for."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ostinato._duration import MILLISECOND
from ostinato.errors import TooFrequentError
from ostinato.schedules import Between, Jittered, Union

if TYPE_CHECKING:
    from ostinato._task import Task
    from ostinato.protocols import Schedule

__all__ = ["check_frequency"]

# In milliseconds: each tick is claimed at the store.
_SHORTEST_SHARED_PERIOD = 50


def check_frequency(task: Task, schedule: Schedule) -> None:
    """Check that the store can be asked as often as *task* is due by *schedule*.

    Raises:
        TooFrequentError: It cannot.
    """
    period = _shortest_period(schedule) if task.is_shared else None
    if period is not None and period < _SHORTEST_SHARED_PERIOD:
        raise TooFrequentError(task.name, period, "memory://", _SHORTEST_SHARED_PERIOD)


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
