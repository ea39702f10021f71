"""Errors leave their process, and are copied, as what they are."""

import copy
import inspect
import pickle
from collections.abc import Callable

import pytest

from ostinato import errors

EXAMPLES: list[errors.OstinatoError] = [
    errors.OstinatoError("root"),
    errors.ConfigurationError("wrong"),
    errors.InvalidArgumentError("seconds", 0, "is too short", "pass more"),
    errors.ArgumentTypeError("seconds", "0", "pass a number"),
    errors.InvalidFunctionError("app.f", "is a class", "pass a function"),
    errors.InvalidScheduleError("it is never due"),
    errors.InvalidCronError("* *", 1, "has too few fields"),
    errors.DuplicateTaskError("app.f"),
    errors.LateDeclarationError("app.f"),
    errors.TooFrequentError("app.f", 1, "memory://", 50),
    errors.UnresolvedTasksError(["app.f: Nowhere", "app.g: Elsewhere"]),
    errors.UnprotectedDashboardError("read=function"),
    errors.MissingExtraError("redis", "the store"),
    errors.UnmetRequirementError("the session", "sqlalchemy>=2", found=None),
    errors.TaskNotFoundError("app.f", "app.g"),
    errors.AlreadyRunningError("app.f"),
    errors.SchedulerRunningError("default"),
    errors.NotRunningError("default"),
    errors.RunTimeoutError("app.f", 5.0),
    errors.SwallowedExceptionError("app.f", "app.session", ValueError("no")),
    errors.ForeignLoopError("app.f"),
    errors.NoRunningLoopError("a lock", "call it inside"),
    errors.StoreError("sqlite:///state.db", "did not do it"),
    errors.StoreUnavailableError("sqlite:///state.db", OSError("gone")),
    errors.StoreFileError("state.db", "is no database", "name another"),
    errors.SchemaError("sqlite:///state.db", found=3, expected=1),
    errors.TaskInUseError("tidy"),
    errors.AppNotFoundError("main:app", "there is no module 'main' here", "write it so"),
    errors.LifespanFailedError("startup", "no database"),
    errors.ForeignDeclarationError("tidy", "every 1000 ms", "every 2000 ms"),
    errors.RunNotFoundError("default/app.f/1", "succeeded", []),
    errors.WorkerRefusedError("http://localhost", 403, "no"),
    errors.LeaseLostError("sqlite:///state.db", "tidy"),
    errors.ForeignSessionError("memory://", "sqlite:///app.db"),
]


def pickled(error: errors.OstinatoError) -> errors.OstinatoError:
    """Return *error* as another process has it."""
    return pickle.loads(pickle.dumps(error))


@pytest.mark.parametrize("again", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_an_error_can_be_pickled_and_copied(
    error: errors.OstinatoError, again: Callable[[errors.OstinatoError], errors.OstinatoError]
) -> None:
    """A process pool, a task queue and a test runner's worker hand on the very same error."""
    error.__notes__ = ["seen in a worker"]

    copied = again(error)

    assert type(copied) is type(error)
    assert (str(copied), copied.args, vars(copied)) == (str(error), error.args, vars(error))
    assert copied.__notes__ == ["seen in a worker"]


def test_there_is_an_example_of_every_error() -> None:
    """What is added to the tree is added here."""
    defined = {
        cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, Exception)
    }

    assert {type(error) for error in EXAMPLES} == defined


def test_an_error_of_a_users_own_that_derives_from_one_is_copied_too() -> None:
    """Its `__init__` is not asked."""

    class OwnError(errors.DuplicateTaskError):
        def __init__(self) -> None:
            super().__init__("app.f")
            self.more = 3

    copied = copy.copy(OwnError())

    assert (type(copied), str(copied), vars(copied)) == (
        OwnError,
        str(OwnError()),
        {"task_name": "app.f", "more": 3},
    )
