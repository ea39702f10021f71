"""PostgreSQL, by psycopg."""

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Engine

from ostinato._lease import Claim, Lease, Reply, Settlement, Takeover, TaskRow
from ostinato.errors import StoreError
from ostinato.stores.sql._batching import PLURALS, joined, unnested
from ostinato.stores.sql._claiming import LIMITED, WANTED, at_once_of, is_plain
from ostinato.stores.sql._claims import is_promising
from ostinato.stores.sql._dialect import POSTGRESQL
from ostinato.stores.sql._ending import END_RUN, ENDED, SETTLE_TICK
from ostinato.stores.sql._listening import NOTIFY, listen
from ostinato.stores.sql._rows import TASK_COLUMNS, Row, task_row_of
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._store import SqlStore

__all__ = ["PostgresqlStore"]

T = TypeVar("T")
# So often psycopg looks in vain, each time for a tenth of a second, before it is given up: a little
# longer than the server takes to break off what takes too long.
_PATIENCE = 25
_LOCK_PATIENCE = 220
_NO_ANSWER = "the server is connected and says nothing"
# Two that wait for each other, and one that has waited for too long.
_BROKEN_OFF = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Broken off while this worker was stopped; and a server that another has taken the place of.
_AT_THE_MOMENT = (
    psycopg.errors.IdleInTransactionSessionTimeout,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.InterfaceError,
    psycopg.OperationalError,
)
# So that workers share what is due together, and none takes all of it.
_MOST_AT_ONCE = 100
_OF_WANTED = " FROM want WHERE "
_SETTLE_AT_ONCE = (
    f"WITH time AS MATERIALIZED (SELECT :ns::text AS w_ns, {LIMITED}),"
    f" want AS MATERIALIZED (SELECT * FROM time, ({unnested(ENDED)}) each),"
    f" held AS ({joined(SETTLE_TICK).replace(' WHERE ', _OF_WANTED, 1)} RETURNING {TASK_COLUMNS}),"
    f" ended AS ({joined(END_RUN).replace(' WHERE ', _OF_WANTED, 1)}"
    " AND w_name IN (SELECT h.name FROM held h))"
).replace("ns = :ns", "ns = w_ns") + f" SELECT {TASK_COLUMNS} FROM held"

# What ends a statement that has waited for too long, and leaves the connection as it was.
_WAITED = (psycopg.errors.LockNotAvailable, psycopg.errors.QueryCanceled)


class PostgresqlStore(SqlStore):
    """Shares a schedule through a PostgreSQL database, by its time."""

    def __init__(
        self,
        engine: Engine,
        *,
        names: Names | None = None,
        auto_create: bool = True,
        without: Collection[str] = (),
    ) -> None:
        """Prepare to connect as *engine* does, whose driver is psycopg."""
        super().__init__(
            engine,
            POSTGRESQL,
            _Driver(),
            names=names or Names(),
            auto_create=auto_create,
            without=without,
        )

    def subscribe(self, heard: Callable[[], object], /) -> bool:
        """Call *heard* whenever another worker steers a task, on a connection of its own.

        Raises:
            StoreError: The database did not do it, or cannot be heard any more.
        """
        return listen(self._sessions, self._channel, self._owner, heard, self._bell)

    @property
    def _channel(self) -> str:
        """The namespace's: a database has its channels in common."""
        place = f"{self._placed['task']}/{self._namespace}"
        return f"ostinato_{blake2b(place.encode(), digest_size=12).hexdigest()}"

    def _push(self) -> None:
        # What is not told is looked for before long. By itself: what was written stays written.
        with suppress(StoreError):
            given = {"channel": self._channel, "told": self._owner}
            self._sessions.read(NOTIFY, given)

    def claim(
        self, claims: Sequence[Claim | Takeover], lease: int, ended: Sequence[Settlement] = (), /
    ) -> Reply:
        """Take the leases that can be had, most of them by one statement that waits for nobody.

        What has *ended* is settled before, by another.

        Raises:
            StoreError: The database did not do it, or the reply was lost: read before deciding.
        """
        if ended:
            self.settle(ended)
        common: dict[str, Claim] = {}
        others: list[Claim | Takeover] = []
        for claim in claims:
            if isinstance(claim, Claim) and claim.name not in common and is_plain(claim):
                common[claim.name] = claim
            else:
                others.append(claim)
        if not common:
            return super().claim(others, lease)
        if len(claims) == 1:
            # Most workers lose: to look takes a sixth of the time that the statement takes.
            now, seen = self._rows(list(common))
            if not any(is_promising(claims[0], row) for row in seen.values()):
                rows = {name: task_row_of(row, self._namespace) for name, row in seen.items()}
                return Reply(now, [], rows)
        reply, others_of_these = self._claim_at_once(common, lease)
        others += others_of_these
        if not others:
            return reply
        further = super().claim(others, lease)
        leases, rows = reply.leases + further.leases, reply.rows | further.rows
        return Reply(further.now, leases, rows, undecided=reply.undecided | further.undecided)

    def _claim_at_once(self, claims: Mapping[str, Claim], lease: int) -> tuple[Reply, list[Claim]]:
        """Return the reply to *claims*, and those that take more than the one statement."""
        spelled = self._spell(at_once_of(self._without))
        wanted = {
            PLURALS[column]: [getattr(claim, column) for claim in claims.values()]
            for column in WANTED
        }
        given = self._given(lease=lease, most=_MOST_AT_ONCE, **wanted)
        leases: list[Lease] = []
        rows: dict[str, TaskRow] = {}
        undecided: list[str] = []
        others: list[Claim] = []
        found = self._sessions.read(spelled, given)
        for _, verdict, *row in found:
            name = row[0]
            rows[name] = known = task_row_of(row, self._namespace)
            if verdict == 1 and known.held is not None:
                leases.append(known.held)
            elif verdict == 2:  # noqa: PLR2004 - as the statement says
                undecided.append(name)
            elif known.next_due == claims[name].expected:
                others.append(claims[name])
        now = found[0][0] if found else self._reply([]).now
        return Reply(now, leases, rows, undecided=frozenset(undecided)), others

    def _settle_all(self, ends: Sequence[dict[str, object]]) -> dict[str, Row] | None:
        """Record the *ends* of ticks, most of them by one statement; see above."""
        lists = {PLURALS[column]: [end[column] for end in ends] for column in ENDED}
        found = self._sessions.read(self._spell(_SETTLE_AT_ONCE), self._given(**lists))
        return {row[0]: row for row in found}


class _Driver:
    """Psycopg 3."""

    def prepare(self, connection: Any) -> None:
        """Begin no transaction but ours, and wait for no answer longer than two seconds."""
        connection.autocommit = True

    def cursor(self, connection: Any) -> Cursor:
        """Return a cursor that puts values in by itself: poolers know no prepared statements."""
        return _Cursor(connection)

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether *error* says that the database cannot be used at the moment."""
        return isinstance(error, _AT_THE_MOMENT)

    def is_lost(self, error: BaseException) -> bool:
        """Return whether the connection is of no use any more."""
        return not isinstance(error, (*_BROKEN_OFF, *_WAITED))

    def is_done(self, error: BaseException) -> bool:
        """Return False: tables and their version are made in one transaction."""
        return False

    def is_broken_off(self, error: BaseException) -> bool:
        """Return whether *error* ended a transaction that may be tried again at once."""
        return isinstance(error, _BROKEN_OFF)


class _Cursor:
    """A cursor of psycopg's, which sends what belongs together as one message.

    Psycopg would open a pipeline for it; behind one, PostgreSQL does not break off a transaction
    whose worker has been stopped.
    """

    def __init__(self, connection: Any) -> None:
        """Put values in here, in place of the server."""
        self._cursor: Any = psycopg.ClientCursor(connection)
        self._wait, self._patience = connection.wait, _PATIENCE
        connection.wait = self._wait_for_answer
        self.rowcount = -1
        # Behind a pooler this may be another's connection next time: transactions say it again.
        self.execute("SET statement_timeout = 2000")

    def execute(self, statement: str, parameters: Mapping[str, object] | None = None, /) -> Any:
        """Run *statement*."""
        self._patience = _LOCK_PATIENCE if statement == POSTGRESQL.lock else _PATIENCE
        self._cursor.execute(statement, parameters)
        self.rowcount = self._cursor.rowcount
        return self

    def executemany(self, statement: str, parameters: Sequence[Mapping[str, object]], /) -> object:
        """Run *statement* once for each of *parameters*, and count the rows of all."""
        each = (self._cursor.mogrify(statement, given) for given in parameters)
        self.execute("; ".join(each))
        while self._cursor.nextset():
            self.rowcount += self._cursor.rowcount
        return self

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        return self._cursor.fetchone()

    def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""
        return cast("Sequence[Any]", self._cursor.fetchall())

    def close(self) -> None:
        """Let go of it."""
        self._cursor.close()

    def _wait_for_answer(self, asking: Generator[int, int, T], *given: Any, **named: Any) -> T:
        return cast("T", self._wait(_with_limit(asking, self._patience), *given, **named))


def _with_limit(asking: Generator[int, int, T], patience: int) -> Generator[int, int, T]:
    """Give up *asking* after so many looks in vain: a server that is cut off says nothing."""
    try:
        wanted = next(asking)
        while True:
            ready = yield wanted
            if not ready:
                patience -= 1
            if patience:
                wanted = asking.send(ready)
            else:
                wanted = asking.throw(psycopg.OperationalError(_NO_ANSWER))
    except StopIteration as end:
        return cast("T", end.value)
