"""Heartbeats: leases of what runs here are prolonged from the store's thread.

A blocked event loop must not lose a lease: nothing here waits for it.
"""

from collections.abc import Callable, Mapping
from threading import Lock

from ostinato._engine._environment import Environment
from ostinato._engine._progressing import Progressing
from ostinato._lease import Renewed
from ostinato.protocols import Store, Timer
from ostinato.stores._lanes import Lanes

__all__ = ["Held", "Keepalive"]

# The name of a task and the token of one of its leases.
Held = tuple[str, int]

# So many beats in a lease: two may be lost, and each may take its limit.
_BEATS = 6
# In seconds: how soon to try again, where a beat was lost.
_AGAIN = 0.5
_EARLY = 0.001
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
        self._clock = environment.clock
        self._monotonic = environment.boot
        self._store = store
        self._lease = lease
        self._on_lost = on_lost
        self._on_cancelled = on_cancelled
        self._lock = Lock()
        # What runs say of their progress, where somebody wants it told.
        self.progressing: Progressing | None = None
        # Until when each lease is trusted, on the monotonic clock.
        self._held: dict[Held, float] = {}
        # Comes when the first of them is trusted no longer: by the loop, for a beat may hang.
        self._timer: Timer | None = None
        self._armed_for = 0.0
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
        if self._timer is None or trusted_until < self._armed_for:
            self._arm(trusted_until)
        return True

    def let_go(self, held: Held) -> None:
        """Prolong a lease no longer."""
        with self._lock:
            self._held.pop(held, None)

    def stop(self) -> None:
        """Wait for no end of a lease any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _arm(self, instant: float) -> None:
        self.stop()
        self._armed_for = instant
        self._timer = self._clock.call_later(max(instant - self._monotonic(), 0.0), self._look)

    def _look(self) -> None:
        """Give up what no beat has prolonged: another worker may have it in a moment."""
        self._timer = None
        # A timer may come early, by the rounding of floats: not to come again at once for that.
        now = self._monotonic() + _EARLY
        with self._lock:
            lost = [each for each, until in self._held.items() if until <= now]
            for each in lost:
                del self._held[each]
            next_at = min(self._held.values(), default=None)
        if next_at is not None:
            self._arm(next_at)
        for each in lost:
            self._on_lost(each)

    def _beat(self) -> float | None:
        """Prolong what is held; return how soon to try again, if that was lost."""
        with self._lock:
            held: Mapping[Held, float] = dict(self._held)
        if not held:
            return None
        asked_at = self._monotonic()
        try:
            told = () if self.progressing is None else self.progressing.to_tell(held)
            # What most runs have nothing to say of is not asked of any store.
            more = (told,) if told else ()
            renewed: Renewed = self._store.renew(list(held), round(self._lease * 1_000), *more)
            if self.progressing is not None and told:
                self.progressing.note(told)
        except Exception:  # noqa: BLE001 - whatever it is: the lease ends if no later beat gets through
            return _AGAIN
        lost = held.keys() - renewed
        with self._lock:
            # What was let go meanwhile was settled, and is not lost.
            lost = {each for each in lost if self._held.pop(each, None) is not None}
            for each in renewed:
                if each in self._held:
                    self._held[each] = asked_at + self._lease * _TRUSTED
        for each in lost:
            self._tell(self._on_lost, each)
        for each in renewed.cancelled:
            self._tell(self._on_cancelled, each)
        return None

    def _tell(self, whom: Callable[[Held], object], held: Held) -> None:
        try:
            self._loop.call_soon_threadsafe(whom, held)
        except RuntimeError:
            # The loop was closed: nobody is left to be told.
            return
