"""The end of a task that has no further tick."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato._engine._spawn import spawn

if TYPE_CHECKING:
    import asyncio

    from ostinato._engine._claims import Claims
    from ostinato._engine._environment import Environment
    from ostinato._engine._standing import Standing

__all__ = ["Completing"]


class Completing:
    """Tells that tasks are finished, and calls their `on_complete`."""

    def __init__(self, environment: Environment, *, is_live: bool, is_remote: bool) -> None:
        """Begin with nothing finished.

        Args:
            environment: The loop, and who is told.
            is_live: Whether ticks fall due; if not, none was the last.
            is_remote: Whether the store is shared with others, one of whom had the last run.
        """
        self._environment = environment
        self._is_live = is_live
        self._is_remote = is_remote
        self.claims: Claims
        # The calls that are under way.
        self.under_way: set[asyncio.Task[None]] = set()

    def finish(self, standing: Standing) -> None:
        """Note that a task has no further tick, and call its `on_complete`."""
        if standing.over_reason is not None or not self._is_live:
            return
        standing.is_over, standing.over_reason = True, "finished"
        self._environment.telling.tell("ostinato.task_finished", standing.task.name)
        if standing.task.policy.on_complete is not None and self._is_mine(standing):
            loop = self._environment.loop
            completing = spawn(self.claims.performer.complete(standing), loop=loop)
            self.under_way.add(completing)
            completing.add_done_callback(self._completed)

    def _is_mine(self, standing: Standing) -> bool:
        """Return whether the last run was this worker's: of all workers, one calls the hook."""
        if not (self._is_remote and standing.is_shared):
            return True
        # Not by which run has ended last: beside others, the last one may have ended before.
        run, last = standing.last_run, standing.started_tick
        if run is None or last is None or last != standing.last_tick:
            return False
        # Who has taken the last one over calls it.
        return run._due != last or not run.lease_lost.is_set()

    def _completed(self, completing: asyncio.Task[None]) -> None:
        self.under_way.discard(completing)
        # It may have had a thread.
        self.claims.starving.feed()
