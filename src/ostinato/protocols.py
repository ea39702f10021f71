"""The seams: what the parts ask of each other, and of what users bring along."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from ostinato._lease import (
    Claim,
    Progress,
    Registration,
    Renewed,
    Reply,
    Retention,
    Settlement,
    Takeover,
    TaskRow,
)
from ostinato._queries import Queries
from ostinato._run import Run
from ostinato._waking import Wakeup

__all__ = [
    "Clock",
    "ErrorLogger",
    "Event",
    "Fence",
    "History",
    "InThread",
    "Injection",
    "Observer",
    "Queries",
    "RunObserver",
    "Schedule",
    "SharedStore",
    "Store",
    "Timer",
    "Wakeup",
]


class Timer(Protocol):
    """A callback that waits for its time."""

    def cancel(self) -> None:
        """Do not call it."""
        ...


class Clock(Protocol):
    """The only source of the time, and the only way to let it pass."""

    def now(self) -> float:
        """Return the wall clock's time, in seconds since 1970 in UTC."""
        ...

    def monotonic(self) -> float:
        """Return the seconds since some instant, on a clock that is never set."""
        ...

    def call_later(self, delay: float, callback: Callable[[], object], /) -> Timer:
        """Call *callback* on the running event loop once *delay* seconds have passed."""
        ...


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened; `.name` and the keys of `.facts` are a promise.

    Attributes:
        name: What happened: `ostinato.<noun>_<past verb>`.
        task_name: The task it happened to, or None.
        run: The run it happened to, or None.
        error: The exception that was raised, or None.
        facts: What else is known.
    """

    name: str
    task_name: str | None = None
    run: Run | None = None
    error: BaseException | None = None
    facts: Mapping[str, object] = field(default_factory=dict[str, object])


class Observer(Protocol):
    """Is told what happened; cannot steer it."""

    def wants(self, event_name: str, /) -> bool:
        """Return whether to be told of such events: asked when the scheduler starts."""
        ...

    def notify(self, event: Event, /) -> None:
        """Take note of *event*, on the event loop: do not block."""
        ...


class InThread(Protocol):
    """Makes a call in a thread."""

    async def __call__(self, call: Callable[[], object], /, *, is_owed: bool = False) -> object:
        """Return what *call* returns, or raise what it raises.

        Whoever waits may be cancelled. A call that no thread has begun by then is not made, unless
        it *is_owed*: what was entered has to be left. One that has begun goes on by itself.
        """
        ...


class Injection(Protocol):
    """Supplies the parameters of one task's function, for one attempt at a time."""

    def supplied(
        self,
        run: Run,
        *,
        app: object | None,
        state: Mapping[str, object] | None,
        in_thread: InThread,
    ) -> AbstractAsyncContextManager[Mapping[str, object]]:
        """Set up what the function of *run* needs, and clean up behind it."""
        ...


class Store(Protocol):
    """The memory that workers share; synchronous, and called on its own thread or inline.

    Every reply carries the store's time, which alone decides what is due and what has expired.
    """

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Prepare to act for the worker *owner*; *now* is its clock, in milliseconds."""
        ...

    def register(self, tasks: Sequence[Registration], /) -> Reply:
        """Make known the worker's *tasks*; return all their rows.

        A row whose spec is not the task's own is another declaration's, for which this worker
        stands down. Asked again, the store lets it take over once nobody acts on the other.
        """
        ...

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Take the leases that can be had; return them, and the rows of all that were asked for.

        What has *ended* is settled before, and if the store can, in the same transaction.
        """
        ...

    def renew(
        self, held: Sequence[tuple[str, int]], lease: int, told: Sequence[Progress] = (), /
    ) -> Renewed:
        """Prolong the leases of the *held* names and tokens; return those that still are.

        What is *told* of the progress of their runs is for those who look.
        """
        ...

    def settle(self, settlements: Sequence[Settlement], /) -> list[TaskRow | None]:
        """Record how runs ended; the row of each, None where its lease was lost.

        The verdict is recorded once: who asks again, because a reply was lost, gets it again.
        """
        ...

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all."""
        ...

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*, such as its pause; return its row, and whether it was.

        Args:
            name: The task's name.
            changes: The new values of `paused`, `paused_reason`, `paused_until`, `next_due`,
                `anchor`, `schedule`, `failures_in_row`. With `expected`, only if the row holds that
                as its next instant. `cancel_requested` is the token of a run that is to end.

        Raises:
            TaskNotFoundError: No worker has ever registered a task of that name.
        """
        ...

    def close(self) -> None:
        """Let go of what `open` has taken."""
        ...


class History(Protocol):
    """What a store remembers of the runs that have ended, and of the ticks that were skipped."""

    def record(self, runs: Sequence[Run], /) -> None:
        """Remember *runs*."""
        ...

    def runs(self, name: str, limit: int, /) -> list[Run]:
        """Return the latest *limit* runs of the task *name*, the newest first."""
        ...

    def prune(self, kept: Retention, /, *, every: int | None = None) -> int:
        """Forget the records that are not to be *kept*; return how many were forgotten.

        Runs under way are no records, and what was counted stays counted. With *every*, nothing is
        forgotten within so many milliseconds of the last time that somebody called it with that,
        and who does forget also forgets the workers that were not seen for a day.
        """
        ...

    def forget(self, name: str, /) -> None:
        """Forget the task *name* and all its runs, unless a live worker has declared it."""
        ...

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many ticks of each task ended in which outcome or skip reason."""
        ...


@runtime_checkable
class Fence(Protocol):
    """Keeps a run that has lost its lease from committing what it has done; over SQL only."""

    def guard(self, run: Run, session: object, /, *, concurrency: int | None = 1) -> None:
        """Let the transaction of *session* commit only if the lease of *run* is held until then.

        Args:
            run: The run under way.
            session: A synchronous session or connection, in the transaction.
            concurrency: As in the run's claim.

        Raises:
            ForeignSessionError: It is not of the store's own database.
            LeaseLostError: The lease is not held any more.
        """
        ...


class SharedStore(Store, History, Queries, Wakeup, Protocol):
    """What a scheduler asks of a store: leases and rows, what has ended, and how all stands."""


class ErrorLogger(Protocol):
    """What `repeat_every(logger=...)` asks of a logger; `logging.Logger` and others have it."""

    def error(self, message: str, /) -> object:
        """Log *message* at the level ERROR."""
        ...


class RunObserver(Protocol):
    """Is told how the runs of one function end; cannot steer them."""

    def run_failed(self, run: int, error: BaseException, /) -> None:
        """Tell that the run numbered *run* raised *error*."""
        ...

    def run_cancelled(self, run: int, /) -> None:
        """Tell that the run ended with a `CancelledError` of its own making."""
        ...

    def run_abandoned(self, function_name: str, /) -> None:
        """Tell that a function goes on in its thread although its task was cancelled."""
        ...

    def hook_failed(self, hook_name: str, error: BaseException, /) -> None:
        """Tell that a hook raised an *error* of its own, which changes nothing."""
        ...

    def repetition_stopped(self, reason: str, /) -> None:
        """Tell that the repetition ended on purpose, before its last run."""
        ...


@runtime_checkable
class Schedule(Protocol):
    """A pure value that answers one question: which is the first instant after this one?

    The answer depends on nothing else, so that every process gives the same.
    """

    def next_after(self, instant: datetime, /) -> datetime | None:
        """Return the first instant strictly after *instant*, in UTC, or None if there is none."""
        ...

    def anchored(self, at: datetime, /) -> "Schedule":
        """Return the schedule bound to its first due instant *at*, where it needs one."""
        ...

    def describe(self) -> str:
        """Return the schedule in words."""
        ...

    @property
    def text(self) -> str:
        """The canonical text: equal for equal declarations, in every process and version."""
        ...
