"""A transaction of the application's commits only while the lease of its run is held."""

from typing import cast

from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session, scoped_session

from ostinato._run import Run
from ostinato._shown import address_of
from ostinato.errors import (
    ArgumentTypeError,
    ForeignSessionError,
    InvalidArgumentError,
    LeaseLostError,
)
from ostinato.stores.sql._base import SqlBase

__all__ = ["SqlFence"]

_IS_HERE = "SELECT 1 FROM {meta} WHERE id = 1 AND store_id = :store_id"
# Locked until the transaction ends: who wants the lease waits for that, and no heartbeat does.
_FENCE = (
    "SELECT 1 FROM {fence} WHERE ns = :ns AND name = :name AND number = :number AND token = :token"
    f" AND EXISTS ({_IS_HERE}) FOR UPDATE"
)
# There is no such table; the row was changed since the transaction began to look.
_MISSING = {"42P01", "42S02", 1146}
_CHANGED = {"40001", 1020}
# How PostgreSQL says that a transaction is in the way of others, whatever it has looked at.
_NOT_SERIAL = "Reason code"
_DIALECTS = {"mariadb": "mysql"}


class SqlFence(SqlBase):
    """Lets pass whose lease is held."""

    _store_id = ""

    def guard(self, run: Run, session: object, /, *, concurrency: int | None = 1) -> None:
        """Let the transaction of *session* commit only if the lease of *run* is held until then.

        Args:
            run: The run under way.
            session: A session or a connection of SQLAlchemy's, in the transaction.
            concurrency: As in the run's claim.

        Raises:
            ArgumentTypeError: *session* is none.
            ForeignSessionError: It is one of another database.
            InvalidArgumentError: It commits each statement by itself.
            LeaseLostError: The lease is not held any more.
        """
        connection = self._connection_of(session)
        given = {
            "ns": self._namespace,
            "name": run.task_name,
            "number": 0 if concurrency == 1 else run.token,
            "token": run.token,
            "store_id": self._store_id,
        }
        fence, is_here = (text(each.format(**self._placed)) for each in (_FENCE, _IS_HERE))
        try:
            if connection.execute(fence, given).first() is not None:
                return
            if connection.execute(is_here, {"store_id": self._store_id}).first() is None:
                raise self._foreign(session)
        except DBAPIError as error:
            codes = _codes_of(error)
            if codes & _MISSING:
                raise self._foreign(session) from error
            if codes & _CHANGED and _NOT_SERIAL not in str(error):
                raise LeaseLostError(self._sessions.title, run.task_name) from error
            raise
        raise LeaseLostError(self._sessions.title, run.task_name)

    def _connection_of(self, session: object) -> Connection:
        """Return the connection of *session*, all of whose statements have been sent."""
        if isinstance(session, scoped_session):
            session = cast("Session", session())
        if not isinstance(session, (Session, Connection)):
            remedy = "pass a session or a connection of SQLAlchemy's, in its transaction"
            raise ArgumentTypeError("session", session, remedy)
        connection = session if isinstance(session, Connection) else session.connection()
        spoken = connection.dialect.name
        if not self._dialect.hold or _DIALECTS.get(spoken, spoken) != self._dialect.name:
            raise self._foreign(session)
        if _commits_by_itself(connection):
            problem, remedy = "commits each statement by itself", "pass one with transactions"
            raise InvalidArgumentError("session", session, problem, remedy)
        if not isinstance(session, Connection):
            # What takes long is done before others have to wait.
            session.flush()
        return connection

    def _foreign(self, session: object) -> ForeignSessionError:
        return ForeignSessionError(self._sessions.title, address_of(session))


def _commits_by_itself(connection: Connection) -> bool:
    detect = getattr(connection.dialect, "detect_autocommit_setting", None)
    if detect is not None:
        return bool(detect(connection.connection.dbapi_connection))
    # Of a SQLAlchemy that does not ask the driver.
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def _codes_of(error: DBAPIError) -> set[object]:
    """Return how the driver has numbered its *error*: by a state of SQL, or by its own."""
    raised = error.orig
    named = (getattr(raised, name, None) for name in ("sqlstate", "pgcode", "errno"))
    return {*named, *getattr(raised, "args", ())[:1]}
