"""How runs ended, on its way to a store that is asked from threads of its own."""

import asyncio
from collections.abc import Callable
from functools import partial

from ostinato._engine._backoff import Backoff
from ostinato._engine._environment import Environment
from ostinato._engine._patience import result_of
from ostinato._lease import Settlement, TaskRow
from ostinato._run import Run
from ostinato.protocols import SharedStore

__all__ = ["Reporting"]


class Reporting(Backoff):
    """Tells a store how runs ended, one batch after the other, until it has taken each."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        on_ended: Callable[[Run], object],
        on_settled: Callable[[str], object],
    ) -> None:
        """Begin with a *store* that answers.

        Args:
            environment: The loop, the clock and the lanes.
            store: The memory that workers share.
            on_ended: Is told of a run whose lease is not to be prolonged any more.
            on_settled: Is told the name of a task whose settlement had to wait.
        """
        super().__init__(environment, store)
        self._on_ended = on_ended
        self._on_settled = on_settled
        self._loop = environment.loop
        self.lanes = environment.lanes(f"ostinato-{environment.namespace}", environment.loop)
        self._is_settling = False
        self._settling: asyncio.Handle | None = None
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
        elif self._settling is None:
            # All that end in this turn of the loop are told of together.
            self._settling = self._loop.call_soon(self._settle)

    def _settle_first(self) -> None:
        """Tell of what has ended in this turn: what is claimed may be the same task's."""
        if self._settling is not None:
            self._settle()

    def _settle(self) -> None:
        if self._settling is not None:
            self._settling.cancel()
            self._settling = None
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
        settled = self._waiting[:number]
        del self._waiting[:number]
        self.succeed()
        for name in {each.run.task_name for each in settled} & self._late:
            self._late.discard(name)
            self._on_settled(name)
        self._settle()

    def _retry(self) -> None:
        self._timer = None
        self._settle()
