"""Look at the shared store from outside, and steer, while the workers do the work."""

from __future__ import annotations

from abc import abstractmethod
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Self

from ostinato._engine._observing import Observing
from ostinato._reaching import Reaching

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from ostinato._engine._worker import Worker

__all__ = ["Observable"]


class Observable(Reaching):
    """What can be looked at, and steered, from a process that runs none of its ticks."""

    @asynccontextmanager
    async def observing(self) -> AsyncGenerator[Self]:
        """Look at the store, and steer, while the block is open; no tick falls due here.

        The workers that share the store do not learn of it. Whatever can be asked of a scheduler
        that runs can be asked in the block, and a run that is triggered is run here. An application
        whose lifespan is entered in the block does not start the tasks either.

        Raises:
            ConfigurationError: A task's function cannot be supplied with what it asks for.
            ForeignLoopError: It is running on another event loop.
            StoreError: The store does not answer, or cannot be used as it is.
        """
        worker = await self._enter(observes=True)
        try:
            yield self
        finally:
            await self._leave(worker)

    async def _look_again(self) -> None:
        """Read how the tasks stand by now, where this only observes."""
        sharing = self._reached().sharing
        if isinstance(sharing, Observing):
            await sharing.look_again()

    @abstractmethod
    async def _enter(self, *, observes: bool = False) -> Worker:
        """Start a worker, or note one more use of the one that runs."""
        ...

    @abstractmethod
    async def _leave(self, worker: Worker) -> None:
        """Note one use less of *worker*, and stop it behind the last."""
        ...
