"""A look at once: when the store pushes that somebody has steered a task."""

from __future__ import annotations

from functools import partial
from threading import Lock
from typing import TYPE_CHECKING

from ostinato.errors import StoreUnavailableError

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ostinato._engine._environment import Environment
    from ostinato._lease import Reply
    from ostinato.protocols import SharedStore, Timer
    from ostinato.stores._lanes import Lanes

    Look = Callable[[Callable[[Reply | None], object]], object]

__all__ = ["Hearing"]

# In seconds: how soon to subscribe again, at first and in the end.
_FIRST, _LAST = 0.2, 5.0


class Hearing:
    """Hears what a store pushes, where it does; what is lost is found by looking now and then."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        lanes: Lanes,
        look: Look,
        then: Callable[[Reply | None], object],
    ) -> None:
        """Hear *store*.

        Args:
            environment: The loop and the clock.
            store: The memory that workers share.
            lanes: Its threads.
            look: Looks how all tasks stand.
            then: Is told.
        """
        self._environment = environment
        self._store = store
        self._lanes = lanes
        self._look = look
        self._then = then
        self._wait = _FIRST
        self._timer: Timer | None = None
        self._has_begun = self._is_stopped = self._was_heard = False
        self._lock = Lock()
        # Whether a push waits to be looked into, and whether a look is under way.
        self._is_told = self._is_looking = False

    def begin(self) -> None:
        """Listen from now on; the store is open."""
        if not self._has_begun:
            self._has_begun = True
            self._listen()

    def stop(self) -> None:
        """Listen no more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
        self._store.unsubscribe()

    def _listen(self) -> None:
        self._timer = None
        listening = self._lanes.listen(partial(self._store.subscribe, self._heard))
        listening.add_done_callback(self._end)

    def _end(self, listening: asyncio.Future[bool]) -> None:
        """Listen again after a while, unless there is nothing to hear."""
        if self._is_stopped or listening.cancelled():
            return
        error = listening.exception()
        is_lost = isinstance(error, StoreUnavailableError)
        # Where pushes were heard before, it was too slow this time.
        if is_lost or (error is None and not listening.result() and self._was_heard):
            wait = self._wait * self._environment.random.uniform(0.5, 1.0)
            self._wait = min(2 * self._wait, _LAST)
            self._timer = self._environment.clock.call_later(wait, self._listen)
        else:
            self._lanes.hush()

    def _heard(self) -> None:
        """Have it looked into, once for all that is pushed until then; in the thread."""
        with self._lock:
            was_told, self._is_told = self._is_told, True
        if not was_told:
            try:
                self._environment.loop.call_soon_threadsafe(self._look_soon)
            except RuntimeError:
                # The loop was closed: nobody is left to look.
                self._store.unsubscribe()

    def _look_soon(self) -> None:
        self._wait, self._was_heard = _FIRST, True
        if self._is_looking or self._is_stopped:
            return
        self._is_looking = True
        with self._lock:
            self._is_told = False
        self._look(self._looked)

    def _looked(self, reply: Reply | None) -> None:
        self._is_looking = False
        if self._is_stopped:
            return
        self._then(reply)
        if self._is_told:
            self._look_soon()
