"""The end of a worker: what becomes of the runs that are under way."""

import asyncio

from ostinato._engine._claims import Claims
from ostinato._engine._environment import Environment
from ostinato._engine._patience import Patience
from ostinato._engine._standing import Standing
from ostinato._engine._timeline import Timeline
from ostinato._outcomes import SkipReason

__all__ = ["Ending"]


class Ending:
    """Waits for runs, cancels them, and leaves behind those that go on all the same."""

    __slots__ = ("_claims", "_clock", "_completing", "_environment", "_is_live", "_timelines")

    def __init__(
        self,
        environment: Environment,
        claims: Claims,
        timelines: tuple[Timeline, ...],
        completing: set[asyncio.Task[None]],
        *,
        is_live: bool,
    ) -> None:
        """Prepare to end what *claims* has started.

        Args:
            environment: What runs are executed with.
            claims: Whose runs they are.
            timelines: Whose agendas have what is still to come.
            completing: The calls of `on_complete` that are under way.
            is_live: Whether ticks fall due.
        """
        self._environment = environment
        self._clock = environment.clock
        self._claims = claims
        self._timelines = timelines
        self._completing = completing
        self._is_live = is_live

    async def finish(self, grace: float) -> None:
        """Give runs *grace* seconds, then cancel and await them; record what is left."""
        await self._wait_for_runs(grace)
        performer = self._claims.performer
        for standing in list(performer.survey.watched):
            for run in list(standing.live):
                performer.cancel(standing, run)
        self.cancel_completing()
        left = set(performer.survey.watched)
        await self._wait_for_runs(self._environment.cancel_grace)
        for standing in self._unsettled(left):
            self._note_left_behind(standing)

    def cancel_completing(self) -> None:
        """Cancel the calls of `on_complete` that are under way."""
        for completing in self._completing:
            completing.cancel()

    def _under_way(self) -> set[asyncio.Task[None]]:
        found = set(self._completing)
        performer = self._claims.performer
        for standing in list(performer.survey.watched):
            tasks = (performer.task_of(standing, run) for run in list(standing.live))
            found.update(task for task in tasks if task is not None)
        return found

    async def _wait_for_runs(self, seconds: float) -> None:
        """Wait until no run is under way, for at most *seconds* of the clock."""
        with Patience(self._clock, self._environment.loop, seconds) as patience:
            while (tasks := self._under_way()) and not patience.is_over:
                await patience.wait_for(*tasks)

    def _unsettled(self, watched: set[Standing]) -> set[Standing]:
        """Return whose ticks may have passed without being looked at, those *watched* included.

        Not by asking all of them: there may be a hundred thousand.
        """
        found = watched | self._claims.settling.paused | set(self._claims.starving.waiting)
        now = self._clock.monotonic()
        for timeline in self._timelines:
            found.update(timeline.agenda.take_due(timeline.at(now)))
        return found

    def _note_left_behind(self, standing: Standing) -> None:
        """Record the tick that waited for a run to end, and a run that goes on for ever."""
        for run in list(standing.live):
            self._claims.performer.abandon(standing, run)
        if standing.is_shared or standing.is_over or not self._is_live:
            # What is the store's, another worker runs, or the next start.
            return
        reason = SkipReason.SHUTDOWN
        if standing.is_paused:
            reason = SkipReason.PAUSED
        elif standing.running and not (standing.is_parked or standing.is_queued):
            reason = SkipReason.OVERLAP
        self._claims.settling.skip_passed(standing, reason)
