"""What is wrong with a task or with a worker: decided from what is known, without asking."""

from __future__ import annotations

from datetime import timedelta
from math import ceil, inf
from typing import TYPE_CHECKING

from ostinato._engine._survey import is_stuck
from ostinato._health import Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato._outcomes import Outcome
from ostinato.schedules._instant import duration_in_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ostinato._engine._standing import Standing
    from ostinato._lease import TaskRow, WorkerRow
    from ostinato._run import Run

__all__ = ["ALARMING", "run_problems", "task_problems", "thread_problems", "worker_problems"]

# In milliseconds: no run that is under way for less is stuck, unless its own timeout says so.
ALARMING = 60_000.0
# A run that takes so many times as long as nearly all before it is stuck; of so many it is known.
_TIMES = 5
_NEARLY_ALL = 0.95
_ENOUGH = 20
# In milliseconds: what an attempt may take beyond its timeout on a busy machine.
_LEEWAY = 5_000.0

# So many failures in a row are a streak. Where the next tick is further away, one is enough.
_STREAK = 3
_RARE = 3_600_000


def task_problems(
    standing: Standing, row: TaskRow | None, now: float, *, since: float, patience: float
) -> Iterator[Problem]:
    """Yield what is wrong with a task that is not that a run goes on for too long.

    Args:
        standing: How it stands in this process.
        row: How it stands in the store, where it is shared.
        now: The time that its ticks go by, in milliseconds.
        since: From which instant somebody could have run it.
        patience: For how many milliseconds a tick may be due.
    """
    name = standing.name
    if standing.is_over and standing.over_reason not in ("finished", None):
        words = "is stopped, by its hook or by its schedule: it is not started again"
        yield Problem(ProblemKind.STOPPED, name, words)
        return
    if standing.zombies:
        words = f"{standing.zombies} threads go on behind runs of it that are over"
        yield Problem(ProblemKind.ZOMBIE_THREADS, name, words)
    if (overdue := _overdue(standing, row, now, since, patience)) is not None:
        yield overdue
    if (failing := _failing(standing, row)) is not None:
        yield failing


def run_problems(
    standing: Standing,
    run: Run,
    now: float,
    *,
    ended: Sequence[Run],
    cancel_grace: float,
    where: str = "",
) -> Iterator[Problem]:
    """Yield the problem that a run of a task goes on for too long, if that is so.

    Args:
        standing: How the task stands in this process.
        run: The run under way.
        now: The time that its ticks go by, in milliseconds.
        ended: Its latest runs before.
        cancel_grace: How many seconds a run that was cancelled has to end.
        where: In which other worker it is, in words; empty: it is here.
    """
    if run._started is not None:
        words = _too_long(standing, run, now, run._started, ended, cancel_grace)
        if words is not None:
            began = f"it began {_ago(now, run._started)} ago{where}"
            since = instant_of(round(run._started))
            yield Problem(ProblemKind.STUCK, standing.name, f"{words}: {began}", since, bool(where))


def thread_problems(
    standings: Iterable[Standing], threads: int, *, is_full: bool, is_exhausted: bool
) -> Iterator[Problem]:
    """Yield the problem that no plain function can start, if that is so.

    Args:
        standings: How the tasks stand in this process.
        threads: How many threads it has.
        is_full: Whether all are busy.
        is_exhausted: Whether somebody has waited long for one.
    """
    zombies = sum(each.zombies for each in standings)
    if is_full and (is_exhausted or zombies >= threads):
        behind = f", {zombies} of them behind runs that are over" if zombies else ""
        words = f"all {threads} threads are busy{behind}: no plain function is started"
        yield Problem(ProblemKind.ZOMBIE_THREADS, None, words)


def worker_problems(
    workers: Sequence[WorkerRow], now: int, grace: int, own: str
) -> Iterator[Problem]:
    """Yield which *workers* have not been seen for *grace* milliseconds, and were not replaced.

    Each worker that began after one had fallen silent stands in for it.

    Args:
        workers: What the store knows of them.
        now: The store's time.
        grace: For how many milliseconds a worker may not be seen.
        own: The id of the one that looks.
    """
    silent = [
        each for each in workers if each.seen < now - grace and not each.has_left and each.id != own
    ]
    alive = [each for each in workers if each.seen >= now - grace]
    begun = sorted(each.started for each in alive)
    for each in sorted(silent, key=lambda worker: worker.seen, reverse=True):
        if begun and begun[-1] > each.seen:
            begun.pop()
            continue
        words = f"the worker {each.pid} on {each.host} has not been seen for {_ago(now, each.seen)}"
        yield Problem(ProblemKind.SILENT_WORKER, None, words, instant_of(each.seen))


def _too_long(  # noqa: PLR0917 - what is known of one run
    standing: Standing,
    run: Run,
    now: float,
    begun: float,
    ended: Sequence[Run],
    cancel_grace: float,
) -> str | None:
    """Return by which rule *run* goes on for too long, the first that applies; None: by none."""
    if run.outcome is not None:
        return "a run goes on that was given up"
    if now - begun > _longest(standing, cancel_grace):
        return "a run takes longer than its timeout allows"
    if (usual := _usual(ended)) is not None:
        is_long = now - begun > max(_TIMES * usual, ALARMING)
        return "a run takes far longer than those before" if is_long else None
    return "a run takes far longer than its period" if is_stuck(standing, run, now) else None


def _longest(standing: Standing, cancel_grace: float) -> float:
    """Return how many milliseconds a run may take, with all attempts and the waits between."""
    policy = standing.task.policy
    if policy.timeout is None:
        return inf
    retry = policy.retry
    attempts = 1 if retry is None else retry.attempts
    waits = 0.0 if retry is None else sum(map(retry.longest_wait, range(1, attempts)))
    seconds = attempts * (policy.timeout + cancel_grace) + waits
    return seconds * 1_000 + _LEEWAY


def _usual(ended: Sequence[Run]) -> float | None:
    """Return how many milliseconds nearly all successful runs have taken; None: too few did."""
    durations = sorted(
        run._finished - run._started
        for run in ended
        if run.outcome is Outcome.SUCCEEDED
        and run._started is not None
        and run._finished is not None
    )
    if len(durations) < _ENOUGH:
        return None
    return durations[ceil(_NEARLY_ALL * len(durations)) - 1]


def _overdue(
    standing: Standing, row: TaskRow | None, now: float, since: float, patience: float
) -> Problem | None:
    """Return the problem that nobody runs a tick that is due, if that is so."""
    due = standing.next_due if row is None else row.next_due
    if due is None or (row is not None and standing.is_used_up(row)):
        return None
    is_paused, until = standing.is_paused, standing.paused_until
    if row is not None:
        is_paused, until = row.paused, row.paused_until
    if is_paused and until is None:
        return None
    at = max(due + standing.delay_of(due), until or 0 if is_paused else 0)
    waited = now - max(at, _last_end(standing, row), since)
    if waited <= patience or _is_under_way(standing, row, now):
        return None
    words = f"was due {_ago(now, at)} ago, and nobody runs it"
    return Problem(ProblemKind.OVERDUE, standing.name, words, instant_of(at))


def _is_under_way(standing: Standing, row: TaskRow | None, now: float) -> bool:
    """Return whether a tick has to wait for a run that is under way."""
    if standing.concurrency != 1:
        return False
    if standing.running:
        return True
    return row is not None and row.held is not None and row.held.until > now


def _last_end(standing: Standing, row: TaskRow | None) -> float:
    """Return when a run has ended: until then the next one may have had to wait."""
    ended = [standing.last_run, None if row is None else row.last_run]
    return max((run._finished or 0.0 for run in ended if run is not None), default=0.0)


def _failing(standing: Standing, row: TaskRow | None) -> Problem | None:
    """Return the problem that the latest runs have failed, if they are enough."""
    where = standing if row is None else row
    number, due, success = where.failures_in_row, where.next_due, where.last_success
    last = where.last_run
    is_rare = due is not None and last is not None and due - last._due >= _RARE
    if number < (1 if is_rare else _STREAK):
        return None
    # Not how: the text of an exception is not for everybody.
    words = "its last run has failed" if number == 1 else f"its last {number} runs have failed"
    since = None if success is None else instant_of(success)
    return Problem(ProblemKind.FAILING, standing.name, words, since)


def _ago(now: float, then: float) -> str:
    return duration_in_words(timedelta(seconds=max(round((now - then) / 1_000), 1)))
