"""How a task stands that is shared with others, put together from here and from its row."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from ostinato._outcomes import RunKind

if TYPE_CHECKING:
    from ostinato._engine._standing import Standing
    from ostinato._lease import TaskRow
    from ostinato._run import Run

__all__ = ["Told", "told_of"]


class Told:
    """How a task stands that others run, too: as its row says, unless more is known here."""

    __slots__ = (
        *("failures_in_row", "is_paused", "last_run", "last_success", "next_due"),
        *("paused_reason", "paused_until", "starts"),
    )

    def __init__(self, standing: Standing, row: TaskRow) -> None:
        """Put together what is known."""
        here, there = standing.last_run, row.last_run
        # What has ended here a moment ago may not be written yet.
        is_ours = here is not None and (there is None or _end_of(here) >= _end_of(there))
        self.last_run = here if is_ours else there
        # A run by hand, as it ends, tells nothing of how the ticks of others have ended.
        is_our_tick = is_ours and here is not None and here.kind is RunKind.TICK
        self.failures_in_row = standing.failures_in_row if is_our_tick else row.failures_in_row
        successes = chain((standing.last_success,), (row.last_success,))
        self.last_success = max((each for each in successes if each is not None), default=None)
        self.starts = max(standing.starts, row.starts)
        self.next_due = None if standing.next_due is None else row.next_due
        self.is_paused, self.paused_reason = row.paused, row.paused_reason
        self.paused_until = row.paused_until


def told_of(standing: Standing, row: TaskRow | None) -> Standing | Told:
    """Return how a task stands: here, and where it is shared with others, by its *row*."""
    return standing if row is None or not standing.is_joined else Told(standing, row)


def _end_of(run: Run) -> float:
    return run._finished or run._started or 0.0
