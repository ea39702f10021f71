"""The end of an attempt's time."""

import asyncio
from collections.abc import Callable

from ostinato.protocols import Clock, Timer

__all__ = ["Deadline"]


class Deadline:
    """Cancels an asyncio task when its time is over, and tells if that does not help.

    Not `asyncio.timeout`: it has to follow the engine's clock, to wait for a thread to begin, and
    to give up on a function that swallows its cancellation.
    """

    __slots__ = ("_begun", "_clock", "_give_up", "_grace", "_seconds", "_task", "_timer", "expired")

    def __init__(
        self,
        clock: Clock,
        task: "asyncio.Task[None]",
        seconds: float,
        grace: float,
        give_up: Callable[[], object],
    ) -> None:
        """Let *task* have *seconds* from now on.

        Args:
            clock: Whose time it is.
            task: Is cancelled when the time is over.
            seconds: How long that is.
            grace: After how many more seconds *give_up* is called.
            give_up: Is told that the task did not heed its cancellation.
        """
        self.expired = False
        self._clock = clock
        self._task = task
        self._seconds = seconds
        self._grace = grace
        self._give_up = give_up
        self._begun: Callable[[], float | None] | None = None
        self._timer: Timer = clock.call_later(seconds, self._expire)

    def count_from(self, begun: Callable[[], float | None]) -> None:
        """Count from when a thread has *begun*: waiting for one is no part of the attempt."""
        self._begun = begun

    def lift(self) -> None:
        """Let the task have all the time it wants."""
        self._timer.cancel()
        if self.expired:
            # It was cancelled by us, and by nobody else.
            self._task.uncancel()

    def _expire(self) -> None:
        if self._begun is not None:
            begun = self._begun()
            now = self._clock.monotonic()
            left = self._seconds if begun is None else begun + self._seconds - now
            if left > 0:
                self._timer = self._clock.call_later(left, self._expire)
                return
        self.expired = True
        self._task.cancel()
        self._timer = self._clock.call_later(self._grace, self._give_up)
