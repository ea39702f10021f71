"""What runs, tasks, workers and health look like in JSON; pure."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from ostinato._instants import instant_of, milliseconds_of
from ostinato._outcomes import SkipReason
from ostinato._status import TaskState

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from ostinato._health import Health
    from ostinato._run import Run
    from ostinato._status import TaskStatus, WorkerStatus
    from ostinato._task import Task
    from ostinato.dashboard._texts import Texts

__all__ = [
    "counts_of",
    "health_shape",
    "instant_text",
    "is_late",
    "now_text",
    "run_shape",
    "task_shape",
    "worker_shape",
]

# A tick is on time up to this much after its instant, in milliseconds.
_ON_TIME = 10_000
_REASONS = frozenset(SkipReason)


def instant_text(instant: datetime | None) -> str | None:
    """Return *instant*, in UTC, as the API writes it."""
    return None if instant is None else instant.isoformat(timespec="milliseconds")[:-6] + "Z"


def run_shape(run: Run, texts: Texts) -> dict[str, object]:
    """Return *run* as JSON has it."""
    # From the numbers that it holds: to make instants of them takes longer than all else.
    rarities = run._rarities
    due, started, finished = _text_of(run._due), run._started, run._finished
    last = None if rarities is None else rarities.last_due
    start_at = run._due if run._start_at is None else run._start_at
    return {
        "id": run.id if rarities is not None else f"{run._namespace}/{run.task_name}/{due}",
        "task": run.task_name,
        "kind": run.kind.value,
        "due": due,
        "last_due": due if last is None else _text_of(last),
        "count": run.count,
        "started": _text_of(started),
        "finished": _text_of(finished),
        "duration": _seconds_between(started, finished),
        "lateness": _seconds_between(start_at, started),
        "outcome": None if run.outcome is None else run.outcome.value,
        "reason": None if run.reason is None else run.reason.value,
        "error": texts.shown(run.error),
        "attempt": run.attempt,
        "progress": run.progressed,
        "message": texts.shown(run.message),
        "worker": run.worker,
        "token": run.token,
    }


def task_shape(status: TaskStatus, task: Task, now: float, texts: Texts) -> dict[str, object]:
    """Return how *task* stands *now*, in milliseconds, as JSON has it, but for its recent runs."""
    return {
        "name": status.name,
        "schedule": status.schedule,
        "schedule_text": status.schedule_text,
        "state": status.state.value,
        "next_run": instant_text(status.next_run),
        "is_late": is_late(status, now),
        "is_stuck": status.is_stuck,
        "scope": task.policy.scope.value,
        "running": [run_shape(run, texts) for run in status.running],
        "last_run": None if status.last_run is None else run_shape(status.last_run, texts),
        "last_success": instant_text(status.last_success),
        "starts": status.starts,
        "failures_in_row": status.failures_in_row,
        "counts": {_counted(key): number for key, number in status.counts.items()},
        "reason": texts.shown(status.reason),
        "paused_until": instant_text(status.paused_until),
    }


def is_late(status: TaskStatus, now: float) -> bool:
    """Return whether a task waits for what was due *now* minus ten seconds."""
    if status.next_run is None or status.state is not TaskState.WAITING:
        return False
    return milliseconds_of(status.next_run) < now - _ON_TIME


def worker_shape(worker: WorkerStatus, texts: Texts) -> dict[str, object]:
    """Return how *worker* stands as JSON has it."""
    return {
        "id": worker.id,
        "host": worker.host,
        "pid": worker.pid,
        "started": instant_text(worker.started),
        "seen": instant_text(worker.seen),
        "version": worker.version,
        "is_alive": worker.is_alive,
        "tasks": worker.tasks,
        "running": [run_shape(run, texts) for run in worker.running],
    }


def health_shape(health: Health, texts: Texts) -> dict[str, object]:
    """Return *health* as JSON has it."""
    return {
        "status": health.status.value,
        "problems": [
            {
                "kind": problem.kind.value,
                "task": problem.task_name,
                "words": texts.shown(problem.words),
                "since": instant_text(problem.since),
            }
            for problem in health.problems
        ],
        "checked_at": instant_text(health.checked_at),
    }


def counts_of(statuses: Sequence[TaskStatus], now: float) -> dict[str, int]:
    """Return how many tasks are in which state, fail, and are late."""
    counts = {state.value: 0 for state in TaskState}
    for status in statuses:
        counts[status.state.value] += 1
    counts["failing"] = sum(status.failures_in_row > 0 for status in statuses)
    counts["late"] = sum(is_late(status, now) for status in statuses)
    return counts


def now_text(now: float) -> str | None:
    """Return the instant *now*, in milliseconds since 1970, as the API writes it."""
    return instant_text(instant_of(now))


def _counted(key: str) -> str:
    """Return what ticks are counted as, by their outcome or by the reason they were skipped for."""
    return f"skipped({key})" if key in _REASONS else key


def _text_of(milliseconds: float | None) -> str | None:
    """Return the instant so many milliseconds after the begin of 1970 as the API writes it."""
    if milliseconds is None:
        return None
    # To the microsecond first, as instants are.
    whole = round(milliseconds * 1_000) // 1_000
    return f"{_second(whole // 1_000)}.{whole % 1_000:03}Z"


# Many runs lie in few seconds: tasks fall due together.
@lru_cache(maxsize=8_192)
def _second(seconds: int) -> str:
    return instant_of(seconds * 1_000).isoformat()[:19]


def _seconds_between(begin: float | None, end: float | None) -> float | None:
    return None if begin is None or end is None else round((end - begin) / 1_000, 3)
