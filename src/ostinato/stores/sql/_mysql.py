"""MySQL and MariaDB, by PyMySQL."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import pymysql
from sqlalchemy import Engine

from ostinato._lease import Claim
from ostinato.stores.sql._base import chunks
from ostinato.stores.sql._batching import joined, listed
from ostinato.stores.sql._claiming import WANTED, Shape, many_of
from ostinato.stores.sql._dialect import MYSQL
from ostinato.stores.sql._ending import ENDED
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._store import SqlStore

__all__ = ["MysqlStore"]

_LIMIT = 2.0
# Two that wait for each other, and one that has waited for too long.
_BROKEN_OFF = (1213, 1205)
_ALREADY_THERE = (1050, 1061, 1062)
# Of a statement that has a table of its own.
_MOST_ROWS = 100
_HOLD_ALL = "SELECT name, token FROM {task} WHERE ns = :ns"
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

    def _swap_all(
        self,
        cursor: Cursor,
        shape: Shape,
        claims: Sequence[Claim],
        shared: dict[str, object],
        before: Mapping[str, int],
    ) -> bool:
        """Write them a hundred at a time, once nobody else can: see above."""
        if len(claims) == 1:
            return super()._swap_all(cursor, shape, claims, shared, before)
        won = 0
        for some in chunks(claims, _MOST_ROWS):
            # Who waits for a row in one statement would see what is beside it as it was before.
            held = dict(before)
            for statement, given in self._each_chunk(
                _HOLD_ALL, [claim.name for claim in some], "name", end=" {hold}"
            ):
                cursor.execute(statement, given)
                held |= dict(cursor.fetchall())
            each = [{**claim._asdict(), "before": held[claim.name]} for claim in some]
            want, given = listed((*WANTED, "before"), each)
            swap = many_of(shape, self._without).replace("{want}", want) + _among(some)
            cursor.execute(self._spell_once(swap), {**shared, **given})
            won += cursor.rowcount
        return won == len(claims)

    def _write_each(self, cursor: Cursor, statement: str, each: Sequence[dict[str, object]]) -> int:
        """Write them a hundred at a time: see above."""
        if len(each) == 1:
            return super()._write_each(cursor, statement, each)
        found = 0
        for some in chunks(each, _MOST_ROWS):
            want, given = listed(ENDED, some)
            update = joined(statement).replace(" SET ", f" STRAIGHT_JOIN ({want}) want SET ", 1)
            update += _among(some)
            cursor.execute(self._spell_once(update), self._given(**given))
            found += cursor.rowcount
        return found


def _among(some: Sequence[object]) -> str:
    """Return the condition by which the rows of *some* are found first, each by its key.

    What is joined is then looked up for each: the other way round, their changes would be written
    to a table on the disk before they are made.
    """
    return f" AND name IN ({', '.join(f':name_{number}' for number in range(len(some)))})"


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
