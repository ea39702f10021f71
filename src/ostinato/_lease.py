"""What the engine and a store tell each other: plain values, times in whole milliseconds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple, cast

from ostinato._outcomes import RunKind, SkipReason
from ostinato._run import Run

__all__ = [
    "LEASE_EXPIRED",
    "Claim",
    "Lease",
    "Progress",
    "Registration",
    "Renewed",
    "Reply",
    "Retention",
    "Settlement",
    "Skipped",
    "Takeover",
    "TaskRow",
    "WorkerRow",
    "new_claim",
    "new_lease",
    "new_settlement",
]

# The error of a run that another worker has recorded as abandoned.
LEASE_EXPIRED = "its lease expired: its worker died, or was cut off from the store"


class Skipped(NamedTuple):
    """A range of ticks that were not run; their number is None where they are too many."""

    first: int
    last: int
    number: int | None
    reason: SkipReason


class Registration(NamedTuple):
    """A task as one worker declares it.

    Attributes:
        name: The task's name.
        spec: The canonical text of its schedule: the gate of its claims.
        first_due: Its first due instant, if nobody has registered it before.
        formerly: The names whose state it takes over.
        revision: Of two declarations the one with the higher revision counts, where both have one.
        period: Of a grid that begins with its first tick; None: its schedule knows its ticks alone.
        grace: In milliseconds: for how long a worker that is not seen may still be there, and for
            how long a tick may be due before somebody with another declaration takes it.
        attends: Whether the worker stays to run its ticks; False: it registers the task for one
            run, so that nobody takes it for a worker, nor misses it when it is gone.
    """

    name: str
    spec: str
    first_due: int | None
    formerly: tuple[str, ...] = ()
    revision: int | None = None
    period: int | None = None
    grace: int = 30_000
    attends: bool = True


class Claim(NamedTuple):
    """What one worker asks of one task's row.

    Attributes:
        name: The task's name.
        spec: The declaration that the worker knows; the row must hold the same.
        expected: The instant that the row must hold as its next one: the compare of the swap.
        due: The tick to run, at or after *expected*; None: there are only ticks to skip.
        next_due: The instant that the row holds afterwards; None: there is none.
        passed: What is skipped with it.
        max_runs: How many starts there may be in all; None: any number.
        kind: A tick, or a manual run, which leaves the row's instants alone.
        run_id: The id of a manual run.
        concurrency: How many live runs there may be, this one included; None: any number. Above
            one, or None, the lease is the run's and not the task's.
        reruns: Whether a tick whose worker died is to be run again before this one: while the
            task's lease was not given back, expired or not, nothing is granted.
    """

    name: str
    spec: str
    expected: int | None
    due: int | None
    next_due: int | None
    passed: Skipped | None = None
    max_runs: int | None = None
    kind: RunKind = RunKind.TICK
    run_id: str | None = None
    concurrency: int | None = 1
    reruns: bool = False


class Takeover(NamedTuple):
    """A claim to go on with the run of a worker that died: the same tick, with a higher token.

    Or to record it as abandoned, and to give its lease back, as long as nobody else has come.

    Attributes:
        name: The task's name.
        spec: The declaration that the worker knows; the row must hold the same.
        token: The token of the expired lease, which must still be the row's.
        reruns: Whether to go on with it; False: it is abandoned.
    """

    name: str
    spec: str
    token: int
    reruns: bool = True


class Lease(NamedTuple):
    """A worker's exclusive, expiring right to run one tick; carries the fencing token."""

    name: str
    due: int
    token: int
    until: int
    owner: str


class Progress(NamedTuple):
    """How far the run with a lease says that it is, from 0 to 1, and what it is doing."""

    name: str
    token: int
    fraction: float
    message: str | None = None


class Settlement(NamedTuple):
    """How a run ended, as its worker tells the store.

    Attributes:
        run: The run, which has ended; its token is that of its lease. Where a tick was claimed
            and then not started, for its task was steered, the record of a skipped one.
        moves: Whether *next_due* is to be written.
        next_due: The instant that the row holds afterwards.
        passed: What was passed over under the run.
        pause: The reason to pause the task for, if it is to be paused.
        concurrency: As in the run's claim: 1, where the lease was the task's.
        expected: The instant that the row must hold for *next_due* to be written, and *passed*:
            else somebody has moved on under the run; None: whatever it holds.
    """

    run: Run
    moves: bool = False
    next_due: int | None = None
    passed: Skipped | None = None
    pause: str | None = None
    concurrency: int | None = 1
    expected: int | None = None


class Retention(NamedTuple):
    """How much is remembered of each task.

    Attributes:
        runs: The latest so many records.
        failures: Of those before, the latest so many runs that failed.
        age: In milliseconds: nothing that ended longer ago, or was skipped for a longer time.
    """

    runs: int
    failures: int = 0
    age: int | None = None


class WorkerRow(NamedTuple):
    """What a store knows of one worker; `id` alone is its identity, host and pid are labels.

    It *has left* once it has ended by itself: who is not seen any more, and has not, is silent.
    """

    id: str
    host: str
    pid: int
    started: int
    seen: int
    version: str
    tasks: int
    has_left: bool = False


class Renewed(set[tuple[str, int]]):
    """The names and tokens whose leases are still held.

    Attributes:
        cancelled: Those among them whose runs somebody wants to end.
    """

    def __init__(
        self, kept: Iterable[tuple[str, int]] = (), cancelled: Iterable[tuple[str, int]] = ()
    ) -> None:
        """Hold what is *kept*, and which of it is to be *cancelled*."""
        super().__init__(kept)
        self.cancelled = frozenset(cancelled)


# Plain: to call `dict[int, Lease]` takes as long as all else of a row.
_no_leases = cast("Callable[[], dict[int, Lease]]", dict)
_no_tokens = cast("Callable[[], set[int]]", set)


@dataclass(slots=True)
class TaskRow:
    """What a store knows of one task.

    Attributes:
        held: The lease of the task, which nobody shares; it may have expired.
        beside: The leases that runs have for themselves, by their tokens; what `read` returns.
        seen_at: When a worker that declares it was seen last, to the hour.
        takeovers: How often the run under way was taken over.
        was_steered: Of what `control` returns, whether it has written what it was asked to.
    """

    name: str
    spec: str
    next_due: int | None
    anchor: int | None = None
    schedule: str | None = None
    paused: bool = False
    paused_reason: str | None = None
    paused_until: int | None = None
    config_rev: int = 0
    token: int = 0
    held: Lease | None = None
    starts: int = 0
    last_due: int | None = None
    last_run: Run | None = None
    last_success: int | None = None
    failures_in_row: int = 0
    takeovers: int = 0
    seen_at: int = 0
    beside: dict[int, Lease] = field(default_factory=_no_leases)
    cancel_requested: set[int] = field(default_factory=_no_tokens)
    was_steered: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Reply:
    """A store's answer: its time, the leases it granted, and the rows as they stand.

    A lease of another worker among them is one that had expired, and was given up as asked.

    Attributes:
        now: The store's time.
        leases: What it granted.
        rows: How the tasks stand.
        workers: Who is there: only `read` tells, asked for all tasks.
        undecided: The tasks whose claims or takeovers were not decided about: another worker was
            busy with their rows, or more were asked for than are granted at once. They are to be
            asked for again.
    """

    now: int
    leases: list[Lease]
    rows: dict[str, TaskRow]
    workers: tuple[WorkerRow, ...] = ()
    undecided: frozenset[str] = frozenset()


# The constructors of named tuples are functions of Python's, and these are made for every tick.
_new = cast("Callable[..., object]", tuple.__new__)  # pyright: ignore[reportUnknownMemberType] - as it is
new_claim = cast("Callable[[tuple[object, ...]], Claim]", partial(_new, Claim))
new_lease = cast("Callable[[tuple[object, ...]], Lease]", partial(_new, Lease))
new_settlement = cast("Callable[[tuple[object, ...]], Settlement]", partial(_new, Settlement))
