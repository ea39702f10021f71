"""Compare the two clocks, and repair what a clock that was set has broken."""

from collections.abc import Callable, Mapping

from ostinato._engine._environment import Environment
from ostinato._engine._prepare import bind
from ostinato._engine._standing import Standing
from ostinato._engine._ticks import FreshTicks
from ostinato._engine._timeline import Timeline
from ostinato._instants import milliseconds_of
from ostinato._ledger import Ledger
from ostinato.protocols import Store
from ostinato.stores.memory import MemoryStore

__all__ = ["ClockWatch"]

# In milliseconds. A smaller difference is what a clock is put right by, little by little.
_JUMP = 2_000.0
# Debian's cron takes a clock that was set back by less for a change of the local time.
_DEBIAN_LIMIT = 3 * 3_600_000
# More milliseconds than there are.
_ENDLESS = 2**63


class ClockWatch:
    """Looks at the wall clock and at the monotonic one, and at what lies between them."""

    def __init__(
        self,
        environment: Environment,
        store: Store,
        steady: Timeline,
        calendar: Timeline,
        *,
        shared: Timeline | None,
        standings: Mapping[str, Standing],
        on_next: Callable[[Standing], object],
    ) -> None:
        """Watch over the timelines of *standings*.

        Args:
            environment: Whose clock is looked at.
            store: Is told where a task goes on.
            steady: What the monotonic clock decides.
            calendar: What the wall clock decides.
            shared: What a shared store decides, if its time is the wall clock's.
            standings: How the tasks stand, by their names.
            on_next: Is told of a task whose next tick is another one.
        """
        self._now = environment.clock.now
        self._monotonic = environment.clock.monotonic
        self._tell = environment.telling.tell
        self._store = store
        self._steady = steady
        self._calendar = calendar
        self._shared = shared
        self._standings = standings
        self._on_next = on_next
        # Is told where the time of a shared store was set back with the wall clock.
        self.on_set_back: Callable[[], object] = int

    def look(self) -> float:
        """Compare the clocks; return the monotonic one's time, in seconds."""
        now, monotonic = self._now(), self._monotonic()
        offset = now * 1_000 - monotonic * 1_000
        jump = offset - self._calendar.offset
        self._calendar.offset = offset
        if self._shared is not None:
            self._shared.offset = offset
        apart = offset - self._steady.offset
        if -_JUMP <= apart <= _JUMP:
            return monotonic
        if abs(jump) > _JUMP:
            self._tell("ostinato.clock_jumped", seconds=jump / 1_000)
            if jump < 0 and self._shared is not None:
                self.on_set_back()
        self._relabel(round(apart))
        if jump < -_DEBIAN_LIMIT:
            self._resume_calendar()
        return monotonic

    def _relabel(self, milliseconds: int) -> None:
        """Move the intervals' instants to what the wall clock says; none of them is lengthened."""
        self._steady.offset += milliseconds
        self._steady.agenda.shift(milliseconds)
        for standing in self._standings.values():
            if standing.timeline is self._steady and standing.next_due is not None:
                standing.next_due += milliseconds
                if milliseconds < 0:
                    standing.next_due = self._cleared(standing, standing.next_due)
                bind(standing, standing.unbound, standing.next_due)
                self._write(standing, anchor=standing.next_due)
                if standing.entry is not None:
                    # Its jitter is that of another instant, and its pause ends by the wall clock.
                    self._on_next(standing)

    def _cleared(self, standing: Standing, due: int) -> int:
        """Return *due*, or a moment later, so that no earlier tick is on the grid behind it."""
        modulus = standing.period or _ENDLESS
        taken = {milliseconds_of(run.due) % modulus for run in standing.live}
        taken |= self._ledger(standing).phases(modulus)
        free = (due + shift for shift in range(len(taken) + 1))
        return next((each for each in free if each % modulus not in taken), due)

    def _resume_calendar(self) -> None:
        """Go on with calendars from a time that was set back by more than three hours."""
        now = self._calendar.at(self._monotonic())
        for standing in self._standings.values():
            if standing.timeline is not self._calendar or standing.next_due is None:
                continue
            # A tick that was run, or skipped, before the clock was set is not due again.
            standing.ticks = FreshTicks(standing.ticks, self._ledger(standing).holds)
            standing.period, standing.is_quick = 0, False
            standing.next_due = standing.ticks.after(now)
            standing.end_at(standing.task.policy.until)
            self._write(standing)
            self._on_next(standing)

    def _write(self, standing: Standing, **changes: object) -> None:
        if standing.is_shared:
            try:
                self._store.control(standing.name, {"next_due": standing.next_due, **changes})
            except Exception as error:  # noqa: BLE001 - a store may be anybody's; its row counts
                self._tell("ostinato.store_failed", error=error)
        self._tell("ostinato.anchor_reset", standing.name)

    def _ledger(self, standing: Standing) -> Ledger:
        if standing.is_shared and isinstance(self._store, MemoryStore):
            return self._store.ledger(standing.name)
        return standing.records
