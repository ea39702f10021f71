"""THE loop: wait for the next instant, take what is due, look for the next."""

from collections.abc import Callable
from math import inf
from os import getpid

from ostinato._engine._claims import Claims
from ostinato._engine._environment import Environment
from ostinato._engine._standing import Standing
from ostinato._engine._timeline import Timeline
from ostinato.protocols import Timer

__all__ = ["Loop"]

# A timer may come this much early, by the rounding of floats: half of a tenth of a millisecond.
_EARLY = 0.05
_LONGEST_WAIT = 60.0


class Loop:
    """One armed timer over every task of a process."""

    def __init__(
        self,
        environment: Environment,
        claims: Claims,
        timelines: tuple[Timeline, ...],
        look: Callable[[], float],
        on_forked: Callable[[], object],
    ) -> None:
        """Take what is due on the *timelines* to the *claims*.

        Args:
            environment: Whose time it is.
            claims: Runs what is due.
            timelines: Whose agendas are looked at.
            look: Is called at each wake-up before anything is taken, to compare the clocks; returns
                the monotonic one's time.
            on_forked: Is called instead, once, in a process that was forked off.
        """
        self._clock = environment.clock
        self._monotonic = environment.clock.monotonic
        # A wake-up costs ten times what a tick does: what is due within the grain of the clock's
        # timers, which may come so late anyway, shares one. A clock without one is exact.
        self._grain: int = getattr(environment.clock, "grain", 0)
        self._claims = claims
        self._timelines = timelines
        self._look = look
        self._on_forked = on_forked
        # Whose tasks these are: in one that is forked off nothing runs.
        self.process = getpid()
        self._timer: Timer | None = None
        self._armed_for = 0.0
        self._is_awake = False
        self._is_stopped = False

    def wake(self) -> None:
        """Take what is due, and sleep until the next instant."""
        self._timer = None
        if getpid() != self.process:
            self._on_forked()
            return
        self._is_awake = True
        now = self._look() * 1_000 + _EARLY
        try:
            for timeline in self._timelines:
                if timeline.agenda.instants:
                    self._claims.take(timeline, now + timeline.offset)
        finally:
            self._is_awake = False
            self._sleep()

    def put(self, standing: Standing, at: int) -> None:
        """Look at *standing* at the instant *at* of its timeline."""
        timeline = standing.timeline
        timeline.agenda.put(at, standing)
        armed_for = self._armed_for * 1_000 + timeline.offset
        if self._is_awake or (self._timer is not None and at >= armed_for):
            # Whoever is awake looks before it sleeps; and the timer comes early enough.
            return
        self._sleep()

    def sleep(self) -> None:
        """Arm the timer for the next instant."""
        self._sleep()

    def stop(self) -> None:
        """Take nothing any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _sleep(self) -> None:
        if self._is_stopped:
            return
        now = self._monotonic()
        milliseconds, wait = now * 1_000, inf
        for timeline in self._timelines:
            agenda = timeline.agenda
            if agenda.instants and (next_at := agenda.next_at(self._grain)) is not None:
                left = (next_at - (milliseconds + timeline.offset)) / 1_000
                if timeline.longest_wait is not None:
                    # The clock may be set, or the machine suspended, while we sleep: look again.
                    left = min(left, timeline.longest_wait)
                wait = min(wait, left)
        if wait == inf:
            return
        wait = max(wait, 0.0)
        instant = now + wait
        if self._timer is not None:
            if self._armed_for <= instant:
                # It comes no later than it has to; it looks for itself what is due then.
                return
            self._timer.cancel()
        self._armed_for = instant
        self._timer = self._clock.call_later(wait, self.wake)
