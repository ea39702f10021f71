"""What is wrong with a task or with a worker: decided from what is known, without asking."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from ostinato._health import Problem, ProblemKind
from ostinato._instants import instant_of
from ostinato.schedules._instant import duration_in_words

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ostinato._engine._standing import Standing
    from ostinato._lease import TaskRow, WorkerRow

__all__ = ["task_problems", "worker_problems"]

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


def worker_problems(workers: Sequence[WorkerRow], now: int, grace: int) -> Iterator[Problem]:
    """Yield which *workers* have not been seen for *grace* milliseconds, and were not replaced.

    Each worker that began after one had fallen silent stands in for it.
    """
    alive = [each for each in workers if each.seen >= now - grace]
    begun = sorted(each.started for each in alive)
    silent = [each for each in workers if each.seen < now - grace and not each.has_left]
    for each in sorted(silent, key=lambda worker: worker.seen, reverse=True):
        if begun and begun[-1] > each.seen:
            begun.pop()
            continue
        words = f"the worker {each.pid} on {each.host} has not been seen for {_ago(now, each.seen)}"
        yield Problem(ProblemKind.SILENT_WORKER, None, words, instant_of(each.seen))


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
