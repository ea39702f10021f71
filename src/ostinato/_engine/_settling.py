"""From the end of a run to the next tick: record, move on, free the slot."""

from collections.abc import Callable, Mapping
from functools import partial

from ostinato._engine._backoff import Backoff
from ostinato._engine._environment import Environment
from ostinato._engine._missed import horizon_of, skip_until
from ostinato._engine._standing import Standing
from ostinato._engine._starving import Starving
from ostinato._engine._survey import note_success
from ostinato._lease import Claim, Reply, Settlement, Skipped, new_settlement
from ostinato._outcomes import Outcome, RunKind, SkipReason
from ostinato._policy import Overlap
from ostinato._run import Run
from ostinato.stores._granting import is_older

__all__ = ["RESUMED", "Settling"]

# What is written of a task that is paused no longer.
_NOTHING: Mapping[str, object] = dict.fromkeys(("paused_reason", "paused_until"))
RESUMED: Mapping[str, object] = {"paused": False, **_NOTHING, "failures_in_row": 0}

# What lies behind a run: from which instant its task has moved on, and what was passed over.
Behind = tuple[int | None, Skipped | None]


class Settling:
    """Records how runs ended, and finds the next tick behind each."""

    def __init__(
        self,
        environment: Environment,
        *,
        on_next: Callable[[Standing], object],
        on_over: Callable[[Standing], object],
        starving: Starving,
        backoff: Backoff,
    ) -> None:
        """Settle with *environment*.

        Args:
            environment: What runs are executed with.
            on_next: Is told of a task whose next tick is known, to put it on the agenda.
            on_over: Is told of a task that has no further tick, once its last run has ended.
            starving: Whose ticks wait for a thread, which may be free again.
            backoff: How the store is asked; it keeps what that does not take.
        """
        self._namespace = environment.namespace
        # Those whose ticks may pass without being looked at.
        self.paused: set[Standing] = set()
        # When tasks were resumed, by their names: the ticks of the pause could not be run before.
        self.resumed: dict[str, float] = {}
        self._monotonic = environment.clock.monotonic
        self._telling = environment.telling
        self._on_next = on_next
        self._on_over = on_over
        self._starving = starving
        self._backoff = backoff
        self._tells_success = bool(self._telling.who_wants("ostinato.run_succeeded"))

    def settle(self, standing: Standing, run: Run) -> None:
        """Record a *run* that has ended, free its slot, and go on to the next tick."""
        standing.running -= 1
        if standing.is_quick and run.outcome is Outcome.SUCCEEDED and not run._is_recorded:
            following, finished = standing.next_due, run._finished
            left = 0 if following is None or finished is None else following - finished
            if left > 0 and run.kind is RunKind.TICK:
                self._settle_quickly(standing, run, left)
                if self._starving.waiting:
                    self._starving.feed()
                return
        if not run._is_recorded:
            self.record(standing, run)
        else:
            self._begin_delay(standing, run)
        self.go_on(standing)
        if self._starving.waiting:
            self._starving.feed()  # It may have had a thread: its own, or of what it depends on.

    def _settle_quickly(self, standing: Standing, run: Run, left: float) -> None:
        """Record a success whose next tick comes in *left* milliseconds: the common case."""
        run._is_recorded, standing.latest, standing.last_success = True, run, run._due
        note_success(standing, self._telling)
        if standing.is_shared:
            # What would be run again if this were not told is told at once.
            wait = 0.0 if standing.reruns else left
            settlement = new_settlement((run, False, None, None, None, 1, None))
            self._backoff.settle_along(settlement, wait)
        elif standing.ledger is None:
            standing.records.add(run)
        else:
            standing.ledger.add(run)
        if self._tells_success:
            self._telling.tell("ostinato.run_succeeded", standing.task.name, run=run)
        self._on_next(standing)

    def free_slot(self, standing: Standing, run: Run) -> None:
        """Free the slot of a thread that went on behind its *run*."""
        standing.running, standing.is_quarantined = standing.running - 1, False
        self._begin_delay(standing, run)
        self.go_on(standing)
        self._starving.feed()

    def give_up(self, standing: Standing, run: Run) -> None:
        """Record a *run* as ended that goes on; its slot stays taken."""
        self.record(standing, run)
        self.go_on(standing)

    def record(self, standing: Standing, run: Run) -> None:
        """Record how *run* ended, and what was passed over under it."""
        run._is_recorded = True
        standing.latest = run
        outcome, pause, is_tick = run.outcome, None, run.kind is RunKind.TICK
        if outcome is Outcome.SUCCEEDED and not is_older(run, standing.last_success):
            standing.last_success = run._due
        # Runs by hand neither pause a task nor show that its ticks succeed.
        if is_tick and outcome is Outcome.SUCCEEDED:
            note_success(standing, self._telling)
        elif is_tick and outcome in (Outcome.FAILED, Outcome.TIMED_OUT):
            standing.failures_in_row += 1
            pause = standing.reason_to_pause()
        passed, expected = None, standing.next_due
        if is_tick and (standing.concurrency == 1 or standing.has_delay):
            try:
                passed = self._look_behind(standing, run)
            except Exception as error:  # noqa: BLE001 - a schedule of the user's own is the user's code
                self.stop(standing, error)
        self._write(standing, run, (expected, passed), pause)
        if self._tells_success and outcome is Outcome.SUCCEEDED:
            self._telling.tell("ostinato.run_succeeded", standing.task.name, run=run)
        if passed is not None:
            self.note_skipped(standing, passed, is_recorded=True)
        if pause is not None:
            standing.is_paused, standing.paused_reason = True, pause
            self.paused.add(standing)
            standing.timeline.agenda.remove(standing)
            self._telling.tell("ostinato.task_paused", standing.task.name, reason=pause)

    def stop(self, standing: Standing, error: Exception) -> None:
        """Stop a task whose schedule has raised *error*: nobody knows when it is due."""
        standing.next_due, standing.is_over = None, True
        standing.over_reason = reason = f"its schedule raised {type(error).__name__}: {error}"
        self._telling.tell("ostinato.task_stopped", standing.name, error=error, reason=reason)

    def note_skipped(self, standing: Standing, passed: Skipped, *, is_recorded: bool) -> None:
        """Tell that ticks were skipped, and record it unless the store has."""
        if not is_recorded:
            standing.records.skip(standing.task.name, self._namespace, passed)
        self._telling.tell(
            "ostinato.ticks_skipped",
            standing.task.name,
            first=passed.first,
            last=passed.last,
            number=passed.number,
            reason=passed.reason.value,
        )

    def skip_passed(
        self,
        standing: Standing,
        reason: SkipReason,
        then: Callable[[], object] = lambda: None,
        unanswered: Callable[[], object] | None = None,
    ) -> None:
        """Skip, for *reason*, each due tick that has not been looked at, and call *then*.

        Args:
            standing: How the task stands.
            reason: Why.
            then: Is told when that is done, or could not be.
            unanswered: Is told in its place where a store does not answer.

        Raises:
            Exception: Whatever a store has raised that is called inline.
        """
        now, expected = standing.timeline.at(self._monotonic()), standing.next_due
        # A delay has one tick, which waits.
        if standing.has_delay or expected is None or expected > now:
            then()
            return
        passed, following = self._skip(standing, expected, now, reason)
        if standing.is_shared:
            claim = Claim(standing.name, standing.spec, expected, None, following, passed)
            self._backoff.skip(claim, partial(self._skipped, standing, claim, then, unanswered))
            return
        standing.next_due, standing.is_queued = following, False
        self.note_skipped(standing, passed, is_recorded=False)
        then()

    def _skipped(
        self,
        standing: Standing,
        claim: Claim,
        then: Callable[[], object],
        unanswered: Callable[[], object] | None,
        reply: Reply | None,
    ) -> None:
        """Go on behind ticks that the store has skipped, or was to skip."""
        if reply is None and unanswered is not None:
            unanswered()
            return
        row = None if reply is None else reply.rows.get(standing.name)
        if row is not None and row.next_due != claim.next_due:
            # Somebody else was first: what the row says counts.
            standing.next_due = row.next_due
        elif row is not None and claim.passed is not None:
            standing.next_due, standing.is_queued = claim.next_due, False
            self.note_skipped(standing, claim.passed, is_recorded=True)
        then()

    def note_resumed(self, standing: Standing) -> None:
        """Go on with a task that is paused no longer, which its store knows."""
        standing.is_paused, standing.paused_reason, standing.paused_until = False, None, None
        self.paused.discard(standing)
        self.note_free(standing)
        standing.failures_in_row = 0
        self._telling.tell("ostinato.task_resumed", standing.name)
        self.go_on(standing)

    def note_free(self, standing: Standing) -> None:
        """Note that from here on somebody can run what fell due in a task's pause."""
        self.resumed[standing.name] = standing.timeline.at(self._monotonic())

    def go_on(self, standing: Standing) -> None:
        """Go on to the task's next tick, if there is one and nothing else is waited for."""
        if standing.running and standing.concurrency == 1:
            # What falls due under a manual run, or a thread left behind, is skipped in its time.
            if not (standing.is_over or standing.is_parked):
                self._on_next(standing)
            return
        standing.is_parked, standing.waits_since = False, None
        if standing.next_due is not None and not standing.is_over:
            self._on_next(standing)
        elif not standing.running:
            self._on_over(standing)

    def _write(self, standing: Standing, run: Run, behind: Behind, pause: str | None) -> None:
        """Tell the store, or where the task has none, remember it here."""
        at, passed = behind
        if not standing.is_shared:
            standing.records.add(run)
            if passed is not None:
                standing.records.skip(standing.task.name, self._namespace, passed)
            return
        if run.outcome is Outcome.ABANDONED:
            # It goes on, and may still write: its lease is not given back, but expires.
            self._backoff.leave(run)
            return
        # Others may have skipped ticks under it: those are not to fall due again.
        is_moved = standing.has_delay or (standing.concurrency == 1 and standing.next_due != at)
        moves = is_moved and run.kind is RunKind.TICK
        rest = (standing.next_due, passed, pause, standing.concurrency)
        self._backoff.settle(Settlement(run, moves, *rest, None if standing.has_delay else at))

    def _begin_delay(self, standing: Standing, run: Run) -> None:
        """Let a delay begin with the end of what went on behind its *run*, recorded already."""
        if not standing.has_delay or run.kind is not RunKind.TICK or standing.next_due is None:
            return
        standing.next_due = standing.ticks.after(standing.timeline.at(self._monotonic()))
        standing.end_at(standing.task.policy.until)
        if standing.is_shared:
            try:
                self._backoff.control(standing.name, {"next_due": standing.next_due})
            except Exception as error:  # noqa: BLE001 - a store may be anybody's; its row counts
                self._backoff.fail(error)

    def _look_behind(self, standing: Standing, run: Run) -> Skipped | None:
        """Move on to the next tick behind a *run*; return what was passed over under it."""
        now = standing.timeline.at(self._monotonic())
        if standing.has_delay:
            standing.next_due = None if standing.is_last else standing.ticks.after(now)
            standing.end_at(standing.task.policy.until)
            return None
        expected = standing.next_due
        # What falls due in a pause is decided about at its end.
        is_waited_for = expected is None or expected > now or standing.is_paused
        if expected is None or is_waited_for:
            return None
        start_at = expected + standing.delay_of(expected)
        if start_at > now or (run._started is not None and start_at <= run._started):
            return None  # Not passed over by this run: to come, or to be caught up with.
        overlap = standing.task.policy.overlap
        if overlap is Overlap.QUEUE_ONE:
            standing.is_queued = True
            return None
        if overlap is Overlap.CANCEL_OTHER and not standing.task.runs_in_thread:
            return None
        passed, standing.next_due = self._skip(standing, expected, now, SkipReason.OVERLAP)
        return passed

    def _skip(
        self, standing: Standing, expected: int, now: float, reason: SkipReason
    ) -> tuple[Skipped, int | None]:
        """Return the ticks from *expected* on that are due *now*, and the next one behind them."""
        horizon, until = horizon_of(standing, expected, now), standing.task.policy.until
        passed, following = skip_until(standing.ticks, expected, horizon, reason)
        is_behind = until is not None and following is not None and following > until
        return passed, None if is_behind else following
