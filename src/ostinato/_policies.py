"""Check the policies that a task is declared with."""

from __future__ import annotations

from datetime import datetime, timedelta
from difflib import get_close_matches
from enum import Enum
from typing import TYPE_CHECKING, TypedDict, TypeVar

from ostinato._duration import MILLISECOND, Duration, wait_seconds, whole_milliseconds
from ostinato._function import UserFunction
from ostinato._instants import milliseconds_of
from ostinato._policy import Missed, OnCrash, Overlap, Policy, Retry, RunIn, Scope
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["PolicyOptions", "check_policy"]

E = TypeVar("E", bound=Enum)

_SHORTEST_TIMEOUT = 0.001


class PolicyOptions(TypedDict, total=False):
    """The policies of a task, as keyword arguments.

    Attributes:
        missed: What becomes of ticks that nobody could run at their time.
        catch_up: How late a tick may be run, in seconds or as a timedelta; None: no limit but
            the policy's own.
        overlap: What becomes of a tick that is due while a run is under way.
        max_concurrency: How many runs may be under way at once, with `Overlap.ALLOW`.
        scope: Over whom a tick is run once.
        jitter: Up to how much later each run starts, in seconds or as a timedelta.
        timeout: How long an attempt may take, in seconds or as a timedelta.
        retry: How often, and after which waits, a run that fails is attempted again; a number is
            short for `Retry(attempts=number)`.
        on_crash: What becomes of a run whose worker died.
        max_runs: How many runs are started in all.
        start: When it is first due: an instant, or how long after the start of the scheduler.
        until: The instant after which it is not due any more.
        run_in: Where the function runs.
        pause_after_failures: After how many failed ticks in a row the task is paused.
        on_exception: Is called with the exception of each run that failed. It stops the task by
            raising that same exception.
        on_complete: Is called after the task's last run, where there is a last one.
    """

    missed: Missed
    catch_up: Duration | None
    overlap: Overlap
    max_concurrency: int | None
    scope: Scope
    jitter: Duration | None
    timeout: Duration | None
    retry: Retry | int | None
    on_crash: OnCrash
    max_runs: int | None
    start: datetime | Duration | None
    until: datetime | None
    run_in: RunIn
    pause_after_failures: int | None
    on_exception: Callable[[Exception], object] | None
    on_complete: Callable[[], object] | None


_KNOWN = frozenset(PolicyOptions.__annotations__)
_NAMES = sorted(_KNOWN)


def check_policy(options: PolicyOptions, *, is_async: bool) -> Policy:
    """Return *options* as a policy.

    Args:
        options: The policies of a task.
        is_async: Whether the task's function is an `async def` function.

    Raises:
        ArgumentTypeError: An option has a type that is not accepted.
        InvalidArgumentError: There is no option of a name, or one has a value that cannot work,
            alone or with the others.
        InvalidFunctionError: A hook cannot be called with what it is given.
    """
    for name, value in options.items():
        if name not in _KNOWN:
            close = get_close_matches(name, _KNOWN, n=1)
            remedy = f"did you mean {close[0]}=?" if close else f"there are {', '.join(_NAMES)}"
            raise InvalidArgumentError(name, value, "is no option of a task", remedy)
    overlap = _member("overlap", options.get("overlap"), Overlap.SKIP)
    run_in = _member("run_in", options.get("run_in"), RunIn.AUTO)
    if run_in is RunIn.THREAD and is_async:
        raise InvalidArgumentError(
            "run_in", run_in, "is for `def` functions", "leave an `async def` function to the loop"
        )
    limit = _count("max_concurrency", options.get("max_concurrency"), lowest=1)
    if limit is not None and overlap is not Overlap.ALLOW:
        raise InvalidArgumentError(
            "max_concurrency",
            limit,
            "needs overlap=Overlap.ALLOW",
            "add it, or leave the limit out",
        )
    on_crash = _member("on_crash", options.get("on_crash"), OnCrash.SKIP)
    if on_crash is OnCrash.RERUN and overlap is Overlap.ALLOW:
        raise InvalidArgumentError(
            "on_crash",
            on_crash,
            "does not go with overlap=Overlap.ALLOW",
            "let one run at a time, or leave it out",
        )
    start, until = _start(options.get("start")), _until(options.get("until"))
    if isinstance(start, datetime) and until is not None and milliseconds_of(start) > until:
        raise InvalidArgumentError("until", options.get("until"), "is before start", "swap them")
    catch_up = options.get("catch_up")
    timeout = options.get("timeout")
    return Policy(
        missed=_member("missed", options.get("missed"), Missed.RUN_LATEST),
        catch_up=None if catch_up is None else _milliseconds("catch_up", catch_up),
        overlap=overlap,
        max_concurrency=limit,
        scope=_member("scope", options.get("scope"), Scope.CLUSTER),
        timeout=None if timeout is None else _timeout(timeout),
        retry=_retry(options.get("retry")),
        on_crash=on_crash,
        max_runs=_count("max_runs", options.get("max_runs"), lowest=0),
        start=start,
        until=until,
        run_in=run_in,
        pause_after_failures=_count(
            "pause_after_failures", options.get("pause_after_failures"), lowest=1
        ),
        on_exception=_hook("on_exception", options.get("on_exception"), "exception"),
        on_complete=_hook("on_complete", options.get("on_complete")),
    )


def _member(argument: str, value: object, default: E) -> E:
    if value is None:
        return default
    kind = type(default)
    if not isinstance(value, kind):
        names = ", ".join(f"{kind.__name__}.{member.name}" for member in kind)
        raise ArgumentTypeError(argument, value, f"pass one of {names}")
    return value


def _count(argument: str, value: object, *, lowest: int) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int):
        raise ArgumentTypeError(argument, value, "pass a whole number, or None for no limit")
    if value < lowest:
        raise InvalidArgumentError(
            argument, value, f"is below {lowest}", "pass more, or None for no limit"
        )
    return value


def _milliseconds(argument: str, value: object) -> int:
    return whole_milliseconds(argument, value) // MILLISECOND


def _timeout(value: object) -> float:
    seconds = wait_seconds("timeout", value)
    if seconds < _SHORTEST_TIMEOUT:
        raise InvalidArgumentError(
            "timeout", value, "is shorter than 1 ms", "pass at least 0.001 seconds"
        )
    return seconds


def _retry(value: object) -> Retry | None:
    if value is None or isinstance(value, Retry):
        return value
    if isinstance(value, int) and not isinstance(value, bool):
        if value < 1:
            problem, remedy = "is below 1", "count the first attempt as well, or leave it out"
            raise InvalidArgumentError("retry", value, problem, remedy)
        return Retry(value)
    raise ArgumentTypeError("retry", value, "pass a Retry, or the number of attempts")


def _start(value: object) -> datetime | int | None:
    if value is None:
        return None
    if isinstance(value, datetime):
        _check_aware("start", value)
        return value
    if isinstance(value, int | float | timedelta):
        return _milliseconds("start", value)
    raise ArgumentTypeError("start", value, "pass an aware datetime, or how long to wait")


def _until(value: object) -> int | None:
    if value is None:
        return None
    if not isinstance(value, datetime):
        raise ArgumentTypeError("until", value, "pass an aware datetime")
    _check_aware("until", value)
    return milliseconds_of(value)


def _check_aware(argument: str, value: datetime) -> None:
    if value.utcoffset() is None:
        raise InvalidArgumentError(
            argument, value, "has no time zone", "pass datetime(..., tzinfo=UTC)"
        )
    try:
        milliseconds_of(value)
    except OverflowError:
        problem = "lies outside the years 1 to 9999 in UTC"
        raise InvalidArgumentError(argument, value, problem, "pass another instant") from None


def _hook(role: str, hook: object, *operands: str) -> UserFunction | None:
    return None if hook is None else UserFunction.of(hook, role=role, operands=operands)
