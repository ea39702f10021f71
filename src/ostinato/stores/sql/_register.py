"""How tasks and workers are made known."""

import os
import socket
from collections.abc import Callable, Sequence
from importlib.metadata import version

from ostinato._lease import Registration
from ostinato.stores.sql._gate import SEEN, Gate
from ostinato.stores.sql._session import Cursor

__all__ = ["register"]

_KNOWN = "SELECT name, declared_spec FROM {task} WHERE ns = :ns"
_BEGIN = (
    "{insert} {task} (ns, name, declared_spec, revision, next_due, anchor, paused, config_rev,"
    " token, takeovers, starts, failures_in_row, seen_at)"
    " VALUES (:ns, :name, :spec, :revision, :first_due, :first_due, 0, 0, {now}, 0, 0, 0, {now})"
    " {keep}"
)
_BEGIN_FENCE = "{insert} {fence} (ns, name, number, token) VALUES (:ns, :name, 0, 0) {keep}"
_RENAMES = tuple(
    f"UPDATE {{{table}}} SET name = :name WHERE ns = :ns AND name = :former"
    for table in ("task", "fence", "run", "tally")
)
_SEEN = "UPDATE {task} SET seen_at = {now} WHERE ns = :ns AND name = :name"
_WORKER = "UPDATE {worker} SET tasks = :tasks, declared = :declared WHERE ns = :ns AND id = :owner"
_BEGIN_WORKER = (
    "{insert} {worker} (ns, id, host, pid, started, seen, since, version, tasks, declared)"
    " VALUES (:ns, :owner, :host, :pid, {now}, {now}, {now}, :version, :tasks, :declared) {keep}"
)


def register(
    cursor: Cursor,
    tasks: Sequence[Registration],
    *,
    spell: Callable[[str], str],
    given: Callable[..., dict[str, object]],
    grace: int,
) -> bool:
    """Make known *tasks*, and the worker that attends to them.

    Args:
        cursor: In a transaction.
        tasks: What the worker declares.
        spell: Says a statement as the database does.
        given: Adds what every statement is given.
        grace: For how long the worker may be out of touch.

    Returns:
        Whether one of them counts now in place of what others have declared.
    """
    cursor.execute(spell(SEEN), given(grace=grace))
    gate = Gate(cursor, spell=spell, given=given)
    cursor.execute(spell(_KNOWN), given())
    known: dict[str, str] = {row[0]: row[1] for row in cursor.fetchall()}
    begun: list[dict[str, object]] = []
    # In one order, so that of two who start together none waits for what the other holds.
    for task in sorted(tasks, key=lambda task: task.name):
        told = given(
            name=task.name, spec=task.spec, first_due=task.first_due, revision=task.revision
        )
        if task.name not in known:
            former = next((name for name in task.formerly if name in known), None)
            if former is None:
                begun.append(told)
                continue
            for rename in _RENAMES:
                cursor.execute(spell(rename), given(name=task.name, former=former))
            known[task.name] = known.pop(former)
        gate.declare(task, known[task.name])
    if begun:
        cursor.executemany(spell(_BEGIN), begun)
        cursor.executemany(spell(_BEGIN_FENCE), begun)
    if seen := [given(name=name) for name in sorted(task.name for task in tasks)]:
        cursor.executemany(spell(_SEEN), seen)
    attended = [task for task in tasks if task.attends]
    if not attended and tasks:
        return gate.has_taken_over
    worker = given(
        host=socket.gethostname(),
        pid=os.getpid(),
        version=version("ostinato"),
        **gate.declared_with(attended),
    )
    cursor.execute(spell(_WORKER), worker)
    if not cursor.rowcount:
        cursor.execute(spell(_BEGIN_WORKER), worker)
    return gate.has_taken_over
