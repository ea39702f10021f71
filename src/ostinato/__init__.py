"""Periodic tasks inside FastAPI, Starlette and any ASGI app."""

from importlib import import_module
from typing import TYPE_CHECKING

from ostinato.errors import (
    AlreadyRunningError,
    AppNotFoundError,
    ArgumentTypeError,
    ConfigurationError,
    DuplicateTaskError,
    ForeignDeclarationError,
    ForeignLoopError,
    ForeignSessionError,
    InvalidArgumentError,
    InvalidCronError,
    InvalidFunctionError,
    InvalidScheduleError,
    LateDeclarationError,
    LeaseLostError,
    LifespanFailedError,
    MissingExtraError,
    NoRunningLoopError,
    NotRunningError,
    OstinatoError,
    RunNotFoundError,
    RunTimeoutError,
    SchedulerRunningError,
    SchemaError,
    StoreError,
    StoreFileError,
    StoreUnavailableError,
    SwallowedExceptionError,
    TaskInUseError,
    TaskNotFoundError,
    TooFrequentError,
    UnmetRequirementError,
    UnprotectedDashboardError,
    UnresolvedTasksError,
    WorkerRefusedError,
)
from ostinato.tasks import RepeatedFunction, Repetition, repeat_every

if TYPE_CHECKING:
    from ostinato._health import Health, HealthStatus, Problem, ProblemKind
    from ostinato._history import History
    from ostinato._outcomes import Backfill, Outcome, RunKind, SkipReason
    from ostinato._policy import Missed, OnCrash, Overlap, Retry, RunIn, Scope
    from ostinato._run import Run, Tick
    from ostinato._scheduler import Scheduler
    from ostinato._status import Orphan, TaskState, TaskStatus, WorkerStatus
    from ostinato._task import Task
    from ostinato._tasks import Tasks
    from ostinato.protocols import Clock, Event, Observer
    from ostinato.schedules import Cron, Delay, Every, Once

__all__ = [
    "AlreadyRunningError",
    "AppNotFoundError",
    "ArgumentTypeError",
    "Backfill",
    "Clock",
    "ConfigurationError",
    "Cron",
    "Delay",
    "DuplicateTaskError",
    "Event",
    "Every",
    "ForeignDeclarationError",
    "ForeignLoopError",
    "ForeignSessionError",
    "Health",
    "HealthStatus",
    "History",
    "InvalidArgumentError",
    "InvalidCronError",
    "InvalidFunctionError",
    "InvalidScheduleError",
    "LateDeclarationError",
    "LeaseLostError",
    "LifespanFailedError",
    "Missed",
    "MissingExtraError",
    "NoRunningLoopError",
    "NotRunningError",
    "Observer",
    "OnCrash",
    "Once",
    "Orphan",
    "OstinatoError",
    "Outcome",
    "Overlap",
    "Problem",
    "ProblemKind",
    "RepeatedFunction",
    "Repetition",
    "Retry",
    "Run",
    "RunIn",
    "RunKind",
    "RunNotFoundError",
    "RunTimeoutError",
    "Scheduler",
    "SchedulerRunningError",
    "SchemaError",
    "Scope",
    "SkipReason",
    "StoreError",
    "StoreFileError",
    "StoreUnavailableError",
    "SwallowedExceptionError",
    "Task",
    "TaskInUseError",
    "TaskNotFoundError",
    "TaskState",
    "TaskStatus",
    "Tasks",
    "Tick",
    "TooFrequentError",
    "UnmetRequirementError",
    "UnprotectedDashboardError",
    "UnresolvedTasksError",
    "WorkerRefusedError",
    "WorkerStatus",
    "repeat_every",
]

# Imported when asked for: they would double the time that importing `repeat_every` takes.
_LATE = {
    "Backfill": "_outcomes",
    "Clock": "protocols",
    "Cron": "schedules",
    "Delay": "schedules",
    "Event": "protocols",
    "Every": "schedules",
    "Health": "_health",
    "HealthStatus": "_health",
    "History": "_history",
    "Missed": "_policy",
    "Observer": "protocols",
    "OnCrash": "_policy",
    "Once": "schedules",
    "Orphan": "_status",
    "Outcome": "_outcomes",
    "Overlap": "_policy",
    "Problem": "_health",
    "ProblemKind": "_health",
    "Retry": "_policy",
    "Run": "_run",
    "RunIn": "_policy",
    "RunKind": "_outcomes",
    "Scheduler": "_scheduler",
    "Scope": "_policy",
    "SkipReason": "_outcomes",
    "Task": "_task",
    "TaskState": "_status",
    "TaskStatus": "_status",
    "Tasks": "_tasks",
    "Tick": "_run",
    "WorkerStatus": "_status",
}


def __getattr__(name: str) -> object:
    """Import what is needed for *name*.

    Raises:
        AttributeError: There is nothing of that name.
    """
    if name not in _LATE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=None)
    return getattr(import_module(f"ostinato.{_LATE[name]}"), name)
