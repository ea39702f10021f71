"""The tasks that a process knows, who works on them, and how they are steered."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from ostinato._lease import Registration, Reply, TaskRow, WorkerRow
from ostinato._ledger import Ledger
from ostinato.errors import TaskNotFoundError
from ostinato.stores._memory_history import MemoryHistory

__all__ = ["MemoryTasks"]


class MemoryTasks(MemoryHistory):
    """A row for each task of each namespace, and one for each worker."""

    def __init__(self, keep: int | None) -> None:
        """Begin with nothing remembered, of which the latest *keep* runs of each task stay."""
        super().__init__(keep)
        self._spaces: dict[str, tuple[dict[str, TaskRow], dict[str, Ledger]]] = {}
        self._workers: dict[tuple[str, str], WorkerRow] = {}
        self._enter("")
        self._owner = ""
        self._now: Callable[[], float] = float

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Act for the worker *owner* from now on, by its clock *now*."""
        with self._lock:
            self._owner, self._now = owner, now
            self._enter(namespace)

    def register(self, tasks: Sequence[Registration], /) -> Reply:
        """Make known the worker's *tasks*; those that are known keep what they stand at."""
        now = int(self._now())
        rows: dict[str, TaskRow] = {}
        with self._lock:
            for task in tasks:
                row = self._rows.get(task.name) or self._renamed(task)
                if row is None:
                    row = TaskRow(task.name, task.spec, task.first_due, task.first_due, token=now)
                elif row.spec != task.spec:
                    row.spec, row.schedule = task.spec, None
                    row.next_due = row.anchor = task.first_due
                self._rows[task.name] = rows[task.name] = row
            self._note_worker(now, len(tasks))
        return Reply(now, [], rows)

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all."""
        with self._lock:
            wanted = self._rows if names is None else names
            rows = {name: self._rows[name] for name in wanted if name in self._rows}
            for row in rows.values():
                row.last_run = self._last_run(row)
            workers = () if names is not None else self._workers.items()
            mine = tuple(row for (space, _), row in workers if space == self._namespace)
        return Reply(int(self._now()), [], rows, mine)

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*.

        Raises:
            TaskNotFoundError: There is none.
        """
        with self._lock:
            row = self._rows.get(name)
            if row is None:
                raise TaskNotFoundError(name, None)
            if row.next_due != changes.get("expected", row.next_due):
                return row
            for column, value in changes.items():
                if column == "cancel_requested":
                    row.cancel_requested.add(cast("int", value))
                elif column != "expected":
                    setattr(row, column, value)
            row.config_rev += 1
            return row

    def poll(self) -> int:
        """Return a number that is another one once any task was steered."""
        with self._lock:
            self._see_worker(int(self._now()))
            return sum(row.config_rev for row in self._rows.values())

    def _enter(self, namespace: str) -> None:
        self._namespace = namespace
        self._rows, self._ledgers = self._spaces.setdefault(namespace, ({}, {}))

    def _note_worker(self, now: int, tasks: int) -> None:
        """Note who this is, and that it was seen; it may register its tasks in slices."""
        key = (self._namespace, self._owner)
        known = self._workers.get(key)
        if known is None:
            known = WorkerRow(self._owner, socket.gethostname(), os.getpid(), now, now, "", 0)
        self._workers[key] = known._replace(seen=now, tasks=known.tasks + tasks)

    def _see_worker(self, now: int) -> None:
        if (worker := self._workers.get((self._namespace, self._owner))) is not None:
            self._workers[self._namespace, self._owner] = worker._replace(seen=now)

    def _renamed(self, task: Registration) -> TaskRow | None:
        """Take over the state of a task under the name it had before."""
        for name in task.formerly:
            if (row := self._rows.pop(name, None)) is not None:
                row.name = task.name
                if (ledger := self._ledgers.pop(name, None)) is not None:
                    self._ledgers[task.name] = ledger
                return row
        return None
