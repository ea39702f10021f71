"""What a store tells of all workers, asked for in threads; what has not changed is kept."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ostinato._queries import Recent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ostinato._engine._standing import Standing
    from ostinato._engine._worker import Worker
    from ostinato._lease import TaskRow, WorkerRow
    from ostinato._queries import Overview
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
    mark: tuple[object, ...]
    read_at: int
    limit: int
    recent: Recent


class Fleet:
    """Looks at the store that a worker shares with others."""

    def __init__(self, worker: Worker) -> None:
        """Look at the store of *worker*."""
        self.worker = worker
        self._store = worker.store
        # Of each task what was read last: used in the one thread that reads.
        self._kept: dict[str, _Kept] = {}
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

    def look(self, names: Sequence[str] | None, limit: int) -> Seen:
        """Return how the tasks named, or all, stand, and their latest records; in the thread.

        Raises:
            StoreError: The store does not answer.
        """
        overview = self._store.overview(names)
        marks = {name: _mark_of(row) for name, row in overview.rows.items()}
        if names is None:
            self._kept = {name: kept for name, kept in self._kept.items() if name in marks}
        changed = self._changed(marks, limit, overview.now) if names is None else list(marks)
        for begin in range(0, len(changed), _MANY):
            # Of the first time something is kept, also where the store comes to a stop in between.
            some = changed[begin : begin + _MANY]
            found = self._store.recent(some, limit)
            for name in some:
                recent = found.get(name, Recent((), {}))
                self._kept[name] = _Kept(marks[name], overview.now, limit, recent)
        known = {name: self._kept[name] for name in marks}
        return Seen(
            overview,
            {
                name: Recent(kept.recent.runs[:limit], kept.recent.counts)
                for name, kept in known.items()
            },
        )

    def _changed(self, marks: dict[str, tuple[object, ...]], limit: int, now: int) -> list[str]:
        """Return the tasks of which something has ended since it was read, and a few old ones."""
        changed: list[str] = []
        old: list[tuple[int, str]] = []
        for name, mark in marks.items():
            kept = self._kept.get(name)
            if kept is None or kept.mark != mark or kept.limit < limit:
                changed.append(name)
            elif not 0 <= now - kept.read_at < _OLD:
                old.append((kept.read_at, name))
        return changed + [name for _, name in sorted(old)[:_FEW]]


def _mark_of(row: TaskRow) -> tuple[object, ...]:
    """Return what is another one once anything was added to what is remembered of the task."""
    last = row.last_run
    ended = None if last is None else (last.token, last._due, last._finished, last.outcome)
    return (row.token, row.next_due, row.starts, row.last_success, row.failures_in_row, ended)
