"""What those who look are told: how tasks stand, what is under way, and what has ended."""

from collections.abc import Mapping, Sequence

from ostinato._lease import Reply, TaskRow, WorkerRow
from ostinato._queries import (
    Overview,
    Recent,
    Wanted,
    named_in,
    newest_of,
)
from ostinato._run import Run
from ostinato.stores.redis._history import RedisHistory
from ostinato.stores.redis._keys import TaskKeys
from ostinato.stores.redis._records import (
    declarations_of,
    open_runs_of,
    run_of,
    task_row_of,
    under_way_of,
    worker_rows_of,
)

__all__ = ["RedisQueries"]


class RedisQueries(RedisHistory):
    """Tells of one namespace."""

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all.

        Raises:
            StoreError: The server did not tell.
        """
        now, found = self._look(self._names() if names is None else names)
        for row, entries in found:
            open_runs_of(row, entries)
        workers = tuple(self.workers()) if names is None else ()
        return Reply(now, [], {row.name: row for row, _ in found}, workers)

    def overview(self, names: Sequence[str] | None = None, /) -> Overview:
        """Return how the tasks named, or all of them, stand, and what is under way.

        Raises:
            StoreError: The server did not tell.
        """
        now, found = self._look(self._names() if names is None else names)
        running = [
            run
            for row, entries in found
            for run in under_way_of(row, entries, now, self._namespace)
        ]
        return Overview(now, {row.name: row for row, _ in found}, running)

    def recent(self, names: Sequence[str] | None, limit: int, /) -> Mapping[str, Recent]:
        """Return the latest *limit* records of the tasks named, or of all, and their counts.

        Raises:
            StoreError: The server did not tell.
        """
        each = self._names() if names is None else list(names)
        keys = [self._keys.of(name) for name in each]
        told = self._run([("HGETALL", each.counts) for each in keys] + _latest(keys, limit))
        records = self._read(each, told[len(keys) :], limit)
        return {
            name: Recent(
                records.get(name, []), dict(zip(counts[::2], map(int, counts[1::2]), strict=True))
            )
            for name, counts in zip(each, told, strict=False)
        }

    def workers(self) -> Sequence[WorkerRow]:
        """Return the workers that were seen in the last day.

        Raises:
            StoreError: The server did not tell.
        """
        (found,) = self._run([("HGETALL", self._keys.workers)])
        return worker_rows_of(found)

    def declared(self, within: int, /) -> Mapping[str, frozenset[str]]:
        """Return the names of the tasks that each worker declares that was seen lately.

        Raises:
            StoreError: The server did not tell.
        """
        asked = [("HGETALL", self._keys.workers), self._scripts.call("now", ())]
        found, now = self._run(asked)
        return {
            worker: frozenset(names)
            for worker, seen, names in declarations_of(found)
            if seen >= now - within
        }

    def find(self, wanted: Wanted, /) -> list[Run]:
        """Return the records that are *wanted*, the newest first.

        Raises:
            StoreError: The server did not tell.
        """
        names = self._names() if wanted.name is None else [wanted.name]
        return newest_of(names, wanted, self._records)

    def run(self, run_id: str, /) -> Run | None:
        """Return the run *run_id*; None: nobody remembers it.

        Raises:
            StoreError: The server did not tell.
        """
        named = named_in(run_id, self._namespace)
        if named is None:
            return None
        name, due = named
        now, found = self._look([name])
        for row, entries in found:
            for run in under_way_of(row, entries, now, self._namespace):
                if run.id == run_id:
                    return run
        keys = self._keys.of(name)
        kept = self._run([("LRANGE", each, 0, -1) for each in (keys.runs, keys.failed)])
        told = run_id if due is None else str(due)
        records = [record for each in kept for record in each if told in record]
        same = [
            run for record in records if (run := run_of(name, record, self._namespace)).id == run_id
        ]
        # Of a tick that was skipped, and then run all the same, the run.
        return min(same, key=lambda run: run.reason is not None, default=None)

    def _look(self, names: Sequence[str]) -> tuple[int, list[tuple[TaskRow, Sequence[str]]]]:
        """Return the server's time, and each row with what tells of its runs under way."""
        asked = [self._scripts.call("read", self._keys.of(name)[:2]) for name in names]
        *answers, now = self._run([*asked, self._scripts.call("now", ())])
        rows = [
            (row, entries)
            for name, (_, values, entries) in zip(names, answers, strict=True)
            if (row := self._row(name, values)) is not None
        ]
        return now, rows

    def _records(self, names: Sequence[str], number: int) -> dict[str, list[Run]]:
        """Return the latest *number* records of each of the tasks named, the newest first."""
        kept = self._run(_latest([self._keys.of(name) for name in names], number))
        return self._read(names, kept, number)

    def _read(
        self, names: Sequence[str], kept: Sequence[Sequence[str]], number: int
    ) -> dict[str, list[Run]]:
        """Return the records that are *kept* of each of the tasks named, the newest first."""
        return {
            name: [run_of(name, each, self._namespace) for each in (*latest, *failed)[:number]]
            for name, latest, failed in zip(names, kept[::2], kept[1::2], strict=False)
        }

    def _row(self, name: str, answer: str) -> TaskRow | None:
        return task_row_of(name, answer, self._namespace)


def _latest(keys: Sequence[TaskKeys], number: int) -> list[tuple[object, ...]]:
    """Return what asks for the latest *number* records of each task, and for older failures."""
    wanted = [key for each in keys for key in (each.runs, each.failed)] if number else []
    return [("LRANGE", key, 0, number - 1) for key in wanted]
