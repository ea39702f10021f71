"""The tables are made by one worker at a time, and looked at by every one."""

from sqlalchemy import Dialect

from ostinato.errors import SchemaError, StoreError
from ostinato.stores.sql._dialect import SqlDialect
from ostinato.stores.sql._schema import MIN_COMPATIBLE, SCHEMA_VERSION, Names, ddl_of
from ostinato.stores.sql._session import Cursor, Sessions

__all__ = ["prepare_tables"]

_VERSION = "SELECT schema_version, min_compatible, store_id FROM {meta} WHERE id = 1"


def prepare_tables(
    sessions: Sessions, spoken: SqlDialect, dialect: Dialect, names: Names, *, auto_create: bool
) -> str:
    """See to it that the tables are there, and go with this library; return the id of the store.

    Raises:
        SchemaError: They are not, or do not.
        StoreError: The database does not tell, or does not do it.
    """
    version = _Version(spoken, names)
    found = version.look(sessions)
    if found is None and not auto_create:
        raise SchemaError(sessions.title, found=None, expected=SCHEMA_VERSION)
    if found is None:

        def create(cursor: Cursor) -> None:
            if spoken.lock is not None:
                cursor.execute(spoken.lock)
            try:
                if version.read(cursor) is None:
                    for statement in ddl_of(names, dialect):
                        sessions.run_unless_done(cursor, statement)
            finally:
                if spoken.unlock is not None:
                    cursor.execute(spoken.unlock)

        sessions.write(create)
        found = version.look(sessions)
    if found is None:
        raise StoreError(sessions.title, "has no tables although they were created")
    schema_version, min_compatible, store_id = found
    if min_compatible > SCHEMA_VERSION or schema_version < MIN_COMPATIBLE:
        raise SchemaError(sessions.title, found=schema_version, expected=SCHEMA_VERSION)
    return store_id


class _Version:
    """Which version the tables have that are there."""

    def __init__(self, spoken: SqlDialect, names: Names) -> None:
        placed = names.placed()
        self._has_table = spoken.spell(spoken.has_table, placed)
        self._version = spoken.spell(_VERSION, placed)
        self._given = {"table": f"{names.prefix}meta", "schema": names.schema}

    def look(self, sessions: Sessions) -> tuple[int, int, str] | None:
        """Return the version, the oldest that goes with it, and the id; None: no tables."""
        if not sessions.read(self._has_table, self._given):
            return None
        found = sessions.read(self._version, self._given)
        return tuple(found[0]) if found else None

    def read(self, cursor: Cursor) -> tuple[int, int, str] | None:
        """Return the same in the transaction of *cursor*."""
        cursor.execute(self._has_table, self._given)
        if not cursor.fetchall():
            return None
        cursor.execute(self._version, self._given)
        found = cursor.fetchone()
        return None if found is None else tuple(found)
