"""What is to happen when time slips: the policies of a task."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING, cast

from ostinato._duration import Duration, wait_seconds
from ostinato.errors import ArgumentTypeError, InvalidArgumentError

if TYPE_CHECKING:
    from ostinato._function import UserFunction

__all__ = ["Missed", "OnCrash", "Overlap", "Policy", "Retry", "RunIn", "Scope"]

_FASTEST_GROWTH = 1_000


class Missed(Enum):
    """What becomes of ticks that nobody could run at their time."""

    RUN_LATEST = "run_latest"
    """One run, for the newest of them; the others are skipped."""

    SKIP = "skip"
    """None of them is run."""

    RUN_ALL = "run_all"
    """Each is run, the oldest first, one behind the other; of more than 100 the newest 100."""


class Overlap(Enum):
    """What becomes of a tick that is due while a run of its task is under way."""

    SKIP = "skip"
    """It is skipped."""

    QUEUE_ONE = "queue_one"
    """The oldest such tick runs as soon as the run has ended; the others are skipped."""

    ALLOW = "allow"
    """It runs beside the others, at most `max_concurrency` of them."""

    CANCEL_OTHER = "cancel_other"
    """The run under way is cancelled and awaited, and then the tick runs."""


class Scope(Enum):
    """Over whom a tick is run once."""

    CLUSTER = "cluster"
    """Over every worker that shares the store."""

    PROCESS = "process"
    """In each process: every worker runs it, without the store."""


class OnCrash(Enum):
    """What becomes of a run whose worker died."""

    SKIP = "skip"
    """It is not run again: each tick starts at most once."""

    RERUN = "rerun"
    """Another worker runs the tick again, at most twice: each tick starts at least once."""


class RunIn(Enum):
    """Where a function runs."""

    AUTO = "auto"
    """`async def` on the event loop, `def` in a thread."""

    LOOP = "loop"
    """On the event loop, a `def` function too: for those that never block."""

    THREAD = "thread"
    """In one of the library's own threads."""


@dataclass(frozen=True, slots=True, init=False)
class Retry:
    """How often, and after which waits, a run that fails is attempted again.

    The wait before attempt `n + 1` is drawn between 0 and `delay * factor ** (n - 1)`, and no
    longer than `longest`: exponential backoff with full jitter. No attempt starts at or after the
    next tick, unless the task allows overlap.

    See: https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
    """

    attempts: int
    delay: float
    factor: float
    longest: float
    retry_on: tuple[type[BaseException], ...]

    def __init__(
        self,
        attempts: int = 3,
        *,
        delay: Duration = 1,
        factor: float = 2,
        longest: Duration = 60,
        retry_on: type[Exception] | tuple[type[Exception], ...] = Exception,
    ) -> None:
        """Check and keep the arguments.

        Args:
            attempts: How many attempts there are at the most, the first one included.
            delay: The longest wait before the second attempt, in seconds or as a timedelta.
            factor: By how much that grows with each attempt.
            longest: The longest wait of all, in seconds or as a timedelta.
            retry_on: The exceptions that are worth another attempt.

        Raises:
            ArgumentTypeError: An argument has a type that is not accepted.
            InvalidArgumentError: *attempts* is below 1, *factor* below 1, or a duration cannot be.
        """
        object.__setattr__(self, "attempts", _count(attempts))
        object.__setattr__(self, "delay", wait_seconds("delay", delay))
        object.__setattr__(self, "factor", _growth(factor))
        object.__setattr__(self, "longest", wait_seconds("longest", longest))
        object.__setattr__(self, "retry_on", _exceptions(retry_on))

    def longest_wait(self, attempt: int, /) -> float:
        """Return the longest wait in seconds behind the failed *attempt*, which counts from 1."""
        try:
            return min(self.delay * self.factor ** (attempt - 1), self.longest)
        except OverflowError:
            return self.longest


@dataclass(frozen=True, slots=True)
class Policy:
    """The checked policies of one task; tasks that were declared alike share one."""

    missed: Missed = Missed.RUN_LATEST
    catch_up: int | None = None
    overlap: Overlap = Overlap.SKIP
    max_concurrency: int | None = None
    scope: Scope = Scope.CLUSTER
    timeout: float | None = None
    retry: Retry | None = None
    on_crash: OnCrash = OnCrash.SKIP
    max_runs: int | None = None
    start: int | datetime | None = None
    until: int | None = None
    run_in: RunIn = RunIn.AUTO
    pause_after_failures: int | None = None
    on_exception: UserFunction | None = None
    on_complete: UserFunction | None = None


def _count(attempts: object) -> int:
    if isinstance(attempts, bool) or not isinstance(attempts, int):
        raise ArgumentTypeError("attempts", attempts, "pass a whole number")
    if attempts < 1:
        raise InvalidArgumentError(
            "attempts", attempts, "is below 1", "count the first attempt as well"
        )
    return attempts


def _growth(factor: object) -> float:
    if isinstance(factor, bool) or not isinstance(factor, int | float):
        raise ArgumentTypeError("factor", factor, "pass a number")
    if not 1 <= factor <= _FASTEST_GROWTH:
        raise InvalidArgumentError(
            "factor", factor, "is not between 1 and 1000", "pass 2 to double each wait"
        )
    return float(factor)


def _exceptions(given: object) -> tuple[type[BaseException], ...]:
    kinds = cast("tuple[object, ...]", given if isinstance(given, tuple) else (given,))
    found = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Exception)]
    if not kinds or len(found) != len(kinds):
        raise ArgumentTypeError("retry_on", kinds, "pass an exception class, or a tuple of them")
    return tuple(found)
