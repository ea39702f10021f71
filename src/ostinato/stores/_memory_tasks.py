"""The tasks that a process knows, who works on them, and how they are steered."""

import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from ostinato._lease import Registration, Reply, Retention, TaskRow, WorkerRow
from ostinato._ledger import Ledger
from ostinato.errors import TaskInUseError, TaskNotFoundError
from ostinato.stores._declaring import (
    ALIVE,
    GRACE,
    Declared,
    first_due_of,
    is_newer,
    specs_after,
    takes_over,
)
from ostinato.stores._memory_history import MemoryHistory

__all__ = ["MemoryTasks"]


class MemoryTasks(MemoryHistory):
    """A row for each task of each namespace, and one for each worker."""

    def __init__(self, kept: Retention) -> None:
        """Begin with nothing remembered, of which so much is *kept*."""
        super().__init__(kept)
        self._spaces: dict[str, tuple[dict[str, TaskRow], dict[str, Ledger]]] = {}
        self._workers: dict[tuple[str, str], WorkerRow] = {}
        # How each task was declared before, and how each worker declares those that it knows.
        self._origins: dict[tuple[str, str], tuple[int | None, tuple[str, ...]]] = {}
        self._declared: dict[tuple[str, str], dict[str, str]] = {}
        # Since when each worker has been in touch, and how soon it is given up.
        self._presences: dict[tuple[str, str], tuple[int, int]] = {}
        self._enter("")
        self._owner = ""

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
            me = self._namespace, self._owner
            mine = self._declared.setdefault(me, {})
            since, grace = self._presences.get(me, (now, GRACE))
            self._presences[me] = since, min([grace, *(task.grace for task in tasks)])
            self._see_worker(now)
            watched = now - self._presences[me][0]
            for task in tasks:
                row = self._rows.get(task.name) or self._renamed(task)
                if row is None:
                    row = TaskRow(task.name, task.spec, task.first_due, task.first_due, token=now)
                    self._origins[self._namespace, task.name] = task.revision, ()
                else:
                    self._declare(
                        row, task, now, watched if mine.get(task.name) == task.spec else None
                    )
                row.seen_at = now
                self._rows[task.name] = rows[task.name] = row
            attended = [task for task in tasks if task.attends]
            mine.update((task.name, task.spec) for task in attended)
            if attended or not tasks:
                self._note_worker(now, len(mine))
        return Reply(now, [], rows)

    def close(self) -> None:
        """Keep everything but who was there: the process may start its scheduler again."""
        with self._lock:
            self._declared.pop((self._namespace, self._owner), None)

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all."""
        with self._lock:
            wanted = self._rows if names is None else names
            rows = {name: self._rows[name] for name in wanted if name in self._rows}
            for row in rows.values():
                row.last_run = self._last_run(row)
            workers = () if names is not None else self._workers.items()
            mine = tuple(
                row._replace(has_left=me not in self._declared)
                for me, row in workers
                if me[0] == self._namespace
            )
        return Reply(int(self._now()), [], rows, mine)

    def forget(self, name: str, /) -> None:
        """Forget the task *name* and all its runs.

        Raises:
            TaskInUseError: A live worker has declared it.
            TaskNotFoundError: There is no such task.
        """
        with self._lock:
            since = self._now() - ALIVE
            for me, declared in self._declared.items():
                worker = self._workers.get(me)
                is_here = me[0] == self._namespace and name in declared
                if is_here and worker is not None and worker.seen >= since:
                    raise TaskInUseError(name)
            if self._rows.pop(name, None) is None:
                raise TaskNotFoundError(name, None)
            self._ledgers.pop(name, None)
            self._origins.pop((self._namespace, name), None)

    def _still_here(self, now: int) -> None:
        """Note of the tasks that this worker declares that it is there."""
        for name in self._declared.get((self._namespace, self._owner), ()):
            if name in self._rows:
                self._rows[name].seen_at = now

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*.

        Raises:
            TaskNotFoundError: There is none.
        """
        with self._lock:
            row = self._rows.get(name)
            if row is None:
                raise TaskNotFoundError(name, None)
            row.was_steered = row.next_due == changes.get("expected", row.next_due)
            if not row.was_steered:
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

    def subscribe(self, heard: Callable[[], object], /) -> bool:
        """Return False: who steers is the process itself."""
        del heard
        return False

    def unsubscribe(self) -> None:
        """Do nothing: nobody has subscribed."""

    def _enter(self, namespace: str) -> None:
        self._namespace = namespace
        self._rows, self._ledgers = self._spaces.setdefault(namespace, ({}, {}))

    def _declare(self, row: TaskRow, task: Registration, now: int, watched: int | None) -> None:
        """Let *task* count from now on, if it is to; see `takes_over`."""
        revision, specs_seen = self._origins[self._namespace, task.name]
        if row.spec == task.spec:
            if is_newer(task.revision, revision):
                self._origins[self._namespace, task.name] = task.revision, specs_seen
            return
        leases = [*row.beside.values(), *(() if row.held is None else (row.held,))]
        declared = Declared(
            row.spec,
            revision,
            specs_seen,
            row.next_due,
            is_paused=row.paused,
            is_leased=any(lease.until > now for lease in leases),
        )
        if takes_over(
            task,
            declared,
            now,
            watched=watched,
            is_attended=lambda: self._is_attended(row, now - task.grace),
        ):
            row.spec, row.schedule = task.spec, None
            row.next_due = row.anchor = first_due_of(task, row.last_due, now)
            row.config_rev += 1
            self._origins[self._namespace, task.name] = task.revision, specs_after(declared)

    def _is_attended(self, row: TaskRow, since: int) -> bool:
        """Return whether another worker that knows the declaration in *row* was seen *since*."""
        return any(
            worker.seen >= since
            and owner != self._owner
            and self._declared.get((space, owner), {}).get(row.name) == row.spec
            for (space, owner), worker in self._workers.items()
            if space == self._namespace
        )

    def _note_worker(self, now: int, tasks: int) -> None:
        """Note who this is, that it was seen, and how many *tasks* it knows."""
        key = (self._namespace, self._owner)
        known = self._workers.get(key)
        if known is None:
            known = WorkerRow(self._owner, socket.gethostname(), os.getpid(), now, now, "", 0)
        self._workers[key] = known._replace(seen=now, tasks=tasks)

    def _forget_workers(self, unseen_since: int) -> None:
        """Forget the workers of the namespace that were not seen since that instant."""
        for (space, owner), worker in tuple(self._workers.items()):
            if space == self._namespace and worker.seen < unseen_since:
                del self._workers[space, owner]
                self._presences.pop((space, owner), None)
                self._declared.pop((space, owner), None)

    def _see_worker(self, now: int) -> None:
        me = self._namespace, self._owner
        if (worker := self._workers.get(me)) is not None:
            since, grace = self._presences[me]
            self._presences[me] = (now if worker.seen < now - grace else since), grace
            self._workers[me] = worker._replace(seen=now)

    def _renamed(self, task: Registration) -> TaskRow | None:
        """Take over the state of a task under the name it had before."""
        for name in task.formerly:
            if (row := self._rows.pop(name, None)) is not None:
                row.name = task.name
                origin = self._origins.pop((self._namespace, name))
                self._origins[self._namespace, task.name] = origin
                if (ledger := self._ledgers.pop(name, None)) is not None:
                    self._ledgers[task.name] = ledger
                return row
        return None
