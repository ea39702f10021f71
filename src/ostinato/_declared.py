"""Say at exit which repeated functions and schedulers were declared and never started."""

import atexit
import gc
import sys
from collections.abc import Callable, Mapping
from typing import Protocol
from weakref import WeakKeyDictionary, WeakSet

from ostinato.observers._records import default_logger

__all__ = [
    "declare",
    "declare_scheduler",
    "mark_scheduler_started",
    "mark_started",
    "report_never_started",
    "report_nothing",
]


class _Scheduling(Protocol):
    """What has tasks, and is to be started."""

    @property
    def name(self) -> str: ...

    @property
    def tasks(self) -> Mapping[str, object]: ...


# The references are weak: what is gone has no user left who waits for it to run.
_unstarted: WeakKeyDictionary[Callable[..., object], str] = WeakKeyDictionary()
_unstarted_schedulers: WeakSet[_Scheduling] = WeakSet()


def declare(function: Callable[..., object], name: str) -> None:
    """Expect *function*, known as *name*, to be started before the process ends."""
    _unstarted[function] = name


def mark_started(function: Callable[..., object]) -> None:
    """Note that *function* was started."""
    _unstarted.pop(function, None)


def declare_scheduler(scheduler: _Scheduling) -> None:
    """Expect *scheduler* to be started before the process ends, if it has tasks by then."""
    _unstarted_schedulers.add(scheduler)


def mark_scheduler_started(scheduler: _Scheduling) -> None:
    """Note that *scheduler* was started."""
    _unstarted_schedulers.discard(scheduler)


def report_nothing() -> None:
    """Say nothing at exit: this process only looks at what is declared."""
    atexit.unregister(report_never_started)


@atexit.register
def report_never_started() -> None:
    """Log what was declared and never started, if an application was called in this process."""
    names = sorted(_unstarted.values())
    schedulers = [each for each in _unstarted_schedulers if each.tasks]
    if not (names or schedulers) or not _application_was_called():
        return
    if names:
        default_logger.warning(
            "Decorated with repeat_every and never started: %s. A decorated function runs once it "
            "is awaited: put @app.on_event('startup') above it, or await it in the lifespan. (A "
            "test client that is not entered with `with` runs neither.)",
            ", ".join(names),
            extra={"ostinato_event": "ostinato.task_never_started", "task_names": names},
        )
    for scheduler in sorted(schedulers, key=_name_of):
        _report_scheduler(scheduler.name, sorted(scheduler.tasks))


def _report_scheduler(scheduler_name: str, task_names: list[str]) -> None:
    default_logger.warning(
        "The scheduler %r was never started, so these have not run: %s. Pass "
        "FastAPI(lifespan=scheduler.lifespan), or call scheduler.attach(app), of the application "
        "that is served: a mounted one has no life span of its own. (A test client that is not "
        "entered with `with` starts nothing.)",
        scheduler_name,
        ", ".join(task_names),
        extra={
            "ostinato_event": "ostinato.scheduler_never_started",
            "scheduler_name": scheduler_name,
            "task_names": task_names,
        },
    )


def _name_of(scheduler: _Scheduling) -> str:
    return scheduler.name


def _application_was_called() -> bool:
    """Whether an application of Starlette's or FastAPI's has been called by a server or a client.

    Asked of the applications that are alive, and only at exit, so that no application is patched
    and importing the library imports no framework.
    """
    applications = sys.modules.get("starlette.applications")
    if applications is None:
        return False
    # The middleware is built by the first call of an application.
    return any(
        getattr(candidate, "middleware_stack", None) is not None
        for candidate in gc.get_objects()
        # By its type: asking a proxy or a lazy object for its class would evaluate it.
        if issubclass(type(candidate), applications.Starlette)
    )
