"""What is remembered of the runs that have ended: kept, listed, counted, forgotten."""

import json
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from ostinato._lease import Retention, Skipped
from ostinato._outcomes import FAILURES
from ostinato._run import Run
from ostinato.errors import TaskInUseError, TaskNotFoundError
from ostinato.stores._declaring import ALIVE, UNSEEN
from ostinato.stores.sql._base import SqlBase
from ostinato.stores.sql._rows import RUN_COLUMNS, TIE, Row, key_of, parameters_of, run_of
from ostinato.stores.sql._session import Cursor

__all__ = ["SqlHistory"]

# In milliseconds: longer than anything is remembered.
_FOREVER = 1 << 52
# By when the store learnt of it.
_NEWEST_FIRST = f"ORDER BY recorded DESC, {TIE} DESC, due DESC, number DESC"
_RECORD = (
    "{insert} {run} (ns, name, due, number, reason, takeover, kind, run_id, token, owner, started,"
    " ended, lateness, outcome, error, attempts, cancel_requested, progress, message, last_due,"
    " count, recorded)"
    " VALUES (:ns, :name, :due, :number, :reason, 0, :kind, :run_id, :token, :owner, :started,"
    " :ended, :lateness, :outcome, :error, :attempts, 0, :progress, :message, :last_due,"
    " :count, {now}) {keep}"
)
_LATEST = (
    "SELECT due, number, reason FROM {run} WHERE ns = :ns AND name = :name"
    f" AND recorded IS NOT NULL {_NEWEST_FIRST} LIMIT 1"
)
_LENGTHEN = (
    "UPDATE {run} SET last_due = :last_due, count = count + :count WHERE ns = :ns AND name = :name"
    " AND due = :due AND number = 0 AND reason = :reason"
)
# Of what was given up it is remembered that it was, as long ago as its claim began to be decided.
_BETWEEN = (
    "SELECT 1 FROM {run} WHERE ns = :ns AND name = :name AND due > :due AND due <= :last_due"
    " AND number = 0 AND reason <> :reason AND recorded IS NOT NULL LIMIT 1"
)
_RUNS = (
    f"SELECT {RUN_COLUMNS} FROM {{run}} WHERE ns = :ns AND name = :name"
    f" AND recorded IS NOT NULL {_NEWEST_FIRST} LIMIT :limit"
)
_ENDED = "COALESCE(ended, last_due, due)"
_FAILED = "outcome IN ('" + "', '".join(FAILURES) + "')"
_CROWDED = (
    "SELECT name FROM {run} WHERE ns = :ns AND recorded IS NOT NULL GROUP BY name"
    f" HAVING COUNT(*) > :runs OR MIN({_ENDED}) < {{now}} - :age ORDER BY name"
)
_SLICE = 2_000
_OF_TASK = "WHERE ns = :ns AND name = :name AND recorded IS NOT NULL"
_COLUMNS = "due, number, reason, outcome, kind, count"
# No database skips rows without saying up to where it reads.
_BEFORE = (
    f"FROM (SELECT {_COLUMNS}, recorded, lease_until, token FROM {{run}} {_OF_TASK} {_NEWEST_FIRST}"
    " LIMIT 1000000000 OFFSET :runs) older"
)
_SUPERFLUOUS = (
    f"SELECT {_COLUMNS} {_BEFORE} WHERE NOT {_FAILED} LIMIT {_SLICE}",
    f"SELECT {_COLUMNS} {_BEFORE} WHERE {_FAILED} {_NEWEST_FIRST} LIMIT {_SLICE} OFFSET :failures",
    f"SELECT {_COLUMNS} FROM {{run}} {_OF_TASK} AND {_ENDED} < {{now}} - :age LIMIT {_SLICE}",
)
_CLAIM_CHORE = (
    "UPDATE {chore} SET done = {now} WHERE ns = :ns AND name = 'prune' AND done <= {now} - :every"
)
_BEGIN_CHORE = "{insert} {chore} (ns, name, done) VALUES (:ns, 'prune', {now}) {keep}"
# Whoever else prunes waits: what both have read would be counted twice.
_BEGIN_PRUNING = "{insert} {chore} (ns, name, done) VALUES (:ns, 'prune', 0) {keep}"
_HOLD_CHORE = "SELECT 1 FROM {chore} WHERE ns = :ns AND name = 'prune' {hold}"
# By one worker in an hour, though all of them try.
_STILL_HERE = "UPDATE {task} SET seen_at = {now} WHERE ns = :ns AND seen_at < {now} - :every / 2"
_ALIVE = (
    "SELECT declared FROM {worker} WHERE ns = :ns AND declared IS NOT NULL"
    " AND seen >= {now} - :alive"
)
_FORGET_TASK = tuple(
    f"DELETE FROM {{{table}}} WHERE ns = :ns AND name = :name"
    for table in ("task", "fence", "run", "tally")
)
_FORGET_WORKERS = "DELETE FROM {worker} WHERE ns = :ns AND seen < {now} - :unseen"
_FORGET = (
    "DELETE FROM {run} WHERE ns = :ns AND name = :name AND due = :due AND number = :number"
    " AND reason = :reason"
)
_TALLY = (
    "UPDATE {tally} SET count = count + :count WHERE ns = :ns AND name = :name"
    " AND outcome = :outcome"
)
_BEGIN_TALLY = (
    "{insert} {tally} (ns, name, outcome, count) VALUES (:ns, :name, :outcome, :count) {keep}"
)
_COUNTS = (
    "SELECT name, outcome, reason, SUM(count) FROM {run} WHERE ns = :ns AND recorded IS NOT NULL"
    " AND kind <> 'manual' GROUP BY name, outcome, reason"
    " UNION ALL SELECT name, outcome, '', count FROM {tally} WHERE ns = :ns"
)


class SqlHistory(SqlBase):
    """The history of one namespace."""

    def record(self, runs: Sequence[Run], /) -> None:
        """Remember *runs*, each once.

        Raises:
            StoreError: The database did not do it.
        """
        told = [self._given(**parameters_of(run, self._namespace)) for run in runs]
        if told:
            self._sessions.write(lambda cursor: cursor.executemany(self._spell(_RECORD), told))

    def runs(self, name: str, limit: int, /) -> list[Run]:
        """Return the latest *limit* runs of the task *name*, the newest first.

        Raises:
            StoreError: The database did not tell.
        """
        found = self._sessions.read(self._spell(_RUNS), self._given(name=name, limit=limit))
        return [run_of(row, self._namespace) for row in found]

    def prune(self, kept: Retention, /, *, every: int | None = None) -> int:
        """Forget the records that are not to be *kept*; return how many were forgotten.

        Raises:
            StoreError: The database did not do it.
        """
        if every is not None:
            # In the order of their names, as claims are.
            for statement, given in self._each_chunk(_STILL_HERE, sorted(self._mine), "name"):
                self._note_still_here(statement, {**given, "every": every})
            if not self._sessions.write(partial(self._takes_chore, every)):
                return 0
        else:
            begin = self._spell(_BEGIN_PRUNING), self._given()
            self._sessions.write(lambda cursor: cursor.execute(*begin))
        age = _FOREVER if kept.age is None else kept.age
        given = self._given(runs=kept.runs, failures=kept.failures, age=age)
        forgotten = 0
        for (name,) in self._sessions.read(self._spell(_CROWDED), given):
            for statement in _SUPERFLUOUS:
                told, count = {**given, "name": name}, _SLICE
                # In slices: no claim waits for the pruning of a thousand tasks.
                while count == _SLICE:
                    count = self._sessions.write(partial(self._prune, statement, told))
                    forgotten += count
        return forgotten

    def forget(self, name: str, /) -> None:
        """Forget the task *name* and all its runs.

        Raises:
            StoreError: The database did not do it.
            TaskInUseError: A live worker has declared it.
            TaskNotFoundError: There is no such task.
        """
        given = self._given(name=name, alive=ALIVE)

        def forget(cursor: Cursor) -> None:
            cursor.execute(self._spell(_ALIVE), given)
            if any(name in json.loads(declared) for (declared,) in cursor.fetchall()):
                raise TaskInUseError(name)
            for number, statement in enumerate(_FORGET_TASK):
                cursor.execute(self._spell(statement), given)
                if not number and not cursor.rowcount:
                    raise TaskNotFoundError(name, None)

        self._sessions.write(forget)

    def summary(self) -> Mapping[str, Mapping[str, int]]:
        """Return how many ticks of each task ended in which outcome or skip reason.

        Raises:
            StoreError: The database did not tell.
        """
        counts: dict[str, dict[str, int]] = {}
        for name, outcome, reason, count in self._sessions.read(
            self._spell(_COUNTS), self._given()
        ):
            ended = counts.setdefault(name, {})
            key = key_of(outcome, reason)
            ended[key] = ended.get(key, 0) + int(count)
        return counts

    def _skip(self, cursor: Cursor, name: str, passed: Skipped) -> None:
        """Remember the range *passed*; it lengthens a range of the same kind just before it."""
        number = passed.number or 1
        named = self._given(name=name)
        cursor.execute(self._spell(_LATEST), named)
        latest: Row | None = cursor.fetchone()
        range_ = {"last_due": passed.last, "count": number, "reason": passed.reason.value}
        if latest is not None and latest[2] == passed.reason.value:
            longer = {**named, **range_, "due": latest[0]}
            cursor.execute(self._spell(_BETWEEN), longer)
            if cursor.fetchone() is None:
                cursor.execute(self._spell(_LENGTHEN), longer)
                return
        record = Run.of_skipped(
            name,
            self._namespace,
            first=passed.first,
            last=passed.last,
            count=number,
            reason=passed.reason,
        )
        told = {**named, **parameters_of(record, self._namespace)}
        cursor.execute(self._spell(_RECORD), told)
        if not cursor.rowcount:
            # Skipped for that reason before, at a time to which the clock was set back.
            cursor.execute(self._spell(_LENGTHEN), told)

    def _note_still_here(self, statement: str, given: dict[str, object]) -> None:
        self._sessions.write(lambda cursor: cursor.execute(statement, given))

    def _takes_chore(self, every: int, cursor: Cursor) -> bool:
        """Return whether it is this worker's to prune, for the next *every* milliseconds."""
        given = self._given(every=every, unseen=UNSEEN)
        cursor.execute(self._spell(_CLAIM_CHORE), given)
        if not cursor.rowcount:
            cursor.execute(self._spell(_BEGIN_CHORE), given)
        if not cursor.rowcount:
            return False
        cursor.execute(self._spell(_FORGET_WORKERS), given)
        return True

    def _prune(self, statement: str, told: dict[str, object], cursor: Cursor) -> int:
        """Forget what *statement* finds, and keep its count."""
        name = told["name"]
        cursor.execute(self._spell(_HOLD_CHORE), told)
        cursor.execute(self._spell(statement), told)
        found = cursor.fetchall()
        counts: dict[str, int] = {}
        for _, _, reason, outcome, kind, count in found:
            if kind != "manual":
                key = key_of(outcome, reason)
                counts[key] = counts.get(key, 0) + int(count)
        for outcome, count in sorted(counts.items()):
            added = self._given(name=name, outcome=outcome, count=count)
            cursor.execute(self._spell(_TALLY), added)
            if not cursor.rowcount:
                cursor.execute(self._spell(_BEGIN_TALLY), added)
        keys: list[dict[str, Any]] = [
            self._given(name=name, due=due, number=number, reason=reason)
            for due, number, reason, *_ in found
        ]
        if keys:
            cursor.executemany(self._spell(_FORGET), keys)
        return len(found)
