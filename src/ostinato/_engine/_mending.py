"""What becomes of ticks when the clock of a shared store is set back."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._prepare import bind, is_interval
from ostinato._engine._ticks import DelayTicks

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ostinato._engine._environment import Environment
    from ostinato._engine._remote import Remote
    from ostinato._engine._standing import Standing
    from ostinato._lease import TaskRow

__all__ = ["Mending", "mended"]

# In milliseconds. What is less than that apart is taken for a clock that is a little fast.
_SLACK = 2_000
# Up to here the instants are waited for that come again, as Debian's cron does.
_DEBIAN_LIMIT = 3 * 3_600_000


def mended(standing: Standing, row: TaskRow, now: int) -> Mapping[str, int | None] | None:
    """Return what the *row* of a task is to hold at the store's time *now*; None: it is right.

    An interval goes on within its period, on a grid that was not used. A calendar waits for the
    instants that come again, up to three hours; beyond that it goes on with the first one.
    """
    due, last = row.next_due, row.last_due
    if due is None or last is None:
        # Its first tick may be as far away as it likes.
        return None
    if is_interval(standing.unbound):
        period = standing.period
        if isinstance(standing.ticks, DelayTicks):
            period = standing.ticks.period
        fresh = now + period
        if due <= fresh + _SLACK:
            return None
        if standing.period and (fresh - (row.anchor or 0)) % period == 0:
            fresh += 1
        return {"next_due": fresh, "anchor": fresh, "expected": due}
    if last <= now + _DEBIAN_LIMIT or due <= last:
        return None
    # A tick that the history holds is not granted again.
    return {"next_due": standing.ticks.after(now), "expected": due}


class Mending:
    """Has rows mended by one worker, and goes on by them."""

    def __init__(
        self, environment: Environment, door: Remote, on_next: Callable[[Standing], object]
    ) -> None:
        """Mend.

        Args:
            environment: Who is told.
            door: How the store is asked.
            on_next: Is told of a task whose next tick is another one.
        """
        self._tell = environment.telling.tell
        self._door = door
        self._on_next = on_next

    def look(self, standing: Standing, row: TaskRow, now: int) -> None:
        """Have the *row* of a task mended, if it was left behind *now* by a clock set back."""
        changes = mended(standing, row, now)
        if changes is not None:
            self._door.change(row.name, changes, partial(self._go_on, standing))

    def _go_on(self, standing: Standing, row: TaskRow | None) -> None:
        if row is None:
            return
        if row.was_steered:
            # Of several who have found the same, one has written it.
            self._tell("ostinato.anchor_reset", standing.name)
        standing.next_due = row.next_due
        if is_interval(standing.unbound):
            bind(standing, standing.unbound, row.anchor)
        self._on_next(standing)
