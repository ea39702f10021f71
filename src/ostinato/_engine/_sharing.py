"""What a worker does because others share its store: join, follow the store's time, let go."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ostinato._engine._prepare import bind, is_interval
from ostinato._engine._remote import Remote
from ostinato._lease import Registration, Reply, TaskRow
from ostinato.errors import StoreUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from ostinato._engine._claims import Claims
    from ostinato._engine._environment import Environment
    from ostinato._engine._keepalive import Held
    from ostinato._engine._settling import Settling
    from ostinato._engine._standing import Standing
    from ostinato._engine._timeline import Timeline
    from ostinato._run import Run
    from ostinato.protocols import SharedStore

__all__ = ["Sharing", "Terms", "adopt", "asked_at", "registrations_of"]

# What is drawn by each worker so that not all come at once, and what is gathered into one question:
# each at the most this part of the period, and this many milliseconds.
_PART = 50
_LONGEST_JITTER = 200
_LONGEST_WINDOW = 250
# Of a schedule that is no grid: it may be due every second.
_SHORTEST_PERIOD = 1_000


@dataclass(frozen=True, slots=True)
class Terms:
    """How a store is shared with others.

    Attributes:
        lease: For how many seconds a run is leased to a worker at a time.
        poll: After how many seconds to look whether another worker has steered a task.
        follows_host: Whether the store's time is that of this machine.
    """

    lease: float
    poll: float
    follows_host: bool


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
        self._environment = environment
        self._timeline = timeline
        self._standings = standings
        self._terms = terms
        # After how many milliseconds without a word from it a worker is taken to be gone.
        self._grace = round(max(2 * terms.poll, terms.lease) * 1_000)
        self._on_next = on_next
        self.claims: Claims
        self.door = Remote(
            environment,
            store,
            self._go_on,
            owner=owner,
            lease=terms.lease,
            on_reply=self._note_time,
            on_lost=self._note_lost,
            on_cancelled=self._note_cancelled,
        )

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

    def listen(self) -> None:
        """Look now and then whether somebody has steered a task."""
        # Not all workers at once.
        wait = self._terms.poll * self._environment.random.uniform(0.9, 1.1)
        self._environment.clock.call_later(wait, self._look)

    def register(self, standings: list[Standing]) -> None:
        """Make tasks known to the store, and begin with them when it knows."""
        registrations = registrations_of(standings, self._grace)
        self.door.register(registrations, partial(self._join, standings))

    def asks_at(self, standing: Standing, due: int) -> int:
        """Return when to ask for what is *due*; at once, where the store is this machine's own."""
        if self._terms.follows_host:
            return due
        return asked_at(due, standing.period, self._environment.random.random())

    def stand_down(self, standing: Standing) -> None:
        """Ask for nothing while the store goes by another declaration of the task; look again."""
        standing.is_joined = False
        wait = self._grace / 2_000
        self._environment.clock.call_later(wait, partial(self.register, [standing]))

    def _join(self, standings: list[Standing], reply: Reply | None) -> None:
        if self.claims.is_stopped:
            return
        if reply is None:
            wait = self.door.left
            self._environment.clock.call_later(wait, partial(self.register, standings))
            return
        for standing in standings:
            row = reply.rows.get(standing.name)
            if row is None or row.spec != standing.spec:
                self.stand_down(standing)
                continue
            standing.is_joined = True
            adopt(standing, row, self.claims.settling, self._on_next)
            self._on_next(standing)

    def _look(self) -> None:
        if not self.claims.is_stopped:
            self.door.look(self._follow)

    def _follow(self, reply: Reply | None) -> None:
        """Do as the rows say that somebody has steered."""
        if self.claims.is_stopped:
            return
        for name, row in () if reply is None else reply.rows.items():
            standing = self._standings.get(name)
            if standing is not None and standing.is_joined:
                self._follow_row(standing, row)
        self.listen()

    def _follow_row(self, standing: Standing, row: TaskRow) -> None:
        is_paused, settling = standing.is_paused, self.claims.settling
        if is_paused and not row.paused:
            standing.next_due = row.next_due
            settling.note_resumed(standing)
            return
        if row.paused:
            standing.is_paused, standing.paused_reason = True, row.paused_reason
            standing.paused_until = row.paused_until
            settling.paused.add(standing)
            standing.timeline.agenda.remove(standing)
            self._on_next(standing)
        if row.paused and not is_paused:
            reason = row.paused_reason or "on request"
            self._environment.telling.tell("ostinato.task_paused", standing.name, reason=reason)

    def _host_now(self) -> float:
        # What is due within the millisecond is due.
        return self._environment.clock.now() * 1_000 + 1

    def _go_on(self, name: str) -> None:
        """Ask for the next tick of the task *name*: its lease is free now."""
        standing = self._standings.get(name)
        if standing is not None and not standing.running:
            self._on_next(standing)

    def _note_time(self, now: int, monotonic: float) -> None:
        """Note that it was *now* at the store when it was *monotonic* here."""
        if not self._terms.follows_host:
            self._timeline.offset = now - monotonic * 1_000

    def _note_lost(self, held: Held) -> None:
        """Let a run end whose lease is lost: another worker may run the next tick."""
        for standing, run in self._runs_of(held):
            run.lease_lost.set()
            self._environment.telling.tell("ostinato.lease_lost", standing.name, run=run)
            self.claims.performer.cancel(standing, run)

    def _note_cancelled(self, held: Held) -> None:
        for standing, run in self._runs_of(held):
            self.claims.performer.cancel(standing, run)

    def _runs_of(self, held: Held) -> list[tuple[Standing, Run]]:
        name, token = held
        standing = self._standings.get(name)
        if standing is None:
            return []
        return [(standing, run) for run in tuple(standing.live or ()) if run.token == token]


def asked_at(due: int, period: int, drawn: float) -> int:
    """Return when to ask a server for what is *due*: never before.

    Args:
        due: The instant.
        period: The task's, in milliseconds; 0 if it has none.
        drawn: From 0 to 1: how late among the workers.
    """
    part = (period or _SHORTEST_PERIOD) // _PART
    at = due + int(drawn * min(part, _LONGEST_JITTER))
    # What falls due until the end of a window is asked for together there.
    window = max(min(part, _LONGEST_WINDOW), 1)
    return -(-at // window) * window


def registrations_of(standings: list[Standing], grace: int = 30_000) -> list[Registration]:
    """Return what a store is told of the tasks: *grace* is in milliseconds."""
    return [
        Registration(
            each.name,
            each.spec,
            each.next_due,
            each.task.formerly,
            period=each.period or None if is_interval(each.unbound) else None,
            grace=grace,
        )
        for each in standings
    ]


def adopt(
    standing: Standing, row: TaskRow, settling: Settling, on_next: Callable[[Standing], object]
) -> None:
    """Let a task stand as its *row* says that was there before."""
    standing.is_paused, standing.paused_reason = row.paused, row.paused_reason
    standing.paused_until = row.paused_until
    if row.paused:
        settling.paused.add(standing)
    standing.starts, standing.failures_in_row = row.starts, row.failures_in_row
    standing.last_success = row.last_success
    if row.next_due != standing.next_due and not standing.is_over:
        standing.next_due = row.next_due
        bind(standing, standing.task.schedule, row.anchor)
        on_next(standing)
