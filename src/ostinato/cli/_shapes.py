"""What `--json` prints: instants in ISO 8601 and UTC, durations in seconds; null is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from ostinato._run import Run
    from ostinato._status import TaskStatus
    from ostinato._task import Task

__all__ = ["instant_shape", "run_shape", "task_shape"]


def instant_shape(instant: datetime | None) -> str | None:
    """Return *instant*, as JSON has it."""
    if instant is None:
        return None
    return instant.replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def run_shape(run: Run) -> dict[str, object]:
    """Return *run*, as JSON has it."""
    return {
        "id": run.id,
        "task": run.task_name,
        "kind": str(run.kind),
        "due": instant_shape(run.due),
        "last_due": instant_shape(run.last_due),
        "count": run.count,
        "started": instant_shape(run.started),
        "finished": instant_shape(run.finished),
        "duration": _seconds(run.duration),
        "lateness": _seconds(run.lateness),
        "outcome": None if run.outcome is None else str(run.outcome),
        "reason": None if run.reason is None else str(run.reason),
        "error": run.error,
        "attempt": run.attempt,
        "progress": run.progressed,
        "message": run.message,
    }


def task_shape(status: TaskStatus, task: Task) -> dict[str, object]:
    """Return the *status* of a *task*, as JSON has it."""
    return {
        "name": status.name,
        "schedule": status.schedule,
        "schedule_text": task.schedule.text,
        "state": str(status.state),
        "next_run": instant_shape(status.next_run),
        "is_stuck": status.is_stuck,
        "scope": task.policy.scope.name.lower(),
        "running": [run_shape(run) for run in status.running],
        "last_run": None if status.last_run is None else run_shape(status.last_run),
        "last_success": instant_shape(status.last_success),
        "starts": status.starts,
        "failures_in_row": status.failures_in_row,
        "counts": dict(status.counts),
        "reason": status.reason,
        "paused_until": instant_shape(status.paused_until),
    }


def _seconds(duration: timedelta | None) -> float | None:
    return None if duration is None else duration.total_seconds()
