"""PostgreSQL, by psycopg."""

from collections.abc import Collection, Generator, Mapping, Sequence
from typing import Any, TypeVar, cast

import psycopg
from sqlalchemy import Engine

from ostinato._lease import Claim
from ostinato.stores.sql._claiming import COMMON, batch_of, shape_of
from ostinato.stores.sql._dialect import POSTGRESQL
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

    def _swap(
        self, cursor: Cursor, claims: Sequence[Claim], shared: dict[str, object]
    ) -> list[Claim]:
        """Write those of *claims* whose rows are as they expect, most of them at once."""
        alone = [claim for claim in claims if shape_of(claim) == COMMON]
        others = [claim for claim in claims if shape_of(claim) != COMMON]
        won = super()._swap(cursor, others, shared)
        if len(alone) > 1:
            # In the order of their names: none of two workers waits for what the other holds.
            granted = self._swap_all(cursor, alone, shared)
            return won + [claim for claim in alone if claim.name in granted]
        return won + super()._swap(cursor, alone, shared)

    def _swap_all(
        self, cursor: Cursor, claims: Sequence[Claim], shared: dict[str, object]
    ) -> set[str]:
        """Write the same, all at once; return the names of the tasks."""
        given = {
            **shared,
            "names": [claim.name for claim in claims],
            "specs": [claim.spec for claim in claims],
            "expecteds": [claim.expected for claim in claims],
            "dues": [claim.due for claim in claims],
            "next_dues": [claim.next_due for claim in claims],
            "max_runs": [claim.max_runs for claim in claims],
        }
        cursor.execute(self._spell(batch_of(self._without)), given)
        return {name for (name,) in cursor.fetchall()}


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
        return not isinstance(error, (*_BROKEN_OFF, psycopg.errors.QueryCanceled))

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

    def execute(self, statement: str, parameters: Mapping[str, object] | None = None, /) -> object:
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
