"""What a store tells of all workers, asked for in threads; what has not changed is kept."""

from __future__ import annotations

import os
import socket
from importlib.metadata import version
from typing import TYPE_CHECKING, NamedTuple

from ostinato._instants import instant_of
from ostinato._queries import Recent
from ostinato._status import WorkerStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ostinato._engine._standing import Standing
    from ostinato._engine._worker import Worker
    from ostinato._lease import TaskRow, WorkerRow
    from ostinato._queries import Overview
    from ostinato._run import Run
    from ostinato._status import TaskStatus
    from ostinato.protocols import Schedule

__all__ = ["Fleet", "Seen"]

# What was pruned shows in no row: in milliseconds, after how long something is read again, and of
# how many tasks at once.
_OLD = 60_000
_FEW = 50
# No more than so many are read at once: no store gives anybody longer than two seconds.
_MANY = 200


class Seen(NamedTuple):
    """How tasks stand over all workers.

    Attributes:
        overview: How their rows stand, and what is under way.
        recent: What is remembered of each.
    """

    overview: Overview
    recent: dict[str, Recent]


class _Kept(NamedTuple):
    row: TaskRow
    read_at: int
    limit: int
    recent: Recent

    def cut(self, limit: int) -> Recent:
        """Return no more than *limit* records: the same value, where it is the same limit."""
        if limit == self.limit:
            return self.recent
        return Recent(self.recent.runs[:limit], self.recent.counts)


class Fleet:
    """Looks at the store that a worker shares with others."""

    def __init__(self, worker: Worker) -> None:
        """Look at the store of *worker*."""
        self.worker = worker
        self._store = worker.store
        # Of each task what was read last: used in the one thread that reads.
        self._kept: dict[str, _Kept] = {}
        # What was made of that, and by what it is known that it still holds.
        self.statuses: dict[str, tuple[tuple[object, ...], TaskStatus]] = {}
        self._words: dict[str, tuple[Schedule, str]] = {}

    def words_of(self, standing: Standing) -> str:
        """Return in words when a task is due: to find them takes as long as all else of it."""
        schedule = standing.schedule
        known = self._words.get(standing.name)
        if known is None or known[0] is not schedule:
            known = self._words[standing.name] = schedule, schedule.describe()
        return known[1]

    def workers(self) -> tuple[Overview, Sequence[WorkerRow]]:
        """Return who is there, and what is under way; in the thread.

        Raises:
            StoreError: The store does not answer.
        """
        return self._store.overview(), self._store.workers()

    def alone(self, live: Sequence[Run]) -> WorkerStatus:
        """Return how the worker stands that shares its store with nobody, and has *live* runs."""
        worker = self.worker
        now = worker.now()
        return WorkerStatus(
            worker.id,
            socket.gethostname(),
            os.getpid(),
            instant_of(worker.begun),
            instant_of(now),
            version("ostinato"),
            sum(each.is_shared for each in worker.standings.values()),
            tuple(live),
        )

    def look(self, names: Sequence[str] | None, limit: int) -> Seen:
        """Return how the tasks named, or all, stand, and their latest records; in the thread.

        Raises:
            StoreError: The store does not answer.
        """
        overview = self._store.overview(names)
        rows = overview.rows
        if names is None:
            self._kept = {name: kept for name, kept in self._kept.items() if name in rows}
        changed = self._changed(rows, limit, overview.now) if names is None else list(rows)
        for begin in range(0, len(changed), _MANY):
            # Of the first time something is kept, also where the store comes to a stop in between.
            some = changed[begin : begin + _MANY]
            found = self._store.recent(some, limit)
            for name in some:
                recent = found.get(name, Recent((), {}))
                self._kept[name] = _Kept(rows[name], overview.now, limit, recent)
        return Seen(overview, {name: self._kept[name].cut(limit) for name in rows})

    def _changed(self, rows: Mapping[str, TaskRow], limit: int, now: int) -> list[str]:
        """Return the tasks of which something has ended since it was read, and a few old ones."""
        changed: list[str] = []
        old: list[tuple[int, str]] = []
        for name, row in rows.items():
            kept = self._kept.get(name)
            if kept is None or kept.limit < limit or not _is_same(kept.row, row):
                changed.append(name)
            elif not 0 <= now - kept.read_at < _OLD:
                old.append((kept.read_at, name))
        return changed + [name for _, name in sorted(old)[:_FEW]]


def _is_same(before: TaskRow, row: TaskRow) -> bool:
    """Return whether nothing was added to what is remembered of a task between two rows of it."""
    return before is row or _mark_of(before) == _mark_of(row)


def _mark_of(row: TaskRow) -> tuple[object, ...]:
    """Return what is another one once anything was added to what is remembered of the task."""
    last = row.last_run
    ended = None if last is None else (last.token, last._due, last._finished, last.outcome)
    return (row.token, row.next_due, row.starts, row.last_success, row.failures_in_row, ended)
