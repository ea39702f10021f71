"""The door to the store: what waits while it does not answer, and when it is asked again."""

from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from ostinato._engine._environment import Environment
from ostinato._lease import Claim, Reply, Settlement, Takeover, TaskRow
from ostinato._run import Run
from ostinato.protocols import Store, Timer

__all__ = ["Backoff"]

T = TypeVar("T")

# In seconds: how long to wait at the least and at the most before the store is asked again.
_SHORTEST = 0.2
_LONGEST = 5.0
_MOMENT = 0.001
# A process that is alone with its store has no rival to whom a lease could be lost.
_UNRIVALLED = 100 * 366 * 86_400_000
# After so many failures in a row the longest wait is reached.
_MOST_DOUBLINGS = 5


class Backoff:
    """Knows whether the store answers, and keeps how runs ended until it has taken it."""

    __slots__ = (
        "_environment",
        "_failures",
        "_is_stopped",
        "_retry_at",
        "_store",
        "_timer",
        "_waiting",
    )

    def __init__(self, environment: Environment, store: Store) -> None:
        """Begin with a *store* that answers.

        Args:
            environment: The clock, and who is told.
            store: Is told how runs ended.
        """
        self._environment = environment
        self._store = store
        self._failures = 0
        self._retry_at = 0.0
        self._waiting: list[Settlement] = []
        self._timer: Timer | None = None
        self._is_stopped = False

    @property
    def left(self) -> float:
        """For how many seconds the store is not to be asked."""
        if not self._failures:
            return 0.0
        left = self._retry_at - self._environment.clock.monotonic()
        # Tasks are looked at in whole milliseconds: for less it would be at once, again and again.
        return left if left > _MOMENT else 0.0

    def fail(self, error: Exception) -> None:
        """Note that the store has raised *error*, which is told until it has answered again."""
        if not self._failures:
            self._environment.telling.tell("ostinato.store_failed", error=error)
        self._failures = min(self._failures + 1, _MOST_DOUBLINGS)
        # Drawn: all workers find out at the same moment that it does not answer.
        wait = self._environment.random.uniform(
            _SHORTEST, min(_SHORTEST * 2**self._failures, _LONGEST)
        )
        self._retry_at = self._environment.clock.monotonic() + wait

    def succeed(self) -> None:
        """Note that the store has answered."""
        if self._failures:
            self._failures = 0
            self._environment.telling.tell("ostinato.store_recovered")

    def claim(
        self, claims: Sequence[Claim | Takeover], then: Callable[[Reply | None], object]
    ) -> None:
        """Ask the store for *claims*, and tell *then*; None: it does not answer."""
        if self.left:
            then(None)
            return
        try:
            reply = self._store.claim(claims, _UNRIVALLED)
        except Exception as error:  # noqa: BLE001 - a store may be anybody's, and fail in any way
            self.fail(error)
            then(None)
            return
        self.succeed()
        then(reply)

    def skip(self, claim: Claim, then: Callable[[Reply | None], object]) -> None:
        """Let the store skip the ticks of *claim*, and tell *then*.

        Raises:
            Exception: Whatever the store has raised.
        """
        then(self._store.claim([claim], 0))

    async def claimed(self, claims: list[Claim]) -> Reply:
        """Return the store's answer to *claims*.

        Raises:
            Exception: Whatever the store has raised.
        """
        return self._store.claim(claims, _UNRIVALLED)

    def control(self, name: str, changes: Mapping[str, object]) -> None:
        """Write what steers the task *name*.

        Raises:
            Exception: Whatever the store has raised.
        """
        self._store.control(name, changes)

    def change(
        self, name: str, changes: Mapping[str, object], then: Callable[[TaskRow | None], object]
    ) -> None:
        """Write *changes* to the row of the task *name*, and tell *then* how it stands.

        Raises:
            Exception: Whatever the store has raised.
        """
        then(self._store.control(name, changes))

    async def steer(self, name: str, changes: Mapping[str, object]) -> None:
        """Write what a user steers of the task *name*, and wait until it is written.

        Raises:
            Exception: Whatever the store has raised.
        """
        self._store.control(name, changes)

    async def read(self, call: Callable[[], T]) -> T:
        """Return what *call* reads of the store."""
        return call()

    def settle(self, settlement: Settlement) -> None:
        """Tell the store how a run ended, however often it takes."""
        if self._waiting:
            self._waiting.append(settlement)
            if self._is_stopped:
                self._retry()
            return
        try:
            self._store.settle((settlement,))
        except Exception as error:  # noqa: BLE001 - as above
            self._waiting.append(settlement)
            self.fail(error)
            self._arm()
        else:
            self.succeed()

    def settle_along(self, settlement: Settlement, left: float) -> None:
        """Tell the store of an end for which there are some milliseconds *left*."""
        del left
        self.settle(settlement)

    def leave(self, run: Run) -> None:
        """Leave the lease of a *run* to itself that goes on after the end."""
        self._store.settle((Settlement(run),))

    def stop(self) -> None:
        """Wait no longer: what is settled from here on is tried once, with all that waits."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if self._timer is None and not self._is_stopped:
            self._timer = self._environment.clock.call_later(self.left, self._retry)

    def _retry(self) -> None:
        self._timer = None
        waiting = tuple(self._waiting)
        try:
            self._store.settle(waiting)
        except Exception as error:  # noqa: BLE001 - as above
            self.fail(error)
            self._arm()
            return
        del self._waiting[: len(waiting)]
        self.succeed()
