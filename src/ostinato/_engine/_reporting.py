"""How runs ended, on its way to a store that is asked from threads of its own."""

import asyncio
from collections.abc import Callable
from functools import partial

from ostinato._engine._backoff import Backoff
from ostinato._engine._environment import Environment
from ostinato._engine._patience import result_of
from ostinato._engine._timeline import Timeline
from ostinato._lease import Settlement, TaskRow
from ostinato._run import Run
from ostinato.protocols import SharedStore, Timer

__all__ = ["Reporting"]

# In seconds: for how long an end may wait for the next claim, to be told of with it.
_PATIENCE = 0.05
_CLEAR = 100


class Reporting(Backoff):
    """Tells a store how runs ended, one batch after the other, until it has taken each."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        timeline: Timeline,
        on_ended: Callable[[Run], object],
        on_settled: Callable[[str], object],
    ) -> None:
        """Begin with a *store* that answers.

        Args:
            environment: The loop, the clock and the lanes.
            store: The memory that workers share.
            timeline: Whose agenda knows when something is claimed next.
            on_ended: Is told of a run whose lease is not to be prolonged any more.
            on_settled: Is told the name of a task whose settlement had to wait.
        """
        super().__init__(environment, store)
        self._on_ended = on_ended
        self._on_settled = on_settled
        self._loop = environment.loop
        self.lanes = environment.lanes(f"ostinato-{environment.namespace}", environment.loop)
        self._timeline = timeline
        self._is_settling = False
        self._settling: asyncio.Handle | Timer | None = None
        # Whether that comes in a while, and not with the next turn of the loop.
        self._is_put_off = False
        self._late: set[str] = set()
        # Whether nobody waits for its answers any more.
        self._is_over = False

    def settle(self, settlement: Settlement) -> None:
        """Tell the store how a run ended, however often it takes."""
        run = settlement.run
        self._on_ended(run)
        self._waiting.append(settlement)
        if self._is_settling or self.left:
            # The claim of its next tick may come first, and not be granted.
            self._late.add(run.task_name)
        if self.left:
            self._arm()
        elif self._settling is None or self._is_put_off:
            # All that end in this turn of the loop are told of together.
            self._withdraw()
            self._settling = self._loop.call_soon(self._settle)

    def settle_along(self, settlement: Settlement, left: float) -> None:
        """Tell of an end with the next claim, if that is about to come.

        Args:
            settlement: How the run ended.
            left: How many milliseconds there are until its task is due again: whoever comes for
                that is not to find the lease taken.
        """
        if left < _CLEAR or self._is_settling or self._failures or not self._is_claim_near():
            self.settle(settlement)
            return
        self._on_ended(settlement.run)
        self._waiting.append(settlement)
        if self._settling is None:
            # Unless that claim comes before: then it costs nobody's waking up.
            self._settling = self._environment.clock.call_later(_PATIENCE, self._settle)
            self._is_put_off = True

    def _is_claim_near(self) -> bool:
        next_at = self._timeline.agenda.next_at()
        now = self._timeline.at(self._environment.clock.monotonic())
        return next_at is not None and next_at - now < _PATIENCE * 1_000

    def _settle_first(self) -> None:
        """Tell of what has ended: what is asked, or claimed, next may be about the same task."""
        if self._settling is not None:
            self._settle()

    def _take_along(self) -> tuple[Settlement, ...]:
        """Return what has ended and is to be told of with a claim; nothing while that fails."""
        if self._is_settling or self._failures or not self._waiting:
            self._settle_first()
            return ()
        self._withdraw()
        self._is_settling = True
        return tuple(self._waiting)

    def _withdraw(self) -> None:
        self._is_put_off = False
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None

    def _settle(self) -> None:
        self._withdraw()
        if self._is_settling or not self._waiting:
            return
        self._is_settling = True
        waiting = tuple(self._waiting)
        settle = partial(self._store.settle, waiting)
        self.lanes.claims(settle).add_done_callback(partial(self._settled, len(waiting)))

    def _settled(self, number: int, future: "asyncio.Future[list[TaskRow | None]]") -> None:
        self._is_settling = False
        if self._is_over or future.cancelled():
            result_of(future)
            return
        if isinstance(error := future.exception(), Exception):
            self.fail(error)
            self._arm()
            return
        self.succeed()
        self._note_settled(number)

    def _note_settled(self, number: int) -> None:
        """Note that the store has taken so many of the ends that wait."""
        self._is_settling = False
        settled = self._waiting[:number]
        del self._waiting[:number]
        for name in {each.run.task_name for each in settled} & self._late:
            self._late.discard(name)
            self._on_settled(name)
        self._settle()

    def _retry(self) -> None:
        self._timer = None
        self._settle()
