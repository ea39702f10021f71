"""SQLite: one file, shared by the workers of one host."""

import sqlite3
import threading
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from ostinato.errors import StoreError, StoreFileError
from ostinato.stores._mounts import network_file_system_of
from ostinato.stores.sql._dialect import SQLITE
from ostinato.stores.sql._schema import Names
from ostinato.stores.sql._session import Cursor
from ostinato.stores.sql._together import SqlTogether

__all__ = ["SqliteStore"]

_LIMIT = 2_000
_MOVE = "put it on a disk of this machine that the application may write to"


class SqliteStore(SqlTogether):
    """Shares a schedule through a file; its time is the host's."""

    def __init__(
        self,
        engine: Engine,
        *,
        names: Names | None = None,
        auto_create: bool = True,
        without: Collection[str] = (),
    ) -> None:
        """Prepare to open the file that *engine* names."""
        super().__init__(
            engine,
            SQLITE,
            _Driver(),
            names=names or Names(),
            auto_create=auto_create,
            without=without,
        )
        self._polled: tuple[tuple[object, ...], int] | None = None
        self._path = Path(engine.url.database or "").absolute()

    def open(self, namespace: str, owner: str, now: Callable[[], float], /) -> None:
        """Act for the worker *owner* from now on, by its clock *now*.

        Raises:
            StoreFileError: The file cannot be what workers share.
            StoreError: It cannot be used at the moment, or its tables are not right.
        """
        self._look_at_place()
        try:
            super().open(namespace, owner, now)
        except StoreError as error:
            if (problem := self._explain(error)) is None:
                raise
            raise problem from error.__cause__

    def _revisions(self) -> int:
        """Ask for no more than whether another connection has written, if that is enough."""
        sessions = self._sessions
        ((version,),) = sessions.read("PRAGMA data_version", {})
        mark = version, sessions.changes, threading.get_ident(), self._namespace
        if self._polled is None or self._polled[0] != mark:
            self._polled = mark, super()._revisions()
        return self._polled[1]

    def _look_at_place(self) -> None:
        """Refuse a file that workers cannot share, before it is made.

        Raises:
            StoreFileError: With what is wrong and what to do.
        """
        path, folder = self._path, self._path.parent
        if not folder.is_dir():
            raise StoreFileError(str(path), "has no folder", "make the folder first")
        if (system := network_file_system_of(folder)) is not None:
            problem = f"lies on a network file system ({system}), where locks cannot be trusted"
            raise StoreFileError(str(path), problem, _MOVE)
        if path.is_dir():
            raise StoreFileError(str(path), "is a folder", "name a file")

    def _explain(self, error: StoreError) -> StoreFileError | None:
        """Return what an *error* means that waiting will not mend; None: it may."""
        match getattr(error.__cause__, "sqlite_errorname", ""):
            case "SQLITE_NOTADB":
                return StoreFileError(str(self._path), "is no SQLite database", "name another file")
            case "SQLITE_CANTOPEN" | "SQLITE_CANTOPEN_ISDIR" | "SQLITE_CANTOPEN_FULLPATH":
                return StoreFileError(str(self._path), "cannot be opened or made", _MOVE)
            case name if str(name).startswith("SQLITE_READONLY"):
                return StoreFileError(str(self._path), "is read-only", _MOVE)
            case name if str(name).startswith("SQLITE_CORRUPT"):
                return StoreFileError(
                    str(self._path), "is damaged", "restore it, or remove it to begin anew"
                )
            case _:
                return None


class _Driver:
    """The sqlite3 of Python."""

    def prepare(self, connection: Any) -> None:
        """Let readers and the writer not wait for each other, and nobody for longer than 2 s."""
        # No transactions but ours.
        connection.isolation_level = None
        for pragma in (f"busy_timeout = {_LIMIT}", "journal_mode = WAL", "synchronous = NORMAL"):
            connection.execute(f"PRAGMA {pragma}")

    def cursor(self, connection: Any) -> Cursor:
        """Return a cursor of *connection*."""
        return connection.cursor()  # type: ignore[no-any-return] # as the driver has it

    def is_unavailable(self, error: BaseException) -> bool:
        """Return whether *error* says that the database cannot be used at the moment."""
        return isinstance(error, sqlite3.OperationalError)

    def is_lost(self, error: BaseException) -> bool:
        """Return whether the connection is of no use any more."""
        name = str(getattr(error, "sqlite_errorname", ""))
        return not name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL"))

    def is_done(self, error: BaseException) -> bool:
        """Return False: tables and their version are made in one transaction."""
        return False

    def is_broken_off(self, error: BaseException) -> bool:
        """Return False: who waits has waited, and nobody is broken off for another's sake."""
        return False
