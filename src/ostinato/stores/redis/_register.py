"""How one worker makes its tasks known: what the server is told, and what is judged here."""

import json
import os
import socket
from collections.abc import Callable, Sequence
from hashlib import blake2b
from importlib.metadata import version
from typing import Any, NamedTuple

from ostinato._lease import Registration, Reply, TaskRow
from ostinato.stores._declaring import Declared, first_due_of, specs_after, takes_over
from ostinato.stores.redis._keys import Keys
from ostinato.stores.redis._lua import Scripts
from ostinato.stores.redis._records import declarations_of, open_runs_of, task_row_of

__all__ = ["Door", "register"]


class Door(NamedTuple):
    """One worker's access to one namespace.

    Attributes:
        run: Has commands run, and returns their answers.
        scripts: What the server can be asked to run.
        keys: Where the namespace lies.
        namespace: What it is called.
        owner: Who the worker is.
        push: Tells the others that a task was steered.
    """

    run: Callable[[Sequence[tuple[object, ...]]], list[Any]]
    scripts: Scripts
    keys: Keys
    namespace: str
    owner: str
    push: Callable[[], object]


def register(door: Door, tasks: Sequence[Registration], grace: int) -> Reply:
    """Make known *tasks*, and the worker that attends to them.

    Args:
        door: The worker's.
        tasks: What it declares.
        grace: In milliseconds: for how long it may be out of touch.

    Raises:
        StoreError: The server did not do it.
    """
    keys, call = door.keys, door.scripts.call
    renamed = [
        call("rename", (*keys.of(task.name), *keys.of(former), keys.tasks), former)
        for task in tasks
        for former in task.formerly
    ]
    # By themselves: of one round trip, what the server does not know yet is run last.
    door.run(renamed)
    # A name without a row is passed over; a row without a name would be found by nobody.
    known = [("SADD", keys.tasks, task.name) for task in tasks]
    labels = {"host": socket.gethostname(), "pid": os.getpid(), "version": version("ostinato")}
    attended = {task.name: _digest(task.spec) for task in tasks if task.attends}
    is_worker = bool(attended) or not tasks
    given = door.owner, json.dumps(labels), json.dumps(attended), grace
    joined = call("join", (keys.workers,), *given) if is_worker else call("now", ())
    *answers, joining = door.run([*known, *_registered(door, tasks), joined])
    now, since, before = joining if is_worker else (joining, joining, "{}")
    gate = _Gate(door, int(since), json.loads(before))
    pending = zip(tasks, answers[len(known) :], strict=True)
    rows: dict[str, TaskRow] = {}
    while answered := list(pending):
        again = [task for task, answer in answered if not gate.passes(task, answer, rows)]
        # Another was faster: it is judged anew by what that one has left.
        pending = zip(again, door.run(_registered(door, again)), strict=True)
    return Reply(now, [], rows)


class _Gate:
    """Judges one worker's declarations."""

    def __init__(self, door: Door, since: int, mine: dict[str, str]) -> None:
        """Judge those of a worker that has been in touch *since*, and had declared *mine*."""
        self._door = door
        self._since = since
        self._mine = mine
        self._others: list[tuple[int, dict[str, str]]] | None = None

    def passes(self, task: Registration, answer: Sequence[Any], rows: dict[str, TaskRow]) -> bool:
        """Note in *rows* how *task* stands by the *answer*; False: somebody came in between."""
        now, values, *judged = answer
        row = task_row_of(task.name, values, self._door.namespace)
        if row is None:
            return True
        rows[task.name] = row
        if not judged:
            return True
        revision, seen, entries = judged
        open_runs_of(row, entries)
        leases = [*row.beside.values(), *(() if row.held is None else (row.held,))]
        declared = Declared(
            row.spec,
            int(revision) if revision else None,
            tuple(json.loads(seen)),
            row.next_due,
            is_paused=row.paused,
            is_leased=any(lease.until > now for lease in leases),
        )
        is_known = self._mine.get(task.name) == _digest(task.spec)
        if not takes_over(
            task,
            declared,
            now,
            watched=now - self._since if is_known else None,
            is_attended=lambda: self._is_attended(row, now - task.grace),
        ):
            return True
        first_due = first_due_of(task, row.last_due, now)
        told = (task.spec, task.revision, json.dumps(specs_after(declared)), first_due)
        expected = (row.spec, row.config_rev, row.token, row.next_due, declared.revision)
        call = self._door.scripts.call
        key = self._door.keys.of(task.name).task
        ((_, is_written, values),) = self._door.run([call("declare", (key,), *told, *expected)])
        after = task_row_of(task.name, values, self._door.namespace)
        if is_written and after is not None:
            rows[task.name] = after
            self._door.run([("INCR", self._door.keys.steered)])
            self._door.push()
        return bool(is_written)

    def _is_attended(self, row: TaskRow, since: int) -> bool:
        """Return whether another worker that knows the declaration in *row* was seen *since*."""
        if self._others is None:
            (found,) = self._door.run([("HGETALL", self._door.keys.workers)])
            self._others = [
                (seen, declared)
                for worker, seen, declared in declarations_of(found)
                if worker != self._door.owner
            ]
        digest = _digest(row.spec)
        return any(
            seen >= since and declared.get(row.name) == digest for seen, declared in self._others
        )


def _registered(door: Door, tasks: Sequence[Registration]) -> list[tuple[object, ...]]:
    return [
        door.scripts.call(
            "register", door.keys.of(task.name)[:2], task.spec, task.first_due, task.revision
        )
        for task in tasks
    ]


def _digest(spec: str) -> str:
    return blake2b(spec.encode(), digest_size=8).hexdigest()
