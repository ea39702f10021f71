"""Heartbeats: leases of what runs here are prolonged from the store's thread.

A blocked event loop must not lose a lease: nothing here waits for it.
"""

from collections.abc import Callable, Mapping
from threading import Lock

from ostinato._engine._environment import Environment
from ostinato._lease import Renewed
from ostinato.protocols import Store
from ostinato.stores._lanes import Lanes

__all__ = ["Held", "Keepalive"]

# The name of a task and the token of one of its leases.
Held = tuple[str, int]

# So many beats in a lease: two may be lost, and each may take its limit.
_BEATS = 6
# The part of a lease for which it is trusted, counted from before it was asked for.
_TRUSTED = 0.9


class Keepalive:
    """Prolongs the leases that are held, and tells of those that are lost."""

    def __init__(
        self,
        environment: Environment,
        store: Store,
        lanes: Lanes,
        *,
        lease: float,
        on_lost: Callable[[Held], object],
        on_cancelled: Callable[[Held], object],
    ) -> None:
        """Prolong the leases at *store* by its *lanes*.

        Args:
            environment: The loop and the clock.
            store: Grants the leases.
            lanes: Its threads.
            lease: How long a lease is, in seconds.
            on_lost: Is told on the loop of a lease that is trusted no longer.
            on_cancelled: Is told on the loop of a run that somebody elsewhere wants to end.
        """
        self._loop = environment.loop
        self._monotonic = environment.clock.monotonic
        self._store = store
        self._lease = lease
        self._on_lost = on_lost
        self._on_cancelled = on_cancelled
        self._lock = Lock()
        # Until when each lease is trusted, on the monotonic clock.
        self._held: dict[Held, float] = {}
        lanes.beat(self._beat, lease / _BEATS, self._monotonic)

    def hold(self, held: Held, asked_at: float, seconds: float) -> bool:
        """Prolong a lease until it is let go, if it can be trusted still.

        Args:
            held: The lease.
            asked_at: When it was asked for, on the monotonic clock.
            seconds: For how long it was granted.
        """
        trusted_until = asked_at + seconds * _TRUSTED
        if self._monotonic() > trusted_until:
            return False
        with self._lock:
            self._held[held] = trusted_until
        return True

    def let_go(self, held: Held) -> None:
        """Prolong a lease no longer."""
        with self._lock:
            self._held.pop(held, None)

    def _beat(self) -> None:
        with self._lock:
            held: Mapping[Held, float] = dict(self._held)
        if not held:
            return
        asked_at = self._monotonic()
        renewed: Renewed | None = None
        try:
            renewed = self._store.renew(list(held), round(self._lease * 1_000))
        except Exception:  # noqa: BLE001 - whatever it is: the lease ends if no later beat gets through
            lost = {each for each, until in held.items() if asked_at > until}
        else:
            lost = held.keys() - renewed
        with self._lock:
            # What was let go meanwhile was settled, and is not lost.
            lost = {each for each in lost if self._held.pop(each, None) is not None}
            for each in renewed or ():
                if each in self._held:
                    self._held[each] = asked_at + self._lease * _TRUSTED
        for each in lost:
            self._tell(self._on_lost, each)
        for each in renewed.cancelled if renewed is not None else ():
            self._tell(self._on_cancelled, each)

    def _tell(self, whom: Callable[[Held], object], held: Held) -> None:
        try:
            self._loop.call_soon_threadsafe(whom, held)
        except RuntimeError:
            # The loop was closed: nobody is left to be told.
            return
