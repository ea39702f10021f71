"""Check what a scheduler is declared with."""

from __future__ import annotations

from collections.abc import Iterable
from inspect import iscoroutinefunction
from typing import TYPE_CHECKING, cast

from ostinato._duration import Duration, wait_seconds
from ostinato._history import History
from ostinato._tasks import Tasks
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ostinato.protocols import Clock, Observer

__all__ = [
    "check_tasks",
    "check_threads",
    "check_wish",
    "checked_clock",
    "checked_history",
    "checked_lease",
    "checked_observers",
    "checked_revision",
    "checked_watchdog",
]

_MOST_THREADS = 10_000
_REVISION = "OSTINATO_REVISION"
# What all stores can compare exactly.
_HIGHEST = 2**53 - 1
# A heartbeat each sixth of it, and three calls of 2 s and 2 s more, have room in the default of 30.
_SHORTEST_LEASE = 1.0
_LONGEST_LEASE = 3_600.0
# In seconds: for so long the loop may be blocked, unless somebody says otherwise.
_WATCHED = 0.1
_SHORTEST_BLOCK = 0.02
_LONGEST_BLOCK = 60.0


def checked_lease(lease: Duration) -> float:
    """Return *lease* in seconds, if a worker can keep it.

    Raises:
        ArgumentTypeError: It is no duration.
        InvalidArgumentError: It is too short to be kept, or too long to be waited for.
    """
    seconds = wait_seconds("lease", lease)
    if not _SHORTEST_LEASE <= seconds <= _LONGEST_LEASE:
        remedy = f"pass {_SHORTEST_LEASE:g} to {_LONGEST_LEASE:g} seconds"
        raise InvalidArgumentError("lease", lease, "cannot be kept by heartbeats", remedy)
    return seconds


def checked_history(history: object) -> History | None:
    """Return *history*, if it can be that.

    Raises:
        ArgumentTypeError: It is neither None nor a `History`.
    """
    if history is None or isinstance(history, History):
        return history
    raise ArgumentTypeError("history", history, "pass a History(runs=1_000, failures=200, days=30)")


def checked_revision(revision: object, environment: Mapping[str, str]) -> int | None:
    """Return *revision*, or the one that the *environment* has; None: neither says one.

    Raises:
        ArgumentTypeError: It is no whole number.
        InvalidArgumentError: It is negative, or the environment's is no whole number.
    """
    if revision is None:
        variable = environment.get(_REVISION, "").strip()
        if not variable:
            return None
        if not (variable.isascii() and variable.isdigit() and int(variable) <= _HIGHEST):
            problem, remedy = "is no whole number from 0", "set it to the number of the deployment"
            raise InvalidArgumentError(_REVISION, variable, problem, remedy)
        return int(variable)
    if isinstance(revision, bool) or not isinstance(revision, int):
        raise ArgumentTypeError("revision", revision, "pass a whole number, that of the deployment")
    if not 0 <= revision <= _HIGHEST:
        problem = f"is not between 0 and {_HIGHEST}"
        raise InvalidArgumentError("revision", revision, problem, "count the deployments")
    return revision


def checked_watchdog(watchdog: object) -> float | None:
    """Return for how many seconds the loop may be blocked; 0: any; None: nobody said.

    Raises:
        ArgumentTypeError: It is neither a bool, nor a duration, nor None.
        InvalidArgumentError: It is too short to be found by looking, or too long to matter.
    """
    if watchdog is None:
        return None
    if isinstance(watchdog, bool):
        return _WATCHED if watchdog else 0.0
    seconds = wait_seconds("watchdog", cast("Duration", watchdog))
    if not _SHORTEST_BLOCK <= seconds <= _LONGEST_BLOCK:
        remedy = f"pass {_SHORTEST_BLOCK:g} to {_LONGEST_BLOCK:g} seconds, or True for {_WATCHED:g}"
        raise InvalidArgumentError("watchdog", watchdog, "is no time to be looked for", remedy)
    return seconds


def check_wish(enabled: object) -> bool | None:
    """Return *enabled*, if it can be that.

    Raises:
        ArgumentTypeError: It is neither None nor a bool.
    """
    if enabled is None or isinstance(enabled, bool):
        return enabled
    raise ArgumentTypeError("enabled", enabled, "pass True, False or None")


def check_tasks(tasks: object) -> Tasks:
    """Return *tasks*, if they are.

    Raises:
        ArgumentTypeError: They are no `Tasks`.
    """
    if isinstance(tasks, Tasks):
        return tasks
    raise ArgumentTypeError("tasks", tasks, "pass a Tasks")


def check_threads(threads: object) -> int:
    """Return how many threads there may be.

    Raises:
        ArgumentTypeError: It is no whole number.
        InvalidArgumentError: There would be none, or too many.
    """
    if isinstance(threads, bool) or not isinstance(threads, int):
        raise ArgumentTypeError("threads", threads, "pass a whole number")
    if not 1 <= threads <= _MOST_THREADS:
        problem = f"is not between 1 and {_MOST_THREADS}"
        raise InvalidArgumentError("threads", threads, problem, "pass 8, or how many you need")
    return threads


def checked_observers(observers: object) -> Iterator[Observer]:
    """Yield *observers*, each of which is one.

    Raises:
        ArgumentTypeError: They are no iterable, or one of them is no observer.
    """
    if isinstance(observers, str) or not isinstance(observers, Iterable):
        raise ArgumentTypeError("observers", observers, "pass a list of observers")
    for observer in cast("Iterable[Observer]", observers):
        methods = [getattr(observer, name, None) for name in ("wants", "notify")]
        if isinstance(observer, type) or not all(map(callable, methods)):
            remedy = "pass objects with the methods wants(event_name) and notify(event)"
            raise ArgumentTypeError("observers", observer, remedy)
        if any(map(iscoroutinefunction, methods)):
            remedy = "let its methods be `def`: nobody would await them"
            raise ArgumentTypeError("observers", observer, remedy)
        yield observer


def checked_clock(clock: object) -> Clock | None:
    """Return *clock*, if it can tell the time and let it pass.

    Raises:
        ArgumentTypeError: It lacks a method, or is a class.
    """
    methods = ("now", "monotonic", "call_later")
    is_one = all(callable(getattr(clock, name, None)) for name in methods)
    if clock is None or (is_one and not isinstance(clock, type)):
        return cast("Clock | None", clock)
    remedy = "pass an object with the methods now(), monotonic() and call_later(delay, callback)"
    raise ArgumentTypeError("clock", clock, remedy)
