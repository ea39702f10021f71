"""What `--json` prints of a task: what the HTTP API answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ostinato.cli._printing import TEXTS
from ostinato.cli._words import now
from ostinato.dashboard._shapes import task_shape

if TYPE_CHECKING:
    from ostinato._scheduler import Scheduler
    from ostinato._status import TaskStatus

__all__ = ["task_of"]


def task_of(scheduler: Scheduler, status: TaskStatus) -> dict[str, object]:
    """Return how a task of *scheduler* stands, as its *status* says."""
    task = scheduler.tasks[status.name]
    return task_shape(status, task, now().timestamp() * 1_000, TEXTS)
