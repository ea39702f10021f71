"""Spread the first ticks of many tasks that are due together."""

from collections.abc import Iterable
from datetime import timedelta
from zlib import crc32

from ostinato._duration import MILLISECOND
from ostinato._engine._prepare import is_interval
from ostinato._engine._standing import Standing

__all__ = ["Spread"]

# More first ticks than this are not started in one instant.
_MOST_AT_ONCE = 20
_LONGEST = 5_000


class Spread:
    """Counts the tasks that are due at the start, and delays them where they are many."""

    __slots__ = ("_number",)

    def __init__(self) -> None:
        """Begin without tasks."""
        self._number = 0

    def count(self, standings: Iterable[Standing]) -> None:
        """Count those of *standings* that are due at the start."""
        self._number += sum(map(_is_due_at_once, standings))

    def of(self, standing: Standing) -> int:
        """Return by how many milliseconds to delay the task's first tick."""
        if self._number <= _MOST_AT_ONCE or not _is_due_at_once(standing):
            return 0
        longest = _LONGEST
        if standing.period:
            longest = min(standing.period // 10, _LONGEST)
        elif isinstance(period := getattr(standing.schedule, "period", None), timedelta):
            longest = min(period // MILLISECOND // 10, _LONGEST)
        return crc32(standing.task.name.encode()) % (longest + 1)


def _is_due_at_once(standing: Standing) -> bool:
    """Return whether the task counts from its start, and is due at it."""
    if standing.is_interval:
        return standing.first_wait is None
    task = standing.task
    return task.policy.start is None and is_interval(task.schedule)
