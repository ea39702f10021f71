"""Leases that are prolonged, and runs that end: by the token alone."""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from typing import TypeVar, cast

from ostinato._instants import milliseconds_of
from ostinato._lease import Progress, Renewed, Settlement, Skipped, TaskRow
from ostinato._outcomes import RunKind
from ostinato.stores.sql._base import chunks
from ostinato.stores.sql._claiming import DROP_FENCE
from ostinato.stores.sql._ending import (
    DROP_RUN,
    END_RUN,
    MOVE,
    SETTLE_TICK,
    SETTLEMENTS,
    SKIPPED,
    VERDICT,
)
from ostinato.stores.sql._gate import SEEN
from ostinato.stores.sql._history import SqlHistory
from ostinato.stores.sql._rows import (
    LEASE_TOKEN,
    TASK_COLUMNS,
    Row,
    parameters_of,
    progress_of,
    task_row_of,
)
from ostinato.stores.sql._session import Cursor

__all__ = ["ROWS", "SqlSettling"]

T = TypeVar("T")

_RENEW = (
    "UPDATE {task} SET lease_until = {now} + :lease"
    " WHERE ns = :ns AND lease_until IS NOT NULL AND ("
)
_RENEW_RUNS = (
    "UPDATE {run} SET lease_until = {now} + :lease"
    " WHERE ns = :ns AND recorded IS NULL AND lease_until > 0 AND ("
)
_PROGRESS = (
    "UPDATE {run} SET progress = :progress, message = :message"
    " WHERE ns = :ns AND name = :name AND token = :token AND recorded IS NULL"
)
_KEPT = "SELECT name, token, cancel_requested FROM {run} WHERE ns = :ns AND recorded IS NULL AND ("
ROWS = f"SELECT {TASK_COLUMNS} FROM {{task}} WHERE ns = :ns"


class SqlSettling(SqlHistory):
    """Renews and settles."""

    def renew(
        self, held: Sequence[tuple[str, int]], lease: int, told: Sequence[Progress] = (), /
    ) -> Renewed:
        """Prolong the leases of those *held* that nobody has taken since.

        Raises:
            StoreError: The database did not do it.
        """

        def prolong(cursor: Cursor) -> Renewed:
            kept: dict[tuple[str, int], bool] = {}
            for pairs in chunks(sorted(held)):
                given = self._given(lease=lease, **_paired(pairs))
                cursor.execute(self._spell(_RENEW + _any_pair(pairs, "lease_token")), given)
                any_pair = _any_pair(pairs, "token")
                cursor.execute(self._spell(_RENEW_RUNS + any_pair), given)
                cursor.execute(self._spell(_KEPT + any_pair), given)
                kept |= {(name, token): bool(wanted) for name, token, wanted in cursor.fetchall()}
            if told:
                cursor.executemany(
                    self._spell(_PROGRESS),
                    [self._given(**progress_of(each)) for each in sorted(told, key=itemgetter(0))],
                )
            cursor.execute(self._spell(SEEN), self._given(grace=self._grace))
            return Renewed(kept, (pair for pair, is_wanted in kept.items() if is_wanted))

        return self._sessions.write(prolong)

    def settle(self, settlements: Sequence[Settlement], /) -> list[TaskRow | None]:
        """Record how runs ended.

        Raises:
            StoreError: The database did not do it, or the reply was lost: ask again.
        """
        ends = self._ends_of(settlements)
        found = None if ends is None else self._settle_all(ends)
        if found is None:
            return self._settle_each(settlements)
        settled: list[TaskRow | None] = []
        for settlement in settlements:
            row = found.get(settlement.run.task_name)
            # What was held is told of; who else had it, and whether it was settled before, is not.
            is_held = row is not None and row[LEASE_TOKEN] == settlement.run.token
            settled.append(
                task_row_of(row, self._namespace)
                if row is not None and is_held
                else self._settle_each([settlement])[0]
            )
        return settled

    def _ends_of(self, settlements: Sequence[Settlement]) -> list[dict[str, object]] | None:
        """Return what is written of *settlements*, in the order of their names.

        Returns:
            None: Not all are of ticks that ran alone, or more than one is of the same task.
        """
        names = {settlement.run.task_name for settlement in settlements}
        if not all(map(_is_common, settlements)) or len(names) < len(settlements):
            return None
        given = self._given()
        ends = [
            {
                **given,
                **parameters_of(settlement.run, self._namespace),
                "moves": int(settlement.moves),
                "next_due": settlement.next_due,
            }
            for settlement in settlements
        ]
        return sorted(ends, key=_name_of)

    def _settle_all(self, ends: Sequence[dict[str, object]]) -> dict[str, Row] | None:
        """Record the *ends* of ticks that ran alone; return the rows of those that were held.

        Returns:
            None: not all were, and nothing is recorded.
        """

        def record(cursor: Cursor) -> dict[str, Row]:
            self._record(cursor, ends)
            rows: dict[str, Row] = {}
            for statement, given in self._each_chunk(ROWS, list(map(_name_of, ends)), "name"):
                cursor.execute(statement, given)
                rows |= {row[0]: row for row in cursor.fetchall()}
            return rows

        return self._write_all(record)

    def _write_all(self, work: Callable[[Cursor], T]) -> T | None:
        """Do *work* in one transaction; None: not all is as it was to be, nothing is written."""
        try:
            return self._sessions.write(work)
        except _NotAllHeldError:
            return None

    def _record(self, cursor: Cursor, ends: Sequence[dict[str, object]]) -> None:
        """Write the *ends* of ticks that ran alone.

        Raises:
            _NotAllHeldError: The lease of one was not held.
        """
        for statement in (SETTLE_TICK, END_RUN) if ends else ():
            self._expect(self._write_each(cursor, statement, ends), len(ends))

    @staticmethod
    def _expect(found: int, wanted: int) -> None:
        """Go on if so many rows were *found* as were *wanted*, or more.

        Raises:
            _NotAllHeldError: There were fewer: `_write_all` leaves nothing of what was written.
        """
        if found < wanted:
            raise _NotAllHeldError

    def _write_each(self, cursor: Cursor, statement: str, each: Sequence[dict[str, object]]) -> int:
        """Run an UPDATE for *each*; return how many rows it has found."""
        cursor.executemany(self._spell(statement), each)
        return cursor.rowcount

    def _settle_each(self, settlements: Sequence[Settlement]) -> list[TaskRow | None]:
        """Record how runs ended, whatever is to be written with it."""

        def record(cursor: Cursor) -> list[TaskRow | None]:
            ends: list[dict[str, object]] = []
            names = [settlement.run.task_name for settlement in settlements]
            held = dict[int, bool]()
            # In the order of their names, as claims are.
            for number in sorted(range(len(names)), key=names.__getitem__):
                held[number] = self._settle(cursor, settlements[number], ends)
            self._end(cursor, ends)
            rows = self._select(cursor, names)
            return [rows.get(name) if held[number] else None for number, name in enumerate(names)]

        settled = self._sessions.write(record)
        if any(settlement.pause is not None for settlement in settlements):
            self._push()
        return settled

    def _settle(
        self, cursor: Cursor, settlement: Settlement, ends: list[dict[str, object]]
    ) -> bool:
        """Record one end; return whether its lease was held, or was when it was recorded.

        What is to be written of the run is added to *ends*.
        """
        run, moves, next_due, passed, pause, concurrency, expected = settlement
        told = self._given(
            **parameters_of(run, self._namespace),
            moves=int(moves and expected is None),
            next_due=next_due,
            pauses=int(pause is not None),
            pause=pause,
        )
        is_skipped = run.kind is RunKind.SKIPPED
        if concurrency != 1:
            # Whether it is under way is asked of the run's own row.
            self._end(cursor, ends)
        cursor.execute(self._spell(SETTLEMENTS[is_skipped, concurrency == 1]), told)
        if not cursor.rowcount:
            self._end(cursor, ends)
            cursor.execute(self._spell(SKIPPED if is_skipped else VERDICT), told)
            return cursor.fetchone() is not None
        if concurrency != 1 and self._dialect.is_guarded:
            cursor.execute(self._spell(DROP_FENCE), told)
        if not is_skipped:
            ends.append(told)
        if moves and expected is not None:
            cursor.execute(self._spell(MOVE), {**told, "expected": expected})
            passed = passed if cursor.rowcount else None
        if passed is None and not is_skipped:
            return True
        # What is skipped comes after what has ended.
        self._end(cursor, ends)
        if is_skipped and run.reason is not None:
            cursor.execute(self._spell(DROP_RUN), told)
            due, last = milliseconds_of(run.due), milliseconds_of(run.last_due)
            self._skip(cursor, run.task_name, Skipped(due, last, run.count, run.reason))
        if passed is not None:
            self._skip(cursor, run.task_name, passed)
        return True

    def _end(self, cursor: Cursor, ends: list[dict[str, object]]) -> None:
        """Write how runs ended, and empty *ends*."""
        if ends:
            cursor.executemany(self._spell(END_RUN), ends)
            ends.clear()


class _NotAllHeldError(Exception):
    """Some of a batch are not as they are expected to be: one by one, then."""


def _is_common(settlement: Settlement) -> bool:
    """Return whether a tick that ran alone has ended, and nothing else is told of."""
    run, moves, _, passed, pause, concurrency, expected = settlement
    if moves and expected is not None:
        return False
    return concurrency == 1 and passed is None and pause is None and run.kind is not RunKind.SKIPPED


def _name_of(told: Mapping[str, object]) -> str:
    return cast("str", told["name"])


def _paired(pairs: Sequence[tuple[str, int]]) -> dict[str, object]:
    given: dict[str, object] = {}
    for number, (name, token) in enumerate(pairs):
        given[f"name{number}"], given[f"token{number}"] = name, token
    return given


def _any_pair(pairs: Sequence[tuple[str, int]], column: str) -> str:
    """Return the end of a condition: one of *pairs* is the name and the token in *column*."""
    each = (f"name = :name{number} AND {column} = :token{number}" for number in range(len(pairs)))
    return " OR ".join(each) + ")"
