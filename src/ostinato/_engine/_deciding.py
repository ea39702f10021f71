"""Decide what becomes of a tick that is due, as its task stands."""

from ostinato._engine._environment import Environment
from ostinato._engine._missed import Decision, decide, horizon_of, is_behind, run_queued, skip_until
from ostinato._engine._perform import Performer
from ostinato._engine._standing import Standing
from ostinato._engine._starving import Starving
from ostinato._instants import instant_of, milliseconds_of
from ostinato._lease import Skipped
from ostinato._outcomes import RunKind, SkipReason
from ostinato._policy import Missed, Overlap
from ostinato.schedules import Cron

__all__ = ["Deciding"]

# In seconds: it may be looked at this much early, for instants are whole milliseconds.
_MOMENT = 0.002


class Deciding:
    """Knows the policies: what may run beside what, how late, and how often."""

    __slots__ = ("_begun", "_environment", "_performer", "_starving", "_tell")

    def __init__(self, environment: Environment, performer: Performer, starving: Starving) -> None:
        """Decide for the runs of *performer*.

        Args:
            environment: Who is told of what is out of the ordinary.
            performer: Cancels the runs that give way.
            starving: Whose threads are promised.
        """
        self._environment = environment
        self._begun = int(environment.clock.now() * 1_000)
        self._performer = performer
        self._starving = starving
        self._tell = environment.telling.tell

    def decide(self, standing: Standing, expected: int, now: float) -> Decision | None:
        """Return what to do about the tick *expected*; None: something else is waited for."""
        if standing.running and self._is_caught_up_with(standing, expected, now):
            # One behind the other, whatever may run beside what.
            standing.is_parked = True
            return None
        if standing.running and _is_full(standing):
            return self._decide_on_overlap(standing, expected, now)
        if standing.is_thread_bound and not self._starving.reserve(standing):
            return None
        if standing.has_delay:
            # Its one tick waits: however late it is, it was not missed.
            return self._bounded(standing, Decision(expected, None, None))
        horizon = horizon_of(standing, expected, now)
        if standing.is_queued:
            return self._bounded(standing, run_queued(standing.ticks, expected, horizon))
        policy = standing.task.policy
        # A tick is as late as its start is, which jitter and spread have put off on purpose.
        prompt = now
        if standing.spread or standing.jitter is not None:
            prompt -= standing.delay_of(standing.ticks.passed(expected, horizon).newest)
        decision = decide(
            policy.missed, policy.catch_up, standing.ticks, expected, prompt, horizon=horizon
        )
        _note_behind(standing, decision, expected, horizon)
        if decision.is_truncated:
            self._tell("ostinato.missed_truncated", standing.task.name, due=decision.due)
        return self._bounded(standing, decision)

    def _is_caught_up_with(self, standing: Standing, expected: int, now: float) -> bool:
        """Return whether the tick *expected* was missed, and waits for the runs under way."""
        if standing.task.policy.missed is not Missed.RUN_ALL:
            return False
        if standing.concurrency == 1:
            return is_behind(standing, expected)
        if standing.behind is None:
            return False
        until, span = standing.behind
        if until < expected and now - expected < span:
            # What has fallen due meanwhile comes next, if it is less. Else the runs take longer
            # than the period: one behind the other there would be no end.
            standing.behind = until, _ = now, now - expected
        return expected <= until

    def _decide_on_overlap(self, standing: Standing, expected: int, now: float) -> Decision | None:
        overlap = standing.task.policy.overlap
        # A delay has no ticks that could be passed over: the run under way is a manual one.
        if standing.has_delay or overlap is Overlap.QUEUE_ONE or _gives_way(standing, overlap):
            standing.is_parked = True
            standing.is_queued = not standing.has_delay
            return None
        if overlap is Overlap.CANCEL_OTHER:
            if standing.task.runs_in_thread:
                # A thread cannot be cancelled: to wait for it would be another policy.
                self._tell("ostinato.cancel_refused", standing.task.name)
            elif self._cancel_others(standing, now):
                return None
        horizon = horizon_of(standing, expected, now)
        passed, following = skip_until(standing.ticks, expected, horizon, SkipReason.OVERLAP)
        return self._bounded(standing, Decision(None, following, passed))

    def _cancel_others(self, standing: Standing, now: float) -> bool:
        """Cancel the runs under way; return whether their ends are to be waited for."""
        monotonic, grace = self._environment.clock.monotonic(), self._environment.cancel_grace
        if standing.waits_since is None:
            standing.is_parked, standing.waits_since = True, monotonic
            for run in list(standing.live):
                self._performer.cancel(standing, run)
        elif monotonic - standing.waits_since >= grace - _MOMENT:
            standing.is_parked, standing.waits_since = False, None
            for run in list(standing.live):
                reason = f"it goes on, {grace:g} seconds after a tick has cancelled it"
                self._performer.survey.tell_once(standing, run, reason)
            return False
        # Unless they end before.
        standing.timeline.agenda.put(int(now + grace * 1_000), standing)
        return True

    def _bounded(self, standing: Standing, decision: Decision) -> Decision:
        """Return the *decision* within the task's `until` and `max_runs`."""
        policy = standing.task.policy
        due, following = decision.due, decision.next_due
        if policy.until is not None and following is not None and following > policy.until:
            following = None
        if (
            policy.max_runs is not None
            and due is not None
            and standing.starts + 1 >= policy.max_runs
        ):
            standing.is_last = True
            following = None
        passed = decision.passed
        if passed is None and standing.cron is not None and due is not None:
            passed = self._vanished(standing, standing.cron, due)
        return decision._replace(next_due=following, passed=passed)

    def _vanished(self, standing: Standing, cron: Cron, due: int) -> Skipped | None:
        """Return the times that have vanished since the tick before *due*, and are not made up for.

        They have no instants: they are recorded as of the last millisecond of their gap.
        """
        looked_at = self._begun if standing.gaps_until is None else standing.gaps_until
        if looked_at >= due:
            return None
        ends = cron.vanished_between(instant_of(looked_at), instant_of(due))
        if not ends:
            return None
        first, last = milliseconds_of(ends[0]) - 1, milliseconds_of(ends[-1]) - 1
        return Skipped(first, last, len(ends), SkipReason.GAP)


def _is_full(standing: Standing) -> bool:
    """Return whether no run may begin beside those that are under way."""
    if standing.has_delay or standing.is_quarantined:
        # A delay follows one run: beside others it would be followed by as many.
        return True
    return standing.concurrency is not None and standing.running >= standing.concurrency


def _gives_way(standing: Standing, overlap: Overlap) -> bool:
    """Return whether a run of a tick of the past is in the way, which may be one of very many."""
    is_skipped = overlap in (Overlap.SKIP, Overlap.ALLOW)
    return is_skipped and any(run.kind is RunKind.BACKFILL for run in standing.live)


def _note_behind(standing: Standing, decision: Decision, expected: int, horizon: float) -> None:
    """Note up to when ticks were missed, until the task has caught up with all of them."""
    if standing.concurrency == 1:
        return
    if decision.next_due is None or decision.next_due > horizon:
        standing.behind = None
    elif standing.behind is None:
        standing.behind = horizon, horizon - expected
