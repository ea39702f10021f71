"""A walk along the instants at which a task is due next: begun on the loop, done in a thread."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ostinato._instants import instant_of, milliseconds_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from ostinato._engine._standing import Standing
    from ostinato._engine._ticks import Ticks
    from ostinato._engine._told import Told

__all__ = ["Walk", "walk_of", "walked"]

_LAST = 1 << 62


class Walk(NamedTuple):
    """Along which instants to go, and how far.

    Attributes:
        ticks: The instants.
        due: The first of them; None: there is none.
        number: How many at the most.
        end: None behind this one.
    """

    ticks: Ticks
    due: int | None
    number: int
    end: int

    def instants(self) -> list[datetime]:
        """Return the instants.

        Raises:
            Exception: Whatever a schedule of the user's own raises.
        """
        found: list[datetime] = []
        due = self.due
        while due is not None and due <= self.end and len(found) < self.number:
            found.append(instant_of(due))
            due = self.ticks.after(due) if len(found) < self.number else None
        return found


def walk_of(standing: Standing, told: Standing | Told, number: int, until: datetime | None) -> Walk:
    """Return the walk along the next *number* instants of a task, none of them behind *until*.

    Args:
        standing: How the task stands here.
        told: How it stands over all workers.
        number: How many at the most.
        until: None behind this one; None: however far.
    """
    policy = standing.task.policy
    end = min(
        _LAST if policy.until is None else policy.until,
        _LAST if until is None else milliseconds_of(until),
    )
    most = number if policy.max_runs is None else min(number, policy.max_runs - told.starts)
    if standing.has_delay:
        most = min(most, 1)
    return Walk(standing.ticks, told.next_due, most, end)


def walked(walks: Mapping[str, Walk]) -> dict[str, list[datetime]]:
    """Return the instants of all *walks*, by the same names; in a thread.

    Raises:
        Exception: Whatever a schedule of the user's own raises.
    """
    return {name: walk.instants() for name, walk in walks.items()}
