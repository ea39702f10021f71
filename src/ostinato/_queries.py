"""The seam between a store and those who look: how tasks stand, and what has ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ostinato._instants import milliseconds_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from ostinato._lease import TaskRow, WorkerRow
    from ostinato._outcomes import Outcome
    from ostinato._place import Place
    from ostinato._run import Run

__all__ = [
    "Overview",
    "Queries",
    "Recent",
    "Wanted",
    "is_wanted",
    "named_in",
    "newest_of",
    "place_of",
]


# Of one task so many records are looked at, at the least; and of those that may have more of what
# is wanted so many times as many as before.
_FEW = 25
_FACTOR = 4


class Wanted(NamedTuple):
    """Which records of the history somebody wants to see, the newest first.

    Attributes:
        limit: How many at the most.
        name: Of which task; None: of all.
        outcomes: With one of these; empty: with any.
        since: Of ticks due at this instant or later, in milliseconds.
        until: Of ticks due before this one.
        before: Only what stands behind this place.
    """

    limit: int
    name: str | None = None
    outcomes: tuple[Outcome, ...] = ()
    since: int | None = None
    until: int | None = None
    before: Place | None = None


class Recent(NamedTuple):
    """What is remembered of one task.

    Attributes:
        runs: The latest records, the newest first.
        counts: How many ticks ended in which outcome or skip reason.
    """

    runs: Sequence[Run]
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Overview:
    """How everything stands.

    Attributes:
        now: The store's time.
        rows: How the tasks stand.
        running: The runs under way, of all workers; one whose lease has expired is not among them.
    """

    now: int
    rows: Mapping[str, TaskRow]
    running: Sequence[Run]


class Queries(Protocol):
    """What a store tells those who look; each call is a fixed number of round trips."""

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        """Return how the tasks named, or all of them, stand, and what is under way."""
        ...

    def recent(self, names: Sequence[str] | None, limit: int, /) -> Mapping[str, Recent]:
        """Return what is remembered of each of the tasks named, or of all of them.

        That is the latest *limit* records of each, and the counts.
        """
        ...

    def workers(self) -> Sequence[WorkerRow]:
        """Return the workers that were seen in the last day."""
        ...

    def declared(self, within: int, /) -> Mapping[str, frozenset[str]]:
        """Return the names of the tasks that each worker declares, by its id.

        Of those that are there, and were seen *within* so many milliseconds.
        """
        ...

    def find(self, wanted: Wanted, /) -> list[Run]:
        """Return the records that are *wanted*, the newest first; each knows its cursor."""
        ...

    def run(self, run_id: str, /) -> Run | None:
        """Return the run *run_id*, which has ended or is under way; None: nobody remembers it."""
        ...


def named_in(run_id: str, namespace: str) -> tuple[str, int | None] | None:
    """Return the task that *run_id* names, and the tick, where it is that of a tick.

    Returns:
        None: It is no id of the *namespace*.
    """
    head, _, tail = run_id.rpartition("/")
    if not head.startswith(f"{namespace}/"):
        return None
    name = head[len(namespace) + 1 :]
    try:
        due = datetime.fromisoformat(tail)
    except ValueError:
        return name, None
    # Written as `run.id` is, and in no other of the ways there are.
    is_tick = f"{due.replace(tzinfo=None).isoformat(timespec='milliseconds')}Z" == tail
    return name, milliseconds_of(due) if is_tick else None


def is_wanted(run: Run, wanted: Wanted) -> bool:
    """Return whether *run*, which knows its place, is *wanted*."""
    if wanted.outcomes and run.outcome not in wanted.outcomes:
        return False
    if wanted.since is not None and milliseconds_of(run.last_due) < wanted.since:
        return False
    if wanted.until is not None and run._due >= wanted.until:
        return False
    return wanted.before is None or place_of(run) < wanted.before


def place_of(run: Run) -> Place:
    """Return where a *run* of the history stands."""
    return run._standing_at(run._place)


def newest_of(
    names: Sequence[str],
    wanted: Wanted,
    latest: Callable[[Sequence[str], int], Mapping[str, list[Run]]],
) -> list[Run]:
    """Return the records of the tasks *names* that are *wanted*, the newest first.

    Of each task one record is looked at, then four times as many of those that may have more of
    what is wanted, and so on: of a thousand tasks few have any of the newest hundred records.

    Args:
        names: Of which tasks.
        wanted: Which records.
        latest: Returns the latest so many records of each of the tasks named, the newest first.
    """
    known: dict[str, list[Run]] = {}
    chosen: list[Run] = []
    number = max(wanted.limit, _FEW) if len(names) == 1 else 1
    left = names if wanted.limit else ()
    while left:
        known |= (found := latest(left, number))
        every = (run for runs in known.values() for run in runs if is_wanted(run, wanted))
        chosen = sorted(every, key=place_of, reverse=True)[: wanted.limit]
        last = place_of(chosen[-1]) if len(chosen) == wanted.limit else None
        # Of these there may be more that comes before the last one chosen.
        left = [
            name
            for name, runs in found.items()
            if len(runs) == number and (last is None or place_of(runs[-1]) > last)
        ]
        number *= _FACTOR
    return chosen
