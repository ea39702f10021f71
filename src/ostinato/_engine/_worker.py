"""One process's running scheduler: its start, its time, its end."""

import asyncio
import os
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from uuid import uuid4

from ostinato._engine._backfilling import Backfilling
from ostinato._engine._backoff import Backoff
from ostinato._engine._claims import Claims
from ostinato._engine._clocks import ClockWatch
from ostinato._engine._completing import Completing
from ostinato._engine._ending import Ending
from ostinato._engine._environment import Environment
from ostinato._engine._joining import adopt, registrations_of
from ostinato._engine._loop import Loop
from ostinato._engine._observing import Observing
from ostinato._engine._prepare import begin, bind, choose_timeline, first_due
from ostinato._engine._progressing import Progressing
from ostinato._engine._sharing import Sharing
from ostinato._engine._spread import Spread
from ostinato._engine._standing import Standing
from ostinato._engine._terms import Terms
from ostinato._engine._timeline import Timeline
from ostinato._ledger import Ledger
from ostinato.errors import NotRunningError
from ostinato.protocols import Injection, SharedStore

__all__ = ["Worker"]

# What takes a millisecond of the event loop for intervals and ten for cron; more take more turns.
_SLICE = 100
_LONGEST_WAIT = 60.0


class Worker:
    """Runs tasks from `start` to `stop`, on one event loop of one process."""

    def __init__(
        self,
        environment: Environment,
        store: SharedStore,
        *,
        is_live: bool = True,
        keep: int | None = None,
        terms: Terms | None = None,
    ) -> None:
        """Prepare to run tasks.

        Args:
            environment: What runs are executed with.
            store: The memory that workers share.
            is_live: Whether ticks fall due; if not, tasks are only triggered.
            keep: How many runs are remembered of each task that is not the store's.
            terms: How the store is shared with others; None: it is this process's own.
        """
        self.is_remote = terms is not None
        self._keep = keep
        self.is_live = is_live
        # Fresh for every start: host and process id are labels, and come back.
        self.id = str(uuid4())
        self.environment = environment
        self.store = store
        self.standings: dict[str, Standing] = {}
        self.is_running = False
        # How often it was entered, and not left yet.
        self.uses = 0
        # Is set when it has started, and when it has stopped.
        self.changed = asyncio.Event()
        self._clock = environment.clock
        # A `start` counts from here, or from when a shared store is open; not from its task's turn.
        self.begun = environment.clock.now() * 1_000
        self.steady = Timeline(follows_wall=False, longest_wait=None)
        self.calendar = Timeline(follows_wall=True, longest_wait=_LONGEST_WAIT)
        # What is due when a store says so that is shared with others.
        self.shared = Timeline(follows_wall=True, longest_wait=_LONGEST_WAIT)
        timelines = self.steady, self.calendar, self.shared
        self.sharing: Sharing | None = None
        if terms is not None:
            kind = Observing if terms.observes else Sharing
            self.sharing = kind(
                environment,
                store,
                self.shared,
                terms,
                standings=self.standings,
                owner=self.id,
                on_next=self.put_next,
            )
            self.sharing.door.keepalive.progressing = Progressing(self.standings)
        self._completing = Completing(environment, is_live=is_live, is_remote=self.is_remote)
        self.claims = Claims(
            environment,
            store,
            self.sharing.door if self.sharing else Backoff(environment, store),
            on_next=self.put_next,
            on_later=self._put_later,
            on_over=self._completing.finish,
        )
        clocks = ClockWatch(
            environment,
            store,
            self.steady,
            self.calendar,
            shared=self.shared if terms is None or terms.follows_host else None,
            standings=self.standings,
            on_next=self.put_next,
        )
        self.loop = Loop(environment, self.claims, timelines, clocks.look, self._go_inert)
        self._completing.claims = self.claims
        if self.sharing is not None:
            clocks.on_set_back = self.sharing.join(self.claims)
        self._ending = Ending(
            environment, self.claims, timelines, self._completing.under_way, is_live=is_live
        )
        self.backfilling = Backfilling(environment)
        self._coming: Iterator[Standing] = iter(())
        # Whether there are tasks that have not been enlisted yet.
        self._has_more = False

    def start(
        self, standings: Iterable[Standing], number: int, injections: Mapping[str, Injection]
    ) -> None:
        """Begin to run tasks; nothing of theirs runs before the loop's next turn.

        Args:
            standings: How the tasks stand, as `prepare` returns it.
            number: How many tasks there are.
            injections: What supplies their functions, by their names, where something does.
        """
        self._injections = injections
        wall, monotonic = self._clock.now() * 1_000, self._clock.monotonic() * 1_000
        self.steady.offset = self.calendar.offset = wall - monotonic
        self.shared.offset = self.shared.offset or wall - monotonic
        if self.sharing is None:
            self.store.open(self.environment.namespace, self.id, self.now)
        else:
            self.begun = wall
        self.is_running = True
        self._coming, self._has_more = iter(standings), True
        self._spread = Spread()
        self._enlist()
        if self.sharing is not None:
            self.sharing.listen()
        self.environment.telling.tell("ostinato.scheduler_started", tasks=number)

    def now(self) -> float:
        """Return the time in milliseconds: of the two ways to count it, the later."""
        monotonic = self._clock.monotonic()
        return max(self.steady.at(monotonic), self.calendar.at(monotonic)) + 1

    def standing_of(self, name: str) -> Standing:
        """Return how the task *name* stands, enlisted before its turn if need be.

        Raises:
            NotRunningError: The worker has been stopped before the task's turn.
        """
        while name not in self.standings and self._has_more:
            self._enlist()
        if name not in self.standings:
            raise NotRunningError(self.environment.namespace)
        return self.standings[name]

    def put_next(self, standing: Standing) -> None:
        """Put the task's next tick on the agenda, or the end of its pause."""
        if not (self.is_running and self.is_live and standing.is_joined):
            return
        if standing.is_paused:
            if standing.paused_until is not None:
                self.loop.put(standing, standing.paused_until)
        elif standing.next_due is not None:
            at = standing.next_due
            if standing.spread or standing.jitter is not None:
                at += standing.delay_of(at)
            if self.sharing is not None and standing.is_shared:
                at = self.sharing.asks_at(standing, at)
            self.loop.put(standing, at)

    async def stop(self, grace: float) -> None:
        """Start nothing more, give runs *grace* seconds, then cancel and await them."""
        if not self.is_running or self.is_orphaned:
            return
        self._halt()
        await self._ending.finish(grace)
        await self.backfilling.finish()
        if self.sharing is not None:
            await self.sharing.door.finish()
        self._let_go()
        self.environment.telling.tell("ostinato.scheduler_stopped")

    def abort(self) -> None:
        """Start nothing more and let go of everything at once: the start has failed."""
        self._halt()
        self._ending.cancel_completing()
        if self.sharing is not None:
            self.sharing.door.close()
        self._let_go()

    @property
    def is_orphaned(self) -> bool:
        """Whether its loop has ended without stopping it, or is another process's."""
        return self.environment.loop.is_closed() or os.getpid() != self.loop.process

    def _halt(self) -> None:
        self.is_running = False
        self.environment.stop()
        self.loop.stop()
        self.claims.stop()
        self._coming, self._has_more = iter(()), False

    def _let_go(self) -> None:
        self.environment.close()
        if self.sharing is None:
            self.store.close()

    def _enlist(self) -> None:  # noqa: C901 - each call less is felt at a hundred thousand tasks
        """Register the next slice of tasks, of which most are intervals; and then the others."""
        if not self.is_running:
            return
        coming = list(islice(self._coming, _SLICE))
        now = self.steady.at(self._clock.monotonic())
        whole, begun = -int(-now // 1), -int(-self.begun // 1)
        shared: list[Standing] = []
        self._spread.count(coming)
        for standing in coming:
            self.standings[standing.name] = standing
            if self._keep is not None:
                standing.ledger = Ledger(self._keep)
            if self._injections:
                standing.injection = self._injections.get(standing.name)
            if standing.is_shared:
                shared.append(standing)
            if standing.is_interval and not (self.is_remote and standing.is_shared):
                due = begin(standing, whole, begun, self.steady)
                standing.spread = self._spread.of(standing)
                if self.is_live:
                    self.steady.agenda.put(due + standing.spread, standing)
                continue
            try:
                self._begin(standing, now)
            except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
                self.claims.settling.stop(standing, error)
        if shared:
            self._register(shared)
        self._has_more = len(coming) == _SLICE
        if self._has_more:
            self.environment.loop.call_soon(self._enlist)
        self.loop.sleep()

    def _begin(self, standing: Standing, now: float) -> None:
        """Find the first tick of a task that is registered at *now*, and await it."""
        task = standing.task
        is_joined = standing.is_joined = not (self.is_remote and standing.is_shared)
        timelines = (self.steady, self.calendar) if is_joined else (self.shared, self.shared)
        choose_timeline(standing, task.schedule, *timelines)
        ahead = 0.0 if is_joined else self.shared.offset - self.steady.offset
        now, begun = now + ahead, self.begun + ahead
        try:
            standing.next_due = first_due(task, task.schedule, now, begun=begun)
            standing.end_at(task.policy.until)
            self._bind(standing, standing.next_due)
        except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
            self.claims.settling.stop(standing, error)

    def _register(self, shared: list[Standing]) -> None:
        if self.sharing is not None:
            self.sharing.register(shared)
            return
        rows = self.store.register(registrations_of(shared)).rows
        for standing in shared:
            standing.row = rows[standing.name]
            adopt(standing, standing.row, self.claims.settling, self.put_next)

    def _put_later(self, standing: Standing, at: int) -> None:
        if self.is_running and self.is_live:
            self.loop.put(standing, at)

    def _bind(self, standing: Standing, anchor: int | None) -> None:
        bind(standing, standing.task.schedule, anchor)
        if standing.task.policy.max_runs == 0:
            standing.next_due = None
        elif standing.next_due is None and self.is_live:
            # Nobody declares a task for that.
            self.environment.telling.tell("ostinato.task_never_due", standing.task.name)
        standing.spread = self._spread.of(standing)
        if standing.next_due is None:
            self._completing.finish(standing)
        else:
            self.put_next(standing)

    def _go_inert(self) -> None:
        """Do nothing in a process that was forked off: the tasks are the parent's."""
        self.is_running = False
        self.loop.stop()
        for timeline in (self.steady, self.calendar):
            for _ in timeline.agenda.take_due(float("inf")):
                pass
        self.environment.telling.tell("ostinato.scheduler_forked")
