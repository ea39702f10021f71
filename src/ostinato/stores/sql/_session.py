"""Connections of the store's own: one for each thread, held, and none that was inherited."""

import os
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from sqlalchemy import Engine
from sqlalchemy.pool import PoolProxiedConnection

from ostinato._shown import address_in
from ostinato.errors import StoreError, StoreUnavailableError
from ostinato.stores.sql._dialect import SqlDialect

__all__ = ["Cursor", "Driver", "Sessions"]

T = TypeVar("T")
# How often a transaction, or a statement, is tried that was broken off for another's sake.
_TRIES = 4
# A process that was forked off neither uses nor closes what its parent has opened.
_inherited: list[object] = []


class Cursor(Protocol):
    """What is used of a driver's cursor."""

    rowcount: int

    def execute(self, statement: str, parameters: Any = ..., /) -> object:
        """Run *statement*."""
        ...

    def executemany(self, statement: str, parameters: Any, /) -> object:
        """Run *statement* once for each of *parameters*."""
        ...

    def fetchone(self) -> Any:
        """Return the next row, or None."""
        ...

    def fetchall(self) -> Sequence[Any]:
        """Return the rows that are left."""
        ...

    def close(self) -> object:
        """Let go of it."""
        ...


class Driver(Protocol):
    """What one driver does in its own way."""

    def prepare(self, connection: Any) -> None:
        """Set up a fresh *connection*: limits, isolation, no transactions but ours."""
        ...

    def cursor(self, connection: Any) -> Cursor:
        """Return a cursor of *connection*."""
        ...

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether *error* says that the database cannot be used at the moment."""
        ...

    def is_lost(self, error: BaseException) -> bool:
        """Return whether *error* says that the connection is of no use any more."""
        ...

    def is_done(self, error: BaseException) -> bool:
        """Return whether *error* says that what was to be created is there."""
        ...

    def is_broken_off(self, error: BaseException) -> bool:
        """Return whether *error* ended a transaction that may be tried again at once."""
        ...


class Sessions:
    """The held connections of a store."""

    def __init__(self, engine: Engine, dialect: SqlDialect, driver: Driver) -> None:
        """Connect as *engine* does, but not through the pool of the application."""
        self._pool = engine.pool.recreate()
        self._errors: type[BaseException] = engine.dialect.loaded_dbapi.Error
        self.title = address_in(engine.url)
        self._begin = dialect.begin
        self._driver = driver
        self._lock = threading.Lock()
        self._held: dict[int, tuple[PoolProxiedConnection, Cursor]] = {}
        self._pid = os.getpid()
        # How often this store has written, or has connected anew.
        self.changes = 0

    def read(self, statement: str, parameters: Mapping[str, object]) -> Sequence[Any]:
        """Return the rows of one *statement*, outside any transaction.

        Raises:
            StoreError: It failed; a `StoreUnavailableError` where it may be tried later.
        """

        def ask() -> Sequence[Any]:
            cursor = self._cursor()
            cursor.execute(statement, parameters)
            return cursor.fetchall()

        return self._try(ask)

    def write(self, work: Callable[[Cursor], T]) -> T:
        """Do *work* in one transaction, which leaves nothing behind if anything fails.

        Raises:
            StoreError: It failed; a `StoreUnavailableError` where it may be tried later.
        """
        self.changes += 1

        def do() -> T:
            cursor = self._cursor()
            cursor.execute(self._begin)
            try:
                done = work(cursor)
                cursor.execute("COMMIT")
            except BaseException:
                # Of whatever kind: a transaction that stays open would lock everybody out.
                self._roll_back(cursor)
                raise
            return done

        return self._try(do)

    @contextmanager
    def apart(self) -> Generator[tuple[Any, Cursor]]:
        """Give a connection, and a cursor of it, for one purpose; they are closed in the end.

        Raises:
            StoreError: It failed; a `StoreUnavailableError` where it may be tried later.
        """
        # Of a pool of its own: one that is small may have room for the two threads, and no more.
        pool = self._pool.recreate()
        with self._translated():
            connection = pool.connect()
            try:
                self._driver.prepare(connection.dbapi_connection)
                yield (
                    connection.dbapi_connection,
                    self._driver.cursor(connection.dbapi_connection),
                )
            finally:
                connection.invalidate()

    def run_unless_done(self, cursor: Cursor, statement: str) -> None:
        """Run a *statement* that creates something, unless it is there already."""
        try:
            cursor.execute(statement)
        except self._errors as error:
            if not self._driver.is_done(error):
                raise

    def close(self) -> None:
        """Close the connections of all threads."""
        self._forget_inherited()
        with self._lock:
            held, self._held = self._held, {}
        for connection, _ in held.values():
            connection.close()
        self._pool.dispose()

    def _try(self, work: Callable[[], T]) -> T:
        """Do *work*, and again where the database has broken it off for another's sake."""
        tries = 0
        while True:
            tries += 1
            # No context manager: there are two for every tick.
            try:
                return work()
            except self._errors as error:
                raised = self._translation_of(error)
                if tries == _TRIES or not self._driver.is_broken_off(error):
                    raise raised from error

    def _roll_back(self, cursor: Cursor) -> None:
        try:
            cursor.execute("ROLLBACK")
        except self._errors:
            self._drop()

    @contextmanager
    def _translated(self) -> Generator[None]:
        try:
            yield
        except self._errors as error:
            raise self._translation_of(error) from error

    def _translation_of(self, error: BaseException) -> StoreError:
        """Return what a driver's *error* means here; what is lost with it is let go of."""
        if not self._driver.is_unavailable(error):
            return StoreError(self.title, f"did not do it: {error}")
        if self._driver.is_lost(error):
            self._drop()
        return StoreUnavailableError(self.title, error)

    def _cursor(self) -> Cursor:
        if self._pid != os.getpid():
            self._forget_inherited()
        held = self._held.get(threading.get_ident())
        if held is not None:
            return held[1]
        self.changes += 1
        connection = self._pool.connect()
        try:
            self._driver.prepare(connection.dbapi_connection)
            cursor = self._driver.cursor(connection.dbapi_connection)
        except BaseException:
            connection.invalidate()
            raise
        with self._lock:
            self._held[threading.get_ident()] = connection, cursor
        return cursor

    def _drop(self) -> None:
        """Let go of this thread's connection: the next call makes another."""
        with self._lock:
            held = self._held.pop(threading.get_ident(), None)
        if held is not None:
            held[0].invalidate()

    def _forget_inherited(self) -> None:
        if self._pid == os.getpid():
            return
        _inherited.append((self._held, self._pool))
        self._pid, self._held, self._lock = os.getpid(), {}, threading.Lock()
        self._pool = self._pool.recreate()
