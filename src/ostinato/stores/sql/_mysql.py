"""MySQL and MariaDB, by PyMySQL."""

from collections.abc import Collection
from typing import Any

import pymysql
from sqlalchemy import Engine

from ostinato.stores.sql._dialect import MYSQL
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._store import SqlStore

__all__ = ["MysqlStore"]

_LIMIT = 2.0
# Two that wait for each other, and one that has waited for too long.
_BROKEN_OFF = (1213, 1205)
_ALREADY_THERE = (1050, 1061, 1062)
_SETTINGS = (
    "SET time_zone = '+00:00'",
    # Under REPEATABLE READ, updates of the history by its index wait for each other in a circle.
    "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    # A worker that is stopped in a transaction must not hold its rows for ever. MySQL has no such
    # limit, and takes MariaDB's for a comment.
    "SET SESSION innodb_lock_wait_timeout = 2 /*M!100300 , idle_transaction_timeout = 2 */",
)


class MysqlStore(SqlStore):
    """Shares a schedule through a MySQL or MariaDB database, by its time."""

    def __init__(
        self,
        engine: Engine,
        *,
        names: Names | None = None,
        auto_create: bool = True,
        without: Collection[str] = (),
    ) -> None:
        """Prepare to connect as *engine* does, whose driver is PyMySQL."""
        super().__init__(
            engine,
            MYSQL,
            _Driver(),
            names=names or Names(),
            auto_create=auto_create,
            without=without,
        )


class _Driver:
    """PyMySQL; SQLAlchemy has asked it to count the rows that were found, not those changed."""

    def prepare(self, connection: Any) -> None:
        """Begin no transaction but ours, and wait for no answer longer than two seconds."""
        connection.autocommit(True)  # noqa: FBT003 - the driver's own
        with connection.cursor() as cursor:
            for setting in _SETTINGS:
                cursor.execute(setting)

    def cursor(self, connection: Any) -> Cursor:
        """Return a cursor of *connection*."""
        return connection.cursor()  # type: ignore[no-any-return] # as the driver has it

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether *error* says that the database cannot be used at the moment."""
        return isinstance(error, (pymysql.err.OperationalError, pymysql.err.InterfaceError))

    def is_lost(self, error: BaseException) -> bool:
        """Return whether the connection is of no use any more."""
        return not self.is_broken_off(error)

    def is_done(self, error: BaseException) -> bool:
        """Return whether *error* says that a table, an index or a row is there."""
        return error.args[:1] in {(code,) for code in _ALREADY_THERE}

    def is_broken_off(self, error: BaseException) -> bool:
        """Return whether *error* ended a transaction that may be tried again at once."""
        return error.args[:1] in {(code,) for code in _BROKEN_OFF}
