"""PostgreSQL, by psycopg."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, cast

import psycopg
from sqlalchemy import Engine

from ostinato._lease import Claim
from ostinato.stores.sql._claiming import COMMON, batch_of, shape_of
from ostinato.stores.sql._dialect import POSTGRESQL
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._store import SqlStore

__all__ = ["PostgresqlStore"]

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
        # Behind a pooler this may be another's connection next time: transactions say it again.
        connection.execute("SET statement_timeout = 2000")

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
        self.rowcount = -1

    def execute(self, statement: str, parameters: Mapping[str, object] | None = None, /) -> object:
        """Run *statement*."""
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
