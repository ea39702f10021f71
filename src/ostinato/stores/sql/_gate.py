"""The gate of the claims: which of two declarations of one task counts."""

import json
from collections.abc import Callable, Sequence
from hashlib import blake2b
from typing import cast

from ostinato._lease import Registration
from ostinato.stores._declaring import Declared, first_due_of, specs_after, takes_over
from ostinato.stores.sql._session import Cursor

__all__ = ["SEEN", "Gate"]

SEEN = (
    "UPDATE {worker} SET since = CASE WHEN seen < {now} - :grace THEN {now} ELSE since END,"
    " seen = {now} WHERE ns = :ns AND id = :owner"
)
_HELD = (
    "SELECT {now}, declared_spec, revision, spec_seen, next_due, last_due, paused, lease_until,"
    " (SELECT MAX(r.lease_until) FROM {run} r WHERE r.ns = :ns AND r.name = :name"
    " AND r.recorded IS NULL) FROM {task} WHERE ns = :ns AND name = :name {hold}"
)
_TAKE_OVER = (
    "UPDATE {task} SET declared_spec = :spec, revision = :revision, spec_seen = :spec_seen,"
    " schedule = NULL, next_due = :first_due, anchor = :first_due, config_rev = config_rev + 1"
    " WHERE ns = :ns AND name = :name"
)
_RAISE = (
    "UPDATE {task} SET revision = :revision WHERE ns = :ns AND name = :name"
    " AND declared_spec = :spec AND (revision IS NULL OR revision < :revision)"
)
_MINE = "SELECT {now}, since, declared FROM {worker} WHERE ns = :ns AND id = :owner"
_OTHERS = (
    "SELECT declared FROM {worker} WHERE ns = :ns AND id <> :owner AND declared IS NOT NULL"
    " AND seen >= {now} - :grace"
)


class Gate:
    """Judges one worker's declarations, in one transaction."""

    def __init__(
        self,
        cursor: Cursor,
        *,
        spell: Callable[[str], str],
        given: Callable[..., dict[str, object]],
    ) -> None:
        """Judge in the transaction of *cursor*."""
        self._cursor = cursor
        self._spell = spell
        self._given = given
        cursor.execute(spell(_MINE), given())
        found = cursor.fetchone()
        now, since, declared = found or (0, 0, None)
        self._watched: int = now - since
        self._mine: dict[str, str] = json.loads(declared or "{}")
        self._others: dict[int, list[dict[str, str]]] = {}
        self.has_taken_over = False

    def declare(self, task: Registration, spec: str) -> None:
        """Let *task*, whose row has held *spec* just now, count from now on if it is to."""
        told = self._given(name=task.name, spec=task.spec, revision=task.revision)
        if spec == task.spec:
            if task.revision is not None:
                self._cursor.execute(self._spell(_RAISE), told)
            return
        self._cursor.execute(self._spell(_HELD), told)
        now, spec, revision, seen, next_due, last_due, paused, *leases = self._cursor.fetchone()
        if spec == task.spec:
            # Another worker that starts was first.
            return
        declared = Declared(
            spec,
            revision,
            tuple(json.loads(seen or "[]")),
            next_due,
            is_paused=bool(paused),
            is_leased=any(until is not None and until > now for until in leases),
        )
        if takes_over(
            task,
            declared,
            now,
            watched=self._watched if self._mine.get(task.name) == _digest(task.spec) else None,
            is_attended=lambda: self._is_attended(task, spec),
        ):
            told["spec_seen"] = json.dumps(specs_after(declared))
            told["first_due"] = first_due_of(task, last_due, now)
            self._cursor.execute(self._spell(_TAKE_OVER), told)
            self.has_taken_over = True

    def declared_with(self, tasks: Sequence[Registration]) -> dict[str, object]:
        """Return what the worker's row says of what it knows, with *tasks*."""
        known = self._mine | {task.name: _digest(task.spec) for task in tasks}
        return {"declared": json.dumps(known), "tasks": len(known)}

    def _is_attended(self, task: Registration, spec: str) -> bool:
        """Return whether another worker was seen that knows the *spec* of the row of *task*."""
        others = self._others.get(task.grace)
        if others is None:
            self._cursor.execute(self._spell(_OTHERS), self._given(grace=task.grace))
            found = cast("list[tuple[str]]", self._cursor.fetchall())
            others = self._others[task.grace] = [json.loads(declared) for (declared,) in found]
        digest = _digest(spec)
        return any(declared.get(task.name) == digest for declared in others)


def _digest(spec: str) -> str:
    return blake2b(spec.encode(), digest_size=8).hexdigest()
