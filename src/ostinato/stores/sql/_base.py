"""What every method of a SQL store needs: statements as its database reads them, and rows."""

from collections.abc import Callable, Collection, Iterator, Sequence
from typing import TypeVar

from sqlalchemy import Engine

from ostinato._lease import Reply, TaskRow
from ostinato._tzdb import tzdb_version
from ostinato.stores._bell import Bell
from ostinato.stores.sql._dialect import SqlDialect
from ostinato.stores.sql._rows import TASK_COLUMNS, Row, task_row_of
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor, Driver, Sessions

__all__ = ["SqlBase", "chunks"]

T = TypeVar("T")

# No statement has more parameters than the oldest SQLite takes.
_MOST_NAMES = 200

_NOW = "SELECT {now}"
_ROWS = f"SELECT {{now}}, {TASK_COLUMNS} FROM {{task}} WHERE ns = :ns"


class SqlBase:
    """One worker's door to the tables of one database."""

    def __init__(
        self,
        engine: Engine,
        dialect: SqlDialect,
        driver: Driver,
        *,
        names: Names,
        auto_create: bool = True,
        without: Collection[str] = (),
    ) -> None:
        """Prepare to connect as *engine* does.

        Args:
            engine: Whose address and arguments are used; its pool is not.
            dialect: How its database says it.
            driver: How its driver does it.
            names: What the tables are called.
            auto_create: Whether to create the tables, or only to look whether they are right.
            without: The conditions of a claim that are left out, to see that each is needed.
        """
        self._sessions = Sessions(engine, dialect, driver)
        self._engine = engine
        self._dialect = dialect
        self._names = names
        self._auto_create = auto_create
        self._placed = names.placed()
        self._without = without
        self._spelled: dict[str, str] = {}
        self._chunked: dict[tuple[str, int], tuple[str, list[str]]] = {}
        self._swaps: dict[tuple[bool, bool, bool, bool], str] = {}
        self._namespace = self._owner = ""
        self._now: Callable[[], float] = float
        # When this worker last said, by no more than looking on, that it is there.
        self._touched = float("-inf")
        self._grace = 0
        self._is_registered = False
        self._bell = Bell()
        # Of each task the row as it was read last, and what was made of it.
        self._made: dict[str, tuple[Row, TaskRow]] = {}
        # The names of the tasks that this worker has declared.
        self._mine: set[str] = set()

    def _push(self) -> None:
        """Tell other workers at once that a task was steered, where that is possible."""

    def _spell(self, statement: str) -> str:
        spelled = self._spelled.get(statement)
        if spelled is None:
            spelled = self._spelled[statement] = self._dialect.spell(statement, self._placed)
        return spelled

    def _spell_once(self, statement: str) -> str:
        """Return the same of a *statement* that is made for its parameters, and not kept."""
        return self._dialect.spell(statement, self._placed)

    def _given(self, **parameters: object) -> dict[str, object]:
        """Return what every statement is given, with *parameters*."""
        given = {"ns": self._namespace, "owner": self._owner, "now": int(self._now())}
        return {**given, "tzdb": tzdb_version(), **parameters}

    def _reply(self, names: Sequence[str] | None) -> Reply:
        """Return the store's time, and the rows of the tasks named, or of all."""
        now, found = self._rows(names)
        rows = {name: task_row_of(row, self._namespace) for name, row in found.items()}
        return Reply(now, [], rows)

    def _rows(self, names: Sequence[str] | None) -> tuple[int, dict[str, Row]]:
        """Return the same, with the rows as they come from the driver."""
        now, rows = None, dict[str, Row]()
        for statement, given in self._each_chunk(_ROWS, names, "name"):
            for row in self._sessions.read(statement, given):
                now, rows[row[1]] = row[0], row[1:]
        if now is None:
            ((now,),) = self._sessions.read(self._spell(_NOW), self._given())
        return now, rows

    def _select(self, cursor: Cursor, names: Sequence[str]) -> dict[str, TaskRow]:
        """Return the rows of the tasks named, as the transaction of *cursor* sees them."""
        rows: dict[str, TaskRow] = {}
        for statement, given in self._each_chunk(_ROWS, names, "name"):
            cursor.execute(statement, given)
            rows |= {row[1]: task_row_of(row[1:], self._namespace) for row in cursor.fetchall()}
        return rows

    def _each_chunk(
        self, statement: str, names: Sequence[str] | None, column: str, end: str = ""
    ) -> Iterator[tuple[str, dict[str, object]]]:
        """Yield *statement*, spelled, with its parameters, for so many *names* at a time.

        Args:
            statement: What ends with a condition.
            names: The names that a further one asks for; None: any.
            column: What holds them.
            end: What comes behind that.
        """
        if names is None:
            yield self._spell(statement), self._given()
            return
        for chunk in chunks(sorted(set(names))):
            found = self._chunked.get((statement, len(chunk)))
            if found is None:
                keys = [f"name{number}" for number in range(len(chunk))]
                listed = ", ".join(f":{key}" for key in keys)
                found = self._spell(f"{statement} AND {column} IN ({listed}){end}"), keys
                self._chunked[statement, len(chunk)] = found
            spelled, keys = found
            yield spelled, {**self._given(), **dict(zip(keys, chunk, strict=True))}

    def _look(self, statement: str, names: Sequence[str] | None, column: str) -> Iterator[Row]:
        for spelled, given in self._each_chunk(statement, names, column):
            yield from self._sessions.read(spelled, given)


def chunks(values: Sequence[T], most: int = _MOST_NAMES) -> Iterator[Sequence[T]]:
    """Yield *values* in slices that one statement can take."""
    for start in range(0, len(values), most):
        yield values[start : start + most]
