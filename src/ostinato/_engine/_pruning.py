"""The history is cut short every hour, by one worker."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._patience import result_of

if TYPE_CHECKING:
    from ostinato._engine._environment import Environment
    from ostinato._lease import Retention
    from ostinato.protocols import SharedStore, Timer
    from ostinato.stores._lanes import Lanes

__all__ = ["Pruning"]

# In seconds: not too late for a worker that does not live long, and not at every start.
_SOON = 60
_HOUR = 3_600


class Pruning:
    """Has the history pruned; the store knows whether it is time."""

    def __init__(
        self, environment: Environment, store: SharedStore, lanes: Lanes, kept: Retention
    ) -> None:
        """Prune what is not to be *kept* in *store*, by its *lanes*."""
        self._environment = environment
        self._lanes = lanes
        self._prune_now = partial(store.prune, kept, every=_HOUR * 1_000)
        self._timer: Timer | None = None

    def begin(self) -> None:
        """Prune in a minute, unless another worker has, and then every hour."""
        self._arm(_SOON)

    def stop(self) -> None:
        """Prune no more."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, seconds: float) -> None:
        wait = seconds * self._environment.random.uniform(0.9, 1.1)
        self._timer = self._environment.clock.call_later(wait, self._prune)

    def _prune(self) -> None:
        # Where the store does not answer, claims will tell; another time will do.
        self._lanes.reads(self._prune_now).add_done_callback(result_of)
        self._arm(_HOUR)
