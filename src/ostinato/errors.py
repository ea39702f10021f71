"""Every error the library raises, in one tree.

```text
OstinatoError
├── ConfigurationError            the program is wrong; raised while declaring
│   ├── InvalidArgumentError      (ValueError)    .argument .value
│   ├── ArgumentTypeError         (TypeError)     .argument .value
│   ├── InvalidFunctionError      (TypeError)     .function_name
│   ├── InvalidScheduleError      (ValueError)    .reason
│   │   └── InvalidCronError                      .expression .position
│   ├── DuplicateTaskError        (ValueError)    .task_name
│   ├── LateDeclarationError      (RuntimeError)  .task_name
│   ├── TooFrequentError          (ValueError)    .task_name .period .store
│   ├── ForeignSessionError       (ValueError)    .store .session
│   ├── UnresolvedTasksError      (TypeError)     .problems
│   ├── UnprotectedDashboardError (ValueError)    .remedy
│   ├── MissingExtraError         (ImportError)   .extra
│   ├── AppNotFoundError          (LookupError)   .app
│   └── UnmetRequirementError     (ImportError)   .requirement .found
├── TaskNotFoundError             (LookupError)   .task_name .did_you_mean
├── AlreadyRunningError           (RuntimeError)  .task_name
├── TaskInUseError                (RuntimeError)  .task_name
├── SchedulerRunningError         (RuntimeError)  .scheduler_name
├── NotRunningError               (RuntimeError)  .scheduler_name
├── LifespanFailedError           (RuntimeError)  .phase
├── ForeignDeclarationError       (RuntimeError)  .task_name
├── RunNotFoundError              (LookupError)   .run_id
├── WorkerRefusedError            (ConnectionError) .url .status
├── RunTimeoutError               (TimeoutError)  .task_name .timeout
├── SwallowedExceptionError       (RuntimeError)  .task_name .dependency_name
├── ForeignLoopError              (RuntimeError)  .task_name
├── NoRunningLoopError            (RuntimeError)  .feature
└── StoreError                                    .store, and its __cause__ is the driver's error
    ├── StoreUnavailableError     (ConnectionError)
    ├── StoreFileError            (OSError)       .path
    ├── SchemaError                               .found .expected
    └── LeaseLostError            (RuntimeError)  .task_name
```

Each error carries its data and builds its message from it: what is wrong, then what to do.
"""

from ostinato._command_errors import (
    AppNotFoundError,
    ForeignDeclarationError,
    LifespanFailedError,
    RunNotFoundError,
    WorkerRefusedError,
)
from ostinato._dashboard_errors import UnprotectedDashboardError
from ostinato._error_root import ConfigurationError, OstinatoError
from ostinato._loop_errors import (
    ForeignLoopError,
    NoRunningLoopError,
    SchedulerRunningError,
)
from ostinato._shown import Hidden, shown
from ostinato._store_errors import (
    ForeignSessionError,
    LeaseLostError,
    SchemaError,
    StoreError,
    StoreFileError,
    StoreUnavailableError,
    TaskInUseError,
)

__all__ = [
    "AlreadyRunningError",
    "AppNotFoundError",
    "ArgumentTypeError",
    "ConfigurationError",
    "DuplicateTaskError",
    "ForeignDeclarationError",
    "ForeignLoopError",
    "ForeignSessionError",
    "InvalidArgumentError",
    "InvalidCronError",
    "InvalidFunctionError",
    "InvalidScheduleError",
    "LateDeclarationError",
    "LeaseLostError",
    "LifespanFailedError",
    "MissingExtraError",
    "NoRunningLoopError",
    "NotRunningError",
    "OstinatoError",
    "RunNotFoundError",
    "RunTimeoutError",
    "SchedulerRunningError",
    "SchemaError",
    "StoreError",
    "StoreFileError",
    "StoreUnavailableError",
    "SwallowedExceptionError",
    "TaskInUseError",
    "TaskNotFoundError",
    "TooFrequentError",
    "UnmetRequirementError",
    "UnprotectedDashboardError",
    "UnresolvedTasksError",
    "WorkerRefusedError",
]


class InvalidArgumentError(ConfigurationError, ValueError):
    """An argument has the right type and a value that cannot work."""

    def __init__(self, argument: str, value: object, problem: str, remedy: str) -> None:
        """Build the message from the *argument*, its *value*, the *problem* and the *remedy*."""
        self.argument = argument
        self.value = value
        super().__init__(f"{argument}={shown(value)} {problem}; {remedy}")


class ArgumentTypeError(ConfigurationError, TypeError):
    """An argument has a type that is not accepted."""

    def __init__(self, argument: str, value: object, remedy: str) -> None:
        """Build the message from the *argument*, its *value* and the *remedy*."""
        self.argument = argument
        self.value = value
        type_name = value.type_name if isinstance(value, Hidden) else type(value).__name__
        super().__init__(
            f"{argument}={shown(value)} is of type {type_name}, which is not accepted; {remedy}"
        )


class InvalidFunctionError(ConfigurationError, TypeError):
    """A function or a hook cannot be called the way its task would call it."""

    def __init__(self, function_name: str, problem: str, remedy: str) -> None:
        """Build the message from the *function_name*, the *problem* and the *remedy*."""
        self.function_name = function_name
        super().__init__(f"{function_name} {problem}; {remedy}")


class InvalidScheduleError(ConfigurationError, ValueError):
    """A schedule cannot be what was asked for."""

    def __init__(self, reason: str) -> None:
        """Build the message from the *reason*, which says what to do as well."""
        self.reason = reason
        super().__init__(reason)


class InvalidCronError(InvalidScheduleError):
    """A cron expression cannot be read, or is never due.

    `.position` counts the expression's fields from 0; it is None where the whole is meant.
    """

    def __init__(self, expression: str, position: int | None, problem: str) -> None:
        """Build the message from the *expression*, the field's *position* and the *problem*."""
        self.expression = expression
        self.position = position
        super().__init__(
            f"the cron expression {shown(expression)} {problem}; write it like '0 9 * * mon-fri': "
            "minute, hour, day of the month, month, day of the week"
        )


class MissingExtraError(ConfigurationError, ImportError):
    """A feature needs a package that is installed by one of ostinato's extras."""

    def __init__(self, extra: str, feature: str) -> None:
        """Build the message from the *extra* and the *feature* that needs it."""
        self.extra = extra
        super().__init__(f"{feature} needs an extra: pip install 'ostinato[{extra}]'")


class UnmetRequirementError(ConfigurationError, ImportError):
    """A feature needs a package that is the application's own choice, and not as it is found."""

    def __init__(self, feature: str, requirement: str, *, found: str | None) -> None:
        """Build the message from the *feature*, its *requirement* and the version that was *found*.

        None was found where the package is not installed.
        """
        self.requirement = requirement
        self.found = found
        state = f"version {found} is installed" if found else "it is not installed"
        super().__init__(
            f"{feature} needs {requirement}, and {state}; pip install --upgrade '{requirement}'"
        )


class DuplicateTaskError(ConfigurationError, ValueError):
    """Two tasks of one scheduler have the same name."""

    def __init__(self, task_name: str) -> None:
        """Build the message from the *task_name*."""
        self.task_name = task_name
        super().__init__(
            f"a task named {shown(task_name)} is already registered; pass name=... to tell the two "
            "apart"
        )


class LateDeclarationError(ConfigurationError, RuntimeError):
    """A task was declared for a scheduler that is running."""

    def __init__(self, task_name: str) -> None:
        """Build the message from the *task_name*."""
        self.task_name = task_name
        super().__init__(
            f"{shown(task_name)} was declared while its scheduler is running; declare tasks where "
            "the module is imported, and steer them with pause, resume, reschedule and trigger"
        )


class TooFrequentError(ConfigurationError, ValueError):
    """A task that the cluster shares is due more often than its store is asked."""

    def __init__(self, task_name: str, period: int, store: str, shortest: int) -> None:
        """Build the message from the names, and from periods in milliseconds."""
        self.task_name = task_name
        self.period = period
        self.store = store
        super().__init__(
            f"{shown(task_name)} has a period of {period} ms, and {store} takes {shortest} ms at "
            "the least; lengthen it, or declare it with scope=Scope.PROCESS"
        )


class UnresolvedTasksError(ConfigurationError, TypeError):
    """When the scheduler started, functions could not be supplied with what they ask for."""

    def __init__(self, problems: list[str]) -> None:
        """Build the message from the *problems*, one for each function."""
        self.problems = problems
        super().__init__("; ".join(problems) + "; make what they name importable at run time")


class TaskNotFoundError(OstinatoError, LookupError):
    """No task of the scheduler has that name or that function."""

    def __init__(self, task_name: str, did_you_mean: str | None) -> None:
        """Build the message from the *task_name* and the name that it resembles."""
        self.task_name = task_name
        self.did_you_mean = did_you_mean
        advice = (
            f"did you mean {shown(did_you_mean)}?"
            if did_you_mean
            else "scheduler.tasks has the names of those that there are"
        )
        super().__init__(f"there is no task {shown(task_name)}; {advice}")


class AlreadyRunningError(OstinatoError, RuntimeError):
    """A task was triggered while a run of it is under way, and its policy allows no overlap."""

    def __init__(self, task_name: str) -> None:
        """Build the message from the *task_name*."""
        self.task_name = task_name
        super().__init__(
            f"{shown(task_name)} is running; wait for its end, or declare it with "
            "overlap=Overlap.ALLOW"
        )


class NotRunningError(OstinatoError, RuntimeError):
    """Something was asked of a scheduler that has not been started, or has been stopped."""

    def __init__(self, scheduler_name: str) -> None:
        """Build the message from the *scheduler_name*."""
        self.scheduler_name = scheduler_name
        super().__init__(
            f"the scheduler {shown(scheduler_name)} is not running; ask inside the application's "
            "lifespan, or inside `async with scheduler.running():`"
        )


class RunTimeoutError(OstinatoError, TimeoutError):
    """An attempt took longer than its task's timeout."""

    def __init__(self, task_name: str, timeout: float) -> None:
        """Build the message from the *task_name* and the *timeout* in seconds."""
        self.task_name = task_name
        self.timeout = timeout
        super().__init__(
            f"{task_name} took longer than its timeout of {timeout:g} seconds; raise timeout=, or "
            "let it do less"
        )


class SwallowedExceptionError(OstinatoError, RuntimeError):
    """A dependency let nothing come out of the exception that it was told of: its `__cause__`."""

    def __init__(self, task_name: str, dependency_name: str, error: Exception) -> None:
        """Build the message from the *task_name*, the *dependency_name* and the *error*."""
        self.task_name = task_name
        self.dependency_name = dependency_name
        super().__init__(
            f"{dependency_name}, on which {task_name} depends, swallowed {shown(error)}; let its "
            "`except` block raise again, or a failed run would look like one that succeeded"
        )
