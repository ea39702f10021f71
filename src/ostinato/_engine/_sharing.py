"""What a worker does because others share its store: join, follow the store's time, let go."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._asking import asked_at, believed
from ostinato._engine._hearing import Hearing
from ostinato._engine._joining import (
    adopt,
    come_earlier,
    follow,
    heed_pause,
    registrations_of,
    runs_of,
)
from ostinato._engine._looking import Looking
from ostinato._engine._mending import Mending
from ostinato._engine._neighbours import Neighbours
from ostinato._engine._pruning import Pruning
from ostinato._engine._remote import Remote
from ostinato._engine._watching import Watching
from ostinato._lease import Lease, Reply, TaskRow
from ostinato._outcomes import RunKind
from ostinato._run import Run
from ostinato.errors import InvalidScheduleError, StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ostinato._engine._claims import Claims
    from ostinato._engine._environment import Environment
    from ostinato._engine._keepalive import Held
    from ostinato._engine._standing import Standing
    from ostinato._engine._terms import Terms
    from ostinato._engine._timeline import Timeline
    from ostinato.protocols import SharedStore

__all__ = ["Sharing"]

# In milliseconds: what is less is no clock that was set.
_JUMP = 2_000


class Sharing:
    """A worker among others that share a store."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        timeline: Timeline,
        terms: Terms,
        *,
        standings: Mapping[str, Standing],
        owner: str,
        on_next: Callable[[Standing], object],
    ) -> None:
        """Share *store*.

        Args:
            environment: What runs are executed with.
            store: The memory that workers share.
            timeline: What is due when the store says so.
            terms: How it is shared.
            standings: How the tasks stand, by their names.
            owner: The worker's id.
            on_next: Is told of a task whose next tick is known, to put it on the agenda.
        """
        self._environment, self._tell = environment, environment.telling.tell
        self._timeline = timeline
        self._standings = standings
        self._terms = terms
        # After how many milliseconds without a word from it a worker is taken to be gone.
        self.grace = round(max(2 * terms.poll, terms.lease) * 1_000)
        self._on_next = on_next
        self.claims: Claims
        self.door = Remote(
            environment,
            store,
            timeline,
            self._go_on,
            owner=owner,
            lease=terms.lease,
            on_reply=self._note_time,
            on_lost=self._note_lost,
            on_cancelled=self._note_cancelled,
        )
        self.looking = Looking(store, self.door.lanes, environment.boot, self._note_time)
        self._hearing = Hearing(
            environment, store, self.door.lanes, self.looking.look, self._follow_rows
        )
        self._pruning = Pruning(environment, store, self.door.lanes, terms.kept)
        self._neighbours = Neighbours(environment, store, self.door.lanes, standings, self.grace)
        self._mending = Mending(environment, self.door, on_next)
        # The texts of schedules that this version cannot read, and has said so.
        self._unread: set[str | None] = set()
        self._watching = Watching(
            environment,
            self.door,
            standings,
            owner,
            on_taken=self._go_on_with,
            on_free=on_next,
        )

    def join(self, claims: Claims) -> Callable[[], object]:
        """Have *claims* say whom others have kept from what; return who is told of set clocks."""
        self.claims = claims
        claims.on_stood_down, claims.on_refused = self.stand_down, self._heed
        claims.corrected, claims.on_stopped = self._correct, self._stop
        return self.look_at_clock

    def _stop(self) -> None:
        self._watching.stop()
        self._pruning.stop()
        self._hearing.stop()

    async def open(self) -> None:
        """Open the store.

        Raises:
            StoreError: It cannot be what workers share, however long one waits.
        """
        try:
            await self.door.open(self._environment.namespace, self._host_now)
        except StoreUnavailableError as error:
            # The application starts all the same: nothing is claimed until it answers.
            self.door.fail(error)
        self._pruning.begin()

    def listen(self) -> None:
        """Look now and then whether somebody has steered a task."""
        # Not all workers at once.
        wait = self._terms.poll * self._environment.random.uniform(0.9, 1.1)
        self._environment.clock.call_later(wait, self._look)

    def register(self, standings: list[Standing]) -> None:
        """Make tasks known to the store, and begin with them when it knows."""
        if self.claims.is_stopped:
            return
        registrations = registrations_of(standings, self.grace, self._terms.revision)
        self.door.register(registrations, partial(self._join, standings))

    def asks_at(self, standing: Standing, due: int) -> int:
        """Return when to ask for what is *due*; at once, where the store is this machine's own."""
        if self._terms.follows_host:
            return due
        return asked_at(due, standing.period, self._environment.random.random())

    def stand_down(self, standing: Standing) -> None:
        """Ask for nothing while the store goes by another declaration of the task; look again."""
        standing.is_joined = False
        standing.timeline.agenda.remove(standing)
        wait = self.grace / 2_000
        self._environment.clock.call_later(wait, partial(self.register, [standing]))

    def _join(self, standings: list[Standing], reply: Reply | None) -> None:
        if self.claims.is_stopped:
            return
        if reply is None:
            wait = self.door.left
            self._environment.clock.call_later(wait, partial(self.register, standings))
            return
        if not self._terms.follows_host:
            self._hearing.begin()
        self._neighbours.look()
        for standing in standings:
            row = reply.rows.get(standing.name)
            if row is None or row.spec != standing.spec:
                self.stand_down(standing)
                continue
            standing.is_joined = True
            try:
                adopt(standing, row, self.claims.settling, self._on_next)
                if self._heed(standing, row, reply.now):
                    self.claims.settling.go_on(standing)
            except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
                self.claims.settling.stop(standing, error)

    def _look(self) -> None:
        if not self.claims.is_stopped:
            self.looking.look(self._follow)

    def _follow(self, reply: Reply | None) -> None:
        """Do as the rows say that somebody has steered, and look again later."""
        if not self.claims.is_stopped:
            self._follow_rows(reply)
            self.listen()

    def _follow_rows(self, reply: Reply | None) -> None:
        if reply is None or self.claims.is_stopped:
            return
        for name, row in reply.rows.items():
            standing = self._standings.get(name)
            if standing is None or not standing.is_joined:
                continue
            before = standing.followed, standing.anchor, standing.next_due
            for run in tuple(standing.live) if row.cancel_requested else ():
                if run.token in row.cancel_requested:
                    self.claims.performer.cancel(standing, run)
            try:
                if self._heed(standing, row, reply.now):
                    heed_pause(standing, row, self.claims.settling, self._on_next, self._tell)
                    come_earlier(standing, row)
                if (standing.followed, standing.anchor, standing.next_due) != before:
                    self._on_next(standing)
            except Exception as error:  # noqa: BLE001 - as above
                self.claims.settling.stop(standing, error)

    def _heed(self, standing: Standing, row: TaskRow, now: int) -> bool:
        """Note how the *row* of a task stood *now*; return whether this worker goes on with it."""
        self._watching.note(row, now)
        if row.spec != standing.spec:
            return False
        standing.last_tick = row.last_due
        if not standing.running:
            standing.starts = row.starts
        try:
            follow(standing, row, self._timeline)
        except InvalidScheduleError as error:
            # Another version wrote it: that runs the task, for as long as it is so.
            if row.schedule not in self._unread:
                self._unread.add(row.schedule)
                self._tell("ostinato.schedule_not_read", standing.name, error=error)
            self.stand_down(standing)
            return False
        self._mending.look(standing, row, now)
        return True

    def _correct(self, standing: Standing, row: TaskRow, due: int) -> int | None:
        """Return what is next behind a tick that was claimed by a schedule that has changed."""
        written = row.next_due
        if not self._heed(standing, row, due):
            return written
        following = standing.ticks.after(due)
        self.door.control(standing.name, {"next_due": following, "expected": written})
        return following

    def _go_on_with(self, standing: Standing, lease: Lease, row: TaskRow) -> None:
        """Go on with the run of a worker that died, whose *lease* is had now, as *row* says."""
        due, namespace, success = lease.due, self._environment.namespace, row.last_success
        run = Run(
            standing.name, due, namespace, RunKind.TICK, lease.token, previous_success=success
        )
        if self.claims.is_stopped:
            # It goes back to where it was: the lease expires.
            self.door.leave(run)
            return
        run.attempt = row.takeovers + 1
        standing.next_due, standing.starts = row.next_due, row.starts
        standing.started_tick = due
        self._tell("ostinato.run_taken_over", standing.name, run=run)
        _ = self.claims.performer.start(standing, run)

    def _host_now(self) -> float:
        # What is due within the millisecond is due.
        return self._environment.clock.now() * 1_000 + 1

    def _go_on(self, name: str) -> None:
        """Ask for the next tick of the task *name*: its lease is free now."""
        standing = self._standings.get(name)
        if standing is not None and not standing.running:
            self._on_next(standing)

    def _note_time(self, now: int, asked_at: float) -> None:
        """Note that it was *now* at the store, some time since *asked_at* on the leases' clock."""
        answered_at = self._environment.boot()
        self.looking.heard = answered_at
        if self._terms.follows_host:
            return
        before, monotonic = self._timeline.offset, self._environment.clock.monotonic() * 1_000
        took = (answered_at - asked_at) * 1_000
        self._timeline.offset = believed(before, now - monotonic, took)
        if before - self._timeline.offset > _JUMP:
            self.look_at_clock()

    def look_at_clock(self) -> None:
        """Look what becomes of all tasks, for the store's clock was set back."""
        self.looking.look(self._follow_rows, at_all=True)

    def _note_lost(self, held: Held) -> None:
        """Let a run end whose lease is lost: another worker may run the next tick."""
        for standing, run in runs_of(self._standings, held):
            run.lease_lost.set()
            self._tell("ostinato.lease_lost", standing.name, run=run)
            self.claims.performer.cancel(standing, run)

    def _note_cancelled(self, held: Held) -> None:
        for standing, run in runs_of(self._standings, held):
            self.claims.performer.cancel(standing, run)
