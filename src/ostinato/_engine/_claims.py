"""From a tick that is due to a run: decide, claim, start."""

from collections.abc import Callable
from functools import partial

from ostinato._engine._backoff import Backoff
from ostinato._engine._deciding import Deciding
from ostinato._engine._environment import Environment
from ostinato._engine._pausing import Pausing
from ostinato._engine._perform import Performer
from ostinato._engine._quick import Quick
from ostinato._engine._settling import Settling
from ostinato._engine._standing import Standing
from ostinato._engine._starving import Starving
from ostinato._engine._timeline import Timeline
from ostinato._lease import Claim, Lease, Reply, Settlement, Skipped, TaskRow, new_claim
from ostinato._outcomes import RunKind, SkipReason
from ostinato._policy import Overlap
from ostinato._run import Run
from ostinato.protocols import Store

__all__ = ["Claims"]

# In seconds: how long to leave a task alone that could not be had.
_POLL = 5.0
_AGAIN = 0.5
# In seconds: when to come back for what another worker was busy with.
_SOON = 0.005, 0.05

# A tick, or a range of ticks to skip, that is to be claimed: the instant that its row must hold,
# and what was decided about it. Bare tuples, for there is one for each tick.
Decided = tuple[int | None, int | None, Skipped | None, bool]
Wanted = tuple[Standing, int, Decided]


class Claims:
    """Decides about ticks that are due, claims them at the store, and has them run."""

    def __init__(
        self,
        environment: Environment,
        store: Store,
        door: Backoff,
        *,
        on_next: Callable[[Standing], object],
        on_later: Callable[[Standing, int], object],
        on_over: Callable[[Standing], object],
    ) -> None:
        """Claim from *store*.

        Args:
            environment: What runs are executed with.
            store: The memory that workers share; called inline where it is this process's own.
            door: How it is asked.
            on_next: Is told of a task whose next tick is known, to put it on the agenda.
            on_later: Is told of a task that is to be looked at again, and when.
            on_over: Is told of a task that has no further tick, once its last run has ended.
        """
        self._environment = environment
        self._namespace = environment.namespace
        self._on_next = on_next
        self.starving = Starving(environment, on_next)
        self._on_later = on_later
        self.is_stopped = False
        # Where the store is shared: who is told of a task that it knows by another declaration, and
        # of each row by which a claim was refused; and who says what is next, where a task was
        # claimed that follows another schedule since.
        self.on_stood_down: Callable[[Standing], object] | None = None
        self.on_refused: Callable[[Standing, TaskRow, int], object] | None = None
        self.corrected: Callable[[Standing, TaskRow, int], int | None] | None = None
        self.on_stopped: Callable[[], object] = int
        self.backoff = door
        self.settling = Settling(
            environment,
            on_next=on_next,
            on_over=on_over,
            starving=self.starving,
            backoff=self.backoff,
        )
        self.performer = Performer(
            environment,
            on_ended=self.settling.settle,
            on_given_up=self.settling.give_up,
            on_zombie_ended=self.settling.free_slot,
        )
        self._decide = Deciding(environment, self.performer, self.starving).decide
        self._start_run = self.performer.start
        self._pausing = Pausing(self.settling, self.backoff, self._put_back)
        self._quick = Quick(
            environment, store, self.performer, starving=self.starving, on_next=on_next
        )

    def stop(self) -> None:
        """Wait for no thread any more, for no stuck run, and for no store."""
        self.is_stopped = True
        self.on_stopped()
        self.starving.stop()
        self.backoff.stop()
        self.performer.stop()

    def take(self, timeline: Timeline, now: float) -> None:  # noqa: C901, PLR0912 - each call less is felt at every tick
        """Run, or skip, every tick of *timeline* that is due at the instant *now*."""
        shared: list[Wanted] = []
        run_quickly, is_quick_allowed = self._quick.run, self._quick.is_allowed
        for standing in timeline.agenda.take_due(now):
            expected = standing.next_due
            if standing.is_paused or expected is None:
                self._pausing.end(standing, now)
                continue
            is_free = standing.is_quick and not standing.running
            if is_free and 0 <= now - expected < standing.period:
                # On time, on a grid: the common case takes an addition.
                if standing.is_thread_bound and not self.starving.reserve(standing):
                    continue
                if standing.is_plain and is_quick_allowed and run_quickly(standing, expected, now):
                    continue
                following = expected + standing.period
                if standing.is_shared:
                    shared.append((standing, expected, (expected, following, None, False)))
                else:
                    standing.next_due = following
                    self._run(standing, expected, 0)
                continue
            try:
                decision = self._decide(standing, expected, now)
            except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
                self.settling.stop(standing, error)
                continue
            if decision is None:
                continue
            if standing.is_shared:
                shared.append((standing, expected, decision))
            else:
                self._start(standing, decision)
        if self._quick.has_jobs:
            self._quick.queue_jobs()
        if shared:
            self._claim(shared)
        if self.starving.reserved or self.starving.waiting:
            self.starving.take_back()

    def _claim(self, wanted: list[Wanted]) -> None:
        """Ask the store for all that is *wanted* at once."""
        # No lease is to wait for a thread: those that were promised are kept until the answer.
        promised = sum(standing.is_thread_bound for standing, _, decided in wanted if decided[0])
        self.starving.hold(promised)
        claims = [_claim_of(each) for each in wanted]
        self.backoff.claim(claims, partial(self._answered, wanted, promised))

    def _answered(self, wanted: list[Wanted], promised: int, reply: Reply | None) -> None:
        self._go_on(wanted, reply)
        self.starving.let_go(promised)

    def _go_on(self, wanted: list[Wanted], reply: Reply | None) -> None:
        """Start what the store's *reply* grants of what was *wanted*."""
        if reply is None:
            for standing, _, _ in wanted:
                self._put_back(standing, self.backoff.left)
            return
        leases = {lease.name: lease for lease in reply.leases}
        # Who has won something comes for the rest at once; the others leave it to them for a while.
        again = 0.0 if leases else self._environment.random.uniform(*_SOON)
        granted: list[tuple[Standing, Decided, Lease]] = []
        for standing, expected, decision in wanted:
            lease = leases.get(standing.name)
            if lease is None and standing.name in reply.undecided:
                self._put_back(standing, again)
                continue
            if lease is None:
                self._do_without(standing, expected, decision, reply)
                continue
            decided, row = decision, reply.rows[standing.name]
            if (lease.due, row.next_due) != decision[:2]:
                # It was won before, by a claim whose reply was lost: what that has skipped counts.
                decided = (lease.due, row.next_due, None, False)
            if row.schedule != standing.followed and self.corrected is not None:
                following = self.corrected(standing, row, lease.due)
                decided = (decided[0], following, decided[2], False)
            # The store has moved on: before any of the bodies can ask, or steer.
            standing.next_due = decided[1]
            # Others may have run it since: this start is counted where it begins.
            standing.starts, standing.failures_in_row = row.starts - 1, row.failures_in_row
            standing.last_success, standing.last_tick = row.last_success, lease.due
            granted.append((standing, decided, lease))
        for standing, decision, lease in granted:
            if self.is_stopped or standing.is_paused or standing.next_due != decision[1]:
                # The scheduler ends, or the body of one before it has steered it.
                self._pass_over(standing, decision[2], lease)
            else:
                self._start(standing, decision, lease.token)

    def _do_without(
        self, standing: Standing, expected: int, decision: Decided, reply: Reply
    ) -> None:
        """Go on with a task for which there is no lease: there is nothing to run, or it is had."""
        row = reply.rows.get(standing.name)
        if row is not None and self.on_refused is not None:
            self.on_refused(standing, row, reply.now)
        is_known = row is not None and row.spec == standing.spec
        if not is_known and self.on_stood_down is not None:
            # By another declaration; or the store was put back to a time before this one.
            self.on_stood_down(standing)
        elif row is not None and decision[0] is None and row.next_due == decision[1]:
            self._start(standing, decision)
        elif row is not None and standing.is_used_up(row):
            standing.next_due = None
            self.settling.go_on(standing)
        elif row is not None and row.next_due != expected:
            # Somebody else was first, or steered it: what the row says counts.
            standing.next_due, standing.gaps_until = row.next_due, expected
            self._on_next(standing)
        else:
            # Another run holds its lease, or it is not to run: that may be over one day.
            self._put_back(standing, self._until_free(row, reply.now))

    def _pass_over(self, standing: Standing, passed: Skipped | None, lease: Lease) -> None:
        """Skip a tick that was claimed, for its task was steered before it could begin."""
        if passed is not None:
            self.settling.note_skipped(standing, passed, is_recorded=True)
        due = lease.due
        reason = SkipReason.PAUSED if standing.is_paused else SkipReason.OVERLAP
        if self.is_stopped:
            reason = SkipReason.SHUTDOWN
        record = Run.of_skipped(
            standing.name, self._namespace, first=due, last=due, count=1, reason=reason
        )
        record.token = lease.token
        self.backoff.settle(Settlement(record, concurrency=standing.concurrency))
        skipped = Skipped(due, due, 1, reason)
        self.settling.note_skipped(standing, skipped, is_recorded=True)

    def _put_back(self, standing: Standing, seconds: float) -> None:
        """Look at a task again in some *seconds*."""
        monotonic = self._environment.clock.monotonic()
        # Up to the whole millisecond: down, it might be at once, again and again.
        self._on_later(standing, -int(-standing.timeline.at(monotonic + seconds) // 1))

    def _until_free(self, row: TaskRow | None, now: int) -> float:
        """Return after how many seconds the lease on *row* ends, or may have been given back."""
        poll = _POLL * self._environment.random.uniform(0.9, 1.1)
        if row is not None and row.next_due is not None and row.next_due > now:
            # The store's clock is a little behind ours.
            return min((row.next_due - now) / 1_000, poll)
        if row is None or row.held is None:
            return poll
        # One that has expired is left to who goes on with its run, for a moment.
        return min(max(row.held.until - now, 0) / 1_000 or _AGAIN, poll)

    def _start(self, standing: Standing, decision: Decided, token: int = 0) -> None:
        due, standing.next_due, passed, _ = decision
        standing.is_queued = False
        if due is not None and (passed is None or passed.reason is SkipReason.GAP):
            # Where something else was skipped with it, the next claim has room for a gap.
            standing.gaps_until = due
        if passed is not None:
            self.settling.note_skipped(standing, passed, is_recorded=standing.is_shared)
        if due is None:
            self.settling.go_on(standing)
            return
        self._run(standing, due, token)

    def _run(self, standing: Standing, due: int, token: int) -> None:
        """Start the run of the tick *due*."""
        standing.starts += 1
        standing.started_tick = due
        start_at = None
        if standing.spread or standing.jitter is not None:
            start_at = due + standing.delay_of(due)
            standing.spread = 0
        run = Run(
            standing.name,
            due,
            self._namespace,
            RunKind.TICK,
            token,
            start_at,
            standing.last_success,
        )
        is_cancellable = standing.task.policy.overlap is Overlap.CANCEL_OTHER
        if standing.concurrency != 1 or is_cancellable:
            # Looked at while the run is under way.
            self._on_next(standing)
        _ = self._start_run(standing, run)


def _claim_of(wanted: Wanted) -> Claim:
    standing, expected, (due, following, passed, _) = wanted
    limit = standing.task.policy.max_runs if standing.is_bounded else None
    rest = (passed, limit, RunKind.TICK, None, standing.concurrency, standing.reruns)
    return new_claim((standing.name, standing.spec, expected, due, following, *rest))
