"""The seam between a store that pushes and workers that are idle."""

from collections.abc import Callable
from typing import Protocol

__all__ = ["Wakeup"]


class Wakeup(Protocol):
    """How workers that are idle hear of what others have changed."""

    def poll(self) -> int:
        """Return a number that is another one once any task was steered, by whomever.

        It is cheap to ask for, and says that the worker is still there.
        """
        ...

    def subscribe(self, heard: Callable[[], object], /) -> bool:
        """Call *heard* whenever another worker has steered a task, until `unsubscribe` is called.

        It is called in a thread of its own, which *heard* is called in, too: once when it begins
        to listen, for what was pushed before is not heard, and then for each push. Pushes may be
        lost, so `poll` is asked all the same.

        Returns:
            False, in two seconds: nothing is pushed here. True: it has listened to the end.

        Raises:
            StoreUnavailableError: The connection is lost: subscribe again, later.
        """
        ...

    def unsubscribe(self) -> None:
        """Let `subscribe` return at once, and any further one, until the store is opened again."""
        ...
