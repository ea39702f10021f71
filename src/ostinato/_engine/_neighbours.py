"""Whether another application has its tasks where those of this one are: it is told of, once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._patience import result_of

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

    from ostinato._engine._environment import Environment
    from ostinato._engine._standing import Standing
    from ostinato.protocols import SharedStore
    from ostinato.stores._lanes import Lanes

__all__ = ["Neighbours", "stranger_among"]

_MOST_NAMED = 10


def stranger_among(declared: Mapping[str, frozenset[str]], mine: frozenset[str]) -> list[str]:
    """Return the tasks of a worker that has none of *mine*; of nobody, if there is none such.

    Workers of one application have tasks in common, also while it is deployed.
    """
    strangers = [names for names in declared.values() if names and names.isdisjoint(mine)]
    return sorted(min(strangers, key=sorted)) if mine and strangers else []


class Neighbours:
    """Looks once, when a worker has begun, who else is there."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        lanes: Lanes,
        standings: Mapping[str, Standing],
        grace: int,
    ) -> None:
        """Look at *store*, by its *lanes*.

        Args:
            environment: Who is told.
            store: The memory that workers share.
            lanes: Its threads.
            standings: How the tasks of this worker stand, by their names.
            grace: After how many milliseconds without a word a worker is taken to be gone.
        """
        self._environment = environment
        self._lanes = lanes
        self._declared = partial(store.declared, grace)
        self._standings = standings
        self._has_looked = False

    def look(self) -> None:
        """Look, if nobody has."""
        if not self._has_looked:
            self._has_looked = True
            self._lanes.reads(self._declared).add_done_callback(self._looked)

    def _looked(self, future: asyncio.Future[Mapping[str, frozenset[str]]]) -> None:
        # Where the store does not answer, claims will tell.
        declared = result_of(future)
        if not declared:
            return
        mine = {
            name
            for standing in self._standings.values()
            if standing.is_shared
            for name in (standing.name, *standing.task.formerly)
        }
        names = stranger_among(declared, frozenset(mine))
        if names:
            shown = [*names[:_MOST_NAMED], *(["..."] if len(names) > _MOST_NAMED else [])]
            self._environment.telling.tell(
                "ostinato.namespace_shared",
                scheduler_name=self._environment.namespace,
                task_names=shown,
            )
