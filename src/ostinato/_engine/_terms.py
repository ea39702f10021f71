"""How a store is shared."""

from dataclasses import dataclass

from ostinato._lease import Retention

__all__ = ["Terms"]

_KEPT = Retention(1_000, 200, 30 * 86_400_000)


@dataclass(frozen=True, slots=True)
class Terms:
    """How a store is shared with others.

    Attributes:
        lease: For how many seconds a run is leased to a worker at a time.
        poll: After how many seconds to look whether another worker has steered a task.
        follows_host: Whether the store's time is that of this machine.
        kept: How much of the history is kept.
        revision: Of the declarations, where one was given.
        observes: Whether only to look and to steer, and to leave all ticks to others.
    """

    lease: float
    poll: float
    follows_host: bool
    kept: Retention = _KEPT
    revision: int | None = None
    observes: bool = False
