"""A look now and then: what others have steered, and how late it is at the store."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._patience import result_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable

    from ostinato._lease import Reply
    from ostinato.protocols import SharedStore
    from ostinato.stores._lanes import Lanes

__all__ = ["Looking"]

# In seconds: so long the store's clock is believed to go on as it did.
_SILENCE = 30.0

Answered = tuple["Reply", float]


class Looking:
    """Looks at a store that is shared, as cheaply as it can."""

    def __init__(
        self,
        store: SharedStore,
        lanes: Lanes,
        monotonic: Callable[[], float],
        on_time: Callable[[int, float], object],
    ) -> None:
        """Look at *store*.

        Args:
            store: The memory that workers share.
            lanes: Its threads.
            monotonic: A clock that is never set.
            on_time: Is told the store's time, and when it was asked.
        """
        self._store = store
        self._lanes = lanes
        self._monotonic = monotonic
        self._on_time = on_time
        self._seen: int | None = None
        # When the store has last told the time, on the monotonic clock.
        self.heard = 0.0

    def look(self, then: Callable[[Reply | None], object], *, at_all: bool = False) -> None:
        """Tell *then* how all tasks stand; None: nobody has steered any since it was asked.

        Args:
            then: Is told.
            at_all: Whether to tell also where nobody has.
        """
        asking = self._lanes.reads(partial(self._changed, at_all=at_all))
        asking.add_done_callback(partial(self._looked, then))

    def _changed(self, *, at_all: bool) -> Answered | None:
        """Return all rows, if one was steered, and when it was asked; in the thread."""
        asked_at, number = self._monotonic(), self._store.poll()
        if number == self._seen and not at_all:
            if asked_at - self.heard < _SILENCE:
                return None
            # Nothing is due: its clock is looked at all the same.
            return self._store.read([]), asked_at
        asked_at = self._monotonic()
        reply = self._store.read()
        # Not before: what was steered is looked for again, where the rows could not be read.
        self._seen = number
        return reply, asked_at

    def _looked(
        self, then: Callable[[Reply | None], object], future: asyncio.Future[Answered | None]
    ) -> None:
        # Where the store does not answer, claims will tell; it is looked at again later.
        found = result_of(future)
        if found is not None:
            self._on_time(found[0].now, found[1])
        then(None if found is None else found[0])
