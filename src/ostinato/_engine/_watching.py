"""What becomes of runs whose workers die: somebody goes on with them, or gives them up."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._lease import LEASE_EXPIRED, Takeover
from ostinato._outcomes import Outcome
from ostinato._run import Run

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ostinato._engine._environment import Environment
    from ostinato._engine._remote import Remote
    from ostinato._engine._standing import Standing
    from ostinato._lease import Lease, Reply, TaskRow
    from ostinato.protocols import Timer

__all__ = ["Watching"]

# A run is taken over so often, and then given up: it may be what kills its workers.
_MOST_TAKEOVERS = 2
# In seconds: not all workers look at once; and how soon to look again where it was too early.
_SPREAD = 0.2
_AGAIN = 1.0


class Watching:
    """Looks after the leases that other workers hold, when they expire: one look per lease."""

    def __init__(
        self,
        environment: Environment,
        door: Remote,
        standings: Mapping[str, Standing],
        owner: str,
        *,
        on_taken: Callable[[Standing, Lease, TaskRow], object],
        on_free: Callable[[Standing], object],
    ) -> None:
        """Watch for the worker *owner*.

        Args:
            environment: The clock, the threads, and who is told.
            door: How the store is asked.
            standings: How the tasks stand, by their names.
            owner: The worker's id.
            on_taken: Is told of a run that is to go on here, its lease and its row.
            on_free: Is told of a task whose lease is free again.
        """
        self._environment = environment
        self._door = door
        self._standings = standings
        self._owner = owner
        self._on_taken = on_taken
        self._on_free = on_free
        # Of each lease of another worker: its token, when it has expired, on the monotonic clock,
        # and whether its run was taken over as often as it may be.
        self._watched: dict[str, tuple[int, float, bool]] = {}
        self._timer: Timer | None = None
        self._armed_for = 0.0
        self._is_stopped = False

    def note(self, row: TaskRow, now: int) -> None:
        """Note how *row* stood when it was *now* at the store."""
        held = row.held
        if held is None or held.owner == self._owner:
            self._watched.pop(row.name, None)
            return
        wait = max(held.until - now, 0) / 1_000 + self._environment.random.uniform(0, _SPREAD)
        self._watch(row.name, held.token, wait, is_worn=row.takeovers >= _MOST_TAKEOVERS)

    def stop(self) -> None:
        """Look at nothing any more."""
        self._is_stopped = True
        if self._timer is not None:
            self._timer.cancel()

    def _watch(self, name: str, token: int, wait: float, *, is_worn: bool) -> None:
        self._watched[name] = token, self._environment.clock.monotonic() + wait, is_worn
        self._arm(wait)

    def _arm(self, wait: float) -> None:
        """Look in so many seconds, if not before."""
        at = self._environment.clock.monotonic() + wait
        if self._is_stopped or (self._timer is not None and self._armed_for <= at):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._armed_for = at
        self._timer = self._environment.clock.call_later(wait, self._look)

    def _look(self) -> None:
        """Ask for the leases that have expired, all at once."""
        self._timer = None
        if self._is_stopped:
            return
        now = self._environment.clock.monotonic()
        asked: list[Takeover] = []
        for name, (token, at, is_worn) in tuple(self._watched.items()):
            standing = self._standings.get(name)
            if at > now or standing is None:
                continue
            del self._watched[name]
            reruns = standing.reruns and not is_worn
            if reruns and standing.is_thread_bound and not self._environment.threads.vacant:
                # No lease waits for a thread.
                self._watched[name] = token, now + _AGAIN, is_worn
                continue
            asked.append(Takeover(name, standing.spec, token, reruns=reruns))
        if asked:
            self._ask(asked)
        if self._watched and self._timer is None:
            self._arm(max(min(at for _, at, _ in self._watched.values()) - now, 0.0))

    def _ask(self, asked: list[Takeover]) -> None:
        self._door.claim(asked, partial(self._go_on, asked))

    def _go_on(self, asked: list[Takeover], reply: Reply | None) -> None:
        if self._is_stopped:
            return
        if reply is None:
            self._ask_again(asked, max(self._door.left, _AGAIN))
            return
        # What these guard is about to be committed.
        self._ask_again([each for each in asked if each.name in reply.undecided], _AGAIN)
        leases = {lease.name: lease for lease in reply.leases}
        given_up: list[Takeover] = []
        decided = reply.rows.keys() - reply.undecided
        for each in (each for each in asked if each.name in decided):
            standing, row = self._standings[each.name], reply.rows[each.name]
            lease = leases.get(each.name)
            if lease is not None and lease.owner == self._owner:
                self._on_taken(standing, lease, row)
            elif lease is not None:
                self._tell_lost(standing, lease)
            elif row.held is None:
                self._on_free(standing)
            elif self._is_to_be_given_up(standing, each, row, reply.now):
                given_up.append(each._replace(reruns=False))
        if given_up:
            self._ask(given_up)

    def _ask_again(self, asked: list[Takeover], wait: float) -> None:
        for each in asked:
            self._watch(each.name, each.token, wait, is_worn=not each.reruns)

    def _is_to_be_given_up(
        self, standing: Standing, asked: Takeover, row: TaskRow, now: int
    ) -> bool:
        """Return whether nobody may go on with what was *asked* for; else, look again later."""
        held = row.held
        if held is None or held.token != asked.token or held.until > now:
            self.note(row, now)
            return False
        if asked.reruns and not row.paused and row.spec == standing.spec:
            # What was started by hand is not started again.
            return True
        self._watch(asked.name, asked.token, _AGAIN, is_worn=not asked.reruns)
        return False

    def _tell_lost(self, standing: Standing, lease: Lease) -> None:
        """Tell of a run that was given up here, and go on."""
        run = Run(standing.name, lease.due, self._environment.namespace, token=lease.token)
        run.outcome, run.error = Outcome.ABANDONED, LEASE_EXPIRED
        self._environment.telling.tell("ostinato.run_lost", standing.name, run=run)
        self._on_free(standing)
