"""Decide which of the ticks that are due is run, and which are skipped. Pure."""

from typing import NamedTuple

from ostinato._engine._standing import Standing
from ostinato._engine._ticks import Passed, Ticks
from ostinato._lease import Skipped
from ostinato._outcomes import SkipReason
from ostinato._policy import Missed

__all__ = ["PROMPT", "Decision", "decide", "horizon_of", "is_behind", "run_queued", "skip_until"]

# A tick that starts this soon was not missed, whatever the policy: waking takes a moment.
PROMPT = 1_000
# `Missed.SKIP` is about ticks that nobody could run: not about a loop that was busy for a moment.
_ON_TIME = 10_000
_MOST_CAUGHT_UP = 100


class Decision(NamedTuple):
    """What a claim asks for.

    Attributes:
        due: The tick to run; None: only skip.
        next_due: The next instant to look at; None: there is none.
        passed: The ticks that are skipped.
        is_truncated: `Missed.RUN_ALL` had more to catch up with than it does.
    """

    due: int | None
    next_due: int | None
    passed: Skipped | None
    is_truncated: bool = False


def decide(
    missed: Missed,
    catch_up: int | None,
    ticks: Ticks,
    expected: int,
    now: float,
    *,
    horizon: float | None = None,
) -> Decision:
    """Return what is to be done at the instant *now* about the ticks from *expected* on.

    Args:
        missed: What becomes of ticks that nobody could run at their time.
        catch_up: How many milliseconds late a tick may be run; None: no limit but the policy's own.
        ticks: The task's ticks.
        expected: The first tick that has not been looked at.
        now: The time, in milliseconds, at or after *expected*.
        horizon: The instant up to which ticks are due; by default *now*.
    """
    if horizon is None:
        horizon = now
    found = ticks.passed(expected, horizon)
    if catch_up is not None:
        catch_up = max(catch_up, PROMPT)
    match missed:
        case Missed.RUN_LATEST:
            if catch_up is not None and now - found.newest > catch_up:
                return _skip_all(expected, found, SkipReason.TOO_LATE)
            return _run_newest(expected, found, SkipReason.COALESCED)
        case Missed.SKIP:
            if now - found.newest > (_ON_TIME if catch_up is None else catch_up):
                return _skip_all(expected, found, SkipReason.TOO_LATE)
            return _run_newest(expected, found, SkipReason.TOO_LATE)
        case Missed.RUN_ALL:
            earliest = expected if catch_up is None else -int(-(now - catch_up) // 1)
            return _run_oldest(ticks, expected, max(earliest, expected), horizon, found)


def horizon_of(standing: Standing, expected: int, now: float) -> float:
    """Return the instant up to which ticks of the task, from *expected* on, are due *now*.

    A tick behind its `until` is none, and one whose jittered start is still to come is not due.
    """
    until = standing.task.policy.until
    if until is not None and until < now:
        now = until
    if standing.jitter is None:
        return now
    newest = standing.ticks.passed(expected, now).newest
    is_to_come = newest > expected and newest + standing.delay_of(newest) > now
    return newest - 1 if is_to_come else now


def is_behind(standing: Standing, expected: int) -> bool:
    """Return whether the tick *expected* was missed before a run began that is under way.

    Such a tick is not passed over by that run: it is still to be caught up with.
    """
    start = expected + standing.delay_of(expected)
    under_way = list(standing.live)
    if standing.zombies and (latest := standing.last_run) is not None:
        # Its thread goes on behind it.
        under_way.append(latest)
    return any(run._started is None or start <= run._started for run in under_way)


def skip_until(
    ticks: Ticks, expected: int, now: float, reason: SkipReason
) -> tuple[Skipped, int | None]:
    """Return the range of every tick from *expected* to *now*, and the tick behind it."""
    found = ticks.passed(expected, now)
    number = None if found.before is None else found.before + 1
    return Skipped(expected, found.newest, number, reason), found.following


def run_queued(ticks: Ticks, expected: int, now: float) -> Decision:
    """Return the decision to run the tick *expected*, which waited, and none that came behind."""
    following = ticks.after(expected)
    if following is None or following > now:
        return Decision(expected, following, None)
    passed, following = skip_until(ticks, following, now, SkipReason.OVERLAP)
    return Decision(expected, following, passed)


def _run_newest(expected: int, found: Passed, reason: SkipReason) -> Decision:
    passed = None
    if found.previous is not None:
        passed = Skipped(expected, found.previous, found.before, reason)
    return Decision(found.newest, found.following, passed)


def _skip_all(expected: int, found: Passed, reason: SkipReason) -> Decision:
    number = None if found.before is None else found.before + 1
    return Decision(None, found.following, Skipped(expected, found.newest, number, reason))


def _run_oldest(
    ticks: Ticks, expected: int, earliest: int, horizon: float, found: Passed
) -> Decision:
    """Return the decision to run the first tick from *earliest* on, or one of the newest."""
    if earliest > found.newest:
        return _skip_all(expected, found, SkipReason.TOO_LATE)
    if found.newest == expected:
        return Decision(expected, found.following, None)
    reason = SkipReason.TOO_LATE
    # There is one: the newest is not before it.
    first = expected if earliest == expected else ticks.after(earliest - 1) or found.newest
    kept = _newest_of(ticks, first, horizon, found)
    is_truncated = kept is not None
    if kept is not None:
        first, reason = kept, SkipReason.COALESCED
    if first == expected:
        return Decision(expected, ticks.after(expected), None)
    passed = ticks.passed(expected, first - 1)
    skipped = Skipped(
        expected, passed.newest, None if passed.before is None else passed.before + 1, reason
    )
    return Decision(first, ticks.after(first), skipped, is_truncated)


def _newest_of(ticks: Ticks, first: int, now: float, found: Passed) -> int | None:
    """Return the first of the newest ticks that are caught up with, if *first* is before it."""
    if found.before is not None and found.before < _MOST_CAUGHT_UP:
        return None
    newest: list[int] = []
    walked = ticks.passed(first, now)
    if walked.before is not None and walked.before < _MOST_CAUGHT_UP:
        return None
    # Backwards over ever longer spans, until enough ticks lie in one.
    span = 1_000
    while len(newest) < _MOST_CAUGHT_UP:
        span *= 2
        newest = _ticks_between(ticks, max(first, now - span), now)
    return newest[-_MOST_CAUGHT_UP]


def _ticks_between(ticks: Ticks, start: float, now: float) -> list[int]:
    instant = ticks.after(start - 1)
    found: list[int] = []
    while instant is not None and instant <= now:
        found.append(instant)
        instant = ticks.after(instant)
    return found
