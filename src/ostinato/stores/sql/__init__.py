"""Stores over SQL: SQLite, PostgreSQL, MySQL and MariaDB, through SQLAlchemy's engines."""

from ostinato.stores.sql._schema import Names, ddl_of
from ostinato.stores.sql._sqlite import SqliteStore
from ostinato.stores.sql._store import SqlStore

__all__ = ["Names", "SqlStore", "SqliteStore", "ddl_of"]
