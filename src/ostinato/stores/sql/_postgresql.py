"""PostgreSQL, by psycopg."""

from collections.abc import Collection
from typing import Any, cast

import psycopg
from sqlalchemy import Engine

from ostinato.stores.sql._dialect import POSTGRESQL
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._store import SqlStore

__all__ = ["PostgresqlStore"]

# Two that wait for each other, and one that has waited for too long.
_BROKEN_OFF = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)


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


class _Driver:
    """Psycopg 3."""

    def prepare(self, connection: Any) -> None:
        """Begin no transaction but ours, and wait for no answer longer than two seconds."""
        connection.autocommit = True
        # Behind a pooler this may be another's connection next time: transactions say it again.
        connection.execute("SET statement_timeout = 2000")

    def cursor(self, connection: Any) -> Cursor:
        """Return a cursor that puts values in by itself: poolers know no prepared statements."""
        return cast("Cursor", psycopg.ClientCursor(connection))

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether *error* says that the database cannot be used at the moment."""
        return isinstance(error, (psycopg.OperationalError, psycopg.InterfaceError))

    def is_lost(self, error: BaseException) -> bool:
        """Return whether the connection is of no use any more."""
        return not isinstance(error, (*_BROKEN_OFF, psycopg.errors.QueryCanceled))

    def is_done(self, error: BaseException) -> bool:
        """Return False: tables and their version are made in one transaction."""
        return False

    def is_broken_off(self, error: BaseException) -> bool:
        """Return whether *error* ended a transaction that may be tried again at once."""
        return isinstance(error, _BROKEN_OFF)
