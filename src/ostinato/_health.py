"""Whether the tasks run as they ought to, for those who ask."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

__all__ = ["Health", "HealthStatus", "Problem", "ProblemKind"]


class HealthStatus(StrEnum):
    """How bad it is."""

    OK = "ok"
    DEGRADED = "degraded"
    FAILING = "failing"


class ProblemKind(StrEnum):
    """What can be wrong."""

    OVERDUE = "overdue"
    STUCK = "stuck"
    STORE_UNREACHABLE = "store_unreachable"
    NO_WORKER = "no_worker"
    NOT_RUNNING = "not_running"
    FAILING = "failing"
    STOPPED = "stopped"
    SILENT_WORKER = "silent_worker"
    ZOMBIE_THREADS = "zombie_threads"
    LOOP_BLOCKED = "loop_blocked"
    DISABLED = "disabled"

    @property
    def is_fatal(self) -> bool:
        """Whether tasks are not run that ought to be, as far as anybody can tell."""
        return self in _FATAL


# The rest is worth a look: what has to run does run, or fails by itself.
_FATAL = frozenset(
    {
        ProblemKind.OVERDUE,
        ProblemKind.STUCK,
        ProblemKind.STORE_UNREACHABLE,
        ProblemKind.NO_WORKER,
        ProblemKind.NOT_RUNNING,
    }
)


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that is wrong.

    Attributes:
        kind: What it is.
        task_name: The task it is wrong with, or None.
        words: The same for people.
        since: Since when, where that is known.
        is_elsewhere: Whether it is a run of another worker's, which nothing mends that is done to
            this process.
    """

    kind: ProblemKind
    task_name: str | None
    words: str
    since: datetime | None = None
    is_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Health:
    """Whether the tasks run as they ought to.

    Attributes:
        status: How bad it is.
        problems: What is wrong, the worst first.
        checked_at: When somebody looked, in UTC: by the clock that decides what is due.
    """

    status: HealthStatus
    problems: tuple[Problem, ...]
    checked_at: datetime

    @classmethod
    def of(cls, problems: Iterable[Problem], checked_at: datetime) -> Health:
        """Return how bad *problems* are that were found at that instant."""
        kinds = list(ProblemKind)
        found = sorted(problems, key=lambda each: (kinds.index(each.kind), each.task_name or ""))
        status = HealthStatus.DEGRADED if found else HealthStatus.OK
        if any(each.kind.is_fatal for each in found):
            status = HealthStatus.FAILING
        return cls(status, tuple(found), checked_at)

    @property
    def is_healthy(self) -> bool:
        """Whether all that has to run does run; what is degraded is healthy."""
        return self.status is not HealthStatus.FAILING
