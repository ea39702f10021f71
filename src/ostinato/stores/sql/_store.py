"""The store over SQL: what all databases have in common."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from ostinato._lease import (
    Claim,
    Lease,
    Registration,
    Reply,
    Settlement,
    Takeover,
    TaskRow,
)
from ostinato.errors import InvalidArgumentError, StoreError, TaskNotFoundError
from ostinato.stores._declaring import GRACE, PUSHED
from ostinato.stores.sql._claims import SqlClaims
from ostinato.stores.sql._create import prepare_tables
from ostinato.stores.sql._fence import SqlFence
from ostinato.stores.sql._gate import SEEN
from ostinato.stores.sql._queries import SqlQueries
from ostinato.stores.sql._register import register
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._settling import SqlSettling

__all__ = ["SqlStore"]

_STEERED = (
    *("anchor", "failures_in_row", "next_due", "paused", "paused_reason", "paused_until"),
    "schedule",
)

_OPEN_RUNS = (
    "SELECT r.name, r.due, r.token, r.lease_until, r.owner, r.cancel_requested"
    " FROM {task} t CROSS JOIN {run} r {by_open} WHERE t.ns = :ns"
    " AND r.ns = t.ns AND r.name = t.name AND r.recorded IS NULL"
)
_CANCEL = (
    "UPDATE {run} SET cancel_requested = 1"
    " WHERE ns = :ns AND name = :name AND token = :token AND recorded IS NULL"
)
_REVISIONS = "SELECT COALESCE(SUM(config_rev), 0) FROM {task} WHERE ns = :ns"
_LEAVE = "UPDATE {worker} SET declared = NULL WHERE ns = :ns AND id = :owner"


class SqlStore(SqlClaims, SqlSettling, SqlQueries, SqlFence):
    """Shares a schedule through tables of a database."""

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Act for the worker *owner* from now on.

        Raises:
            StoreError: The database cannot be used as it is.
        """
        self._namespace, self._owner, self._now = namespace, owner, now
        self._touched, self._grace, self._is_registered = float("-inf"), GRACE, False
        self._mine, self._made = set(), {}
        self._bell.reset()
        self._store_id = prepare_tables(
            self._sessions,
            self._dialect,
            self._engine.dialect,
            self._names,
            auto_create=self._auto_create,
        )

    def register(self, tasks: Sequence[Registration], /) -> Reply:
        """Make known the worker's *tasks*; those that are known keep what they stand at.

        Raises:
            StoreError: The database did not do it.
        """
        self._grace = min([self._grace, *(task.grace for task in tasks)])
        self._is_registered = True
        self._mine.update(task.name for task in tasks)
        has_taken_over = self._sessions.write(
            lambda cursor: register(
                cursor, tasks, spell=self._spell, given=self._given, grace=self._grace
            )
        )
        if has_taken_over:
            self._push()
        return self._reply([task.name for task in tasks])

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Take the leases that can be had, once what has *ended* is settled.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        if ended:
            self.settle(ended)
        return super().claim(claims, lease)

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        """Return the rows of the tasks named, or of all.

        Raises:
            StoreError: The database did not tell.
        """
        reply = self._reply(names)
        for name, due, token, until, owner, is_cancelled in self._look(
            _OPEN_RUNS, names, column="t.name"
        ):
            if (row := reply.rows.get(name)) is None:
                continue
            if until:
                row.beside[token] = Lease(name, due, token, until, owner)
            if is_cancelled:
                row.cancel_requested.add(token)
        workers = tuple(self.workers()) if names is None else ()
        return Reply(reply.now, [], reply.rows, workers)

    def control(self, name: str, changes: Mapping[str, object], /) -> TaskRow:
        """Write what steers the task *name*.

        Raises:
            StoreError: The database did not do it.
            InvalidArgumentError: Something else was to be written.
            TaskNotFoundError: There is no such task.
        """
        written = {**changes}
        token, expected = written.pop("cancel_requested", None), written.pop("expected", None)
        if strange := written.keys() - _STEERED:
            raise InvalidArgumentError(
                "changes", sorted(strange), "are not steered", f"pass some of {sorted(_STEERED)}"
            )
        sets = ", ".join(f"{column} = :{column}" for column in sorted(written))
        steer = (
            "UPDATE {task} SET config_rev = config_rev + 1"
            + (sets and f", {sets}")
            + " WHERE ns = :ns AND name = :name"
            + ("" if expected is None else " AND next_due = :expected")
        )
        if "paused" in written:
            written["paused"] = int(bool(written["paused"]))
        given = self._given(name=name, token=token, expected=expected, **written)

        def write(cursor: Cursor) -> bool:
            cursor.execute(self._spell(steer), given)
            was_steered = bool(cursor.rowcount)
            if token is not None:
                cursor.execute(self._spell(_CANCEL), given)
            return was_steered

        was_steered = self._sessions.write(write)
        if token is not None or not PUSHED.isdisjoint(written):
            self._push()
        row = self._reply([name]).rows.get(name)
        if row is None:
            raise TaskNotFoundError(name, None)
        row.was_steered = was_steered
        return row

    def poll(self) -> int:
        """Return a number that is another one once any task was steered.

        Raises:
            StoreError: The database did not tell.
        """
        now = self._now()
        if not 0 <= now - self._touched < self._grace / 3:
            given = self._given(grace=self._grace)
            self._sessions.write(lambda cursor: cursor.execute(self._spell(SEEN), given))
            self._touched = now
        return self._revisions()

    def subscribe(self, heard: Callable[[], object], /) -> bool:
        """Return False: nothing is pushed by a database that has no way to."""
        del heard
        return False

    def unsubscribe(self) -> None:
        """Let `subscribe` return at once."""
        self._bell.ring()

    def _revisions(self) -> int:
        ((number,),) = self._sessions.read(self._spell(_REVISIONS), self._given())
        return int(number)

    def close(self) -> None:
        """Let others go on with its tasks at once, and close all connections."""
        self.unsubscribe()
        if self._is_registered:
            self._is_registered = False
            # What cannot be said now shows by itself before long.
            with suppress(StoreError):
                self._sessions.write(
                    lambda cursor: cursor.execute(self._spell(_LEAVE), self._given())
                )
        self._sessions.close()
