"""Say at exit which repeated functions were declared and never started."""

import atexit
import gc
import sys
from collections.abc import Callable
from weakref import WeakKeyDictionary

from ostinato.observers._records import default_logger

__all__ = ["declare", "mark_started", "report_never_started"]

# The reference is weak: a function that is gone has no user left who waits for it to run.
_unstarted: WeakKeyDictionary[Callable[..., object], str] = WeakKeyDictionary()


def declare(function: Callable[..., object], name: str) -> None:
    """Expect *function*, known as *name*, to be started before the process ends."""
    _unstarted[function] = name


def mark_started(function: Callable[..., object]) -> None:
    """Note that *function* was started."""
    _unstarted.pop(function, None)


@atexit.register
def report_never_started() -> None:
    """Log what was declared and never started, if an application was called in this process."""
    names = sorted(_unstarted.values())
    if not names or not _application_was_called():
        return
    default_logger.warning(
        "Decorated with repeat_every and never started: %s. A decorated function runs once it is "
        "awaited: put @app.on_event('startup') above it, or await it in the lifespan. (A test "
        "client that is not entered with `with` runs neither.)",
        ", ".join(names),
        extra={"ostinato_event": "ostinato.task_never_started", "task_names": names},
    )


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
