"""A real database in a file, and an account of the connections that are open to it."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from sqlalchemy import event
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.pool import Pool

# A foreign key that the commit checks, and nothing before it: so that a commit can fail.
SCHEMA = """
CREATE TABLE note (
    id INTEGER PRIMARY KEY,
    parent INTEGER REFERENCES note (id) DEFERRABLE INITIALLY DEFERRED
)
"""


class Base(DeclarativeBase):
    """What is mapped."""


class Note(Base):
    """A row of the table."""

    __tablename__ = "note"
    id: Mapped[int] = mapped_column(primary_key=True)


class Database:
    """A SQLite file with a table of notes, looked at through a connection of its own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.execute(SCHEMA)

    @property
    def uri(self) -> str:
        """The URL for a synchronous engine, as fastapi-utils documents it."""
        return f"sqlite:///{self.path}?check_same_thread=False"

    @property
    def async_uri(self) -> str:
        """The URL for an asynchronous engine."""
        return f"sqlite+aiosqlite:///{self.path}"

    @property
    def notes(self) -> list[int]:
        """The notes that are committed."""
        return [number for (number,) in self.execute("SELECT id FROM note ORDER BY id")]

    def execute(self, statement: str) -> list[tuple[int]]:
        """Run *statement* on a connection of its own, and return its rows."""
        with closing(sqlite3.connect(self.path)) as connection:
            return connection.execute(statement).fetchall()


class Connections:
    """How many of the driver's connections were opened, and how many of them are still open."""

    def __init__(self) -> None:
        self.opened = 0
        # Held, not counted: an older SQLAlchemy may say twice that it closes one.
        self._held: set[object] = set()

    @property
    def open(self) -> int:
        """How many are open."""
        return len(self._held)

    def on_connect(self, connection, record) -> None:
        """Count a connection in, and have it check foreign keys."""
        self.opened += 1
        self._held.add(connection)
        connection.cursor().execute("PRAGMA foreign_keys=ON")

    def on_close(self, connection, record) -> None:
        """Count a connection out."""
        self._held.discard(connection)


@contextmanager
def counted_connections() -> Iterator[Connections]:
    """Count the connections of every engine that is made inside."""
    connections = Connections()
    event.listen(Pool, "connect", connections.on_connect)
    event.listen(Pool, "close", connections.on_close)
    try:
        yield connections
    finally:
        event.remove(Pool, "connect", connections.on_connect)
        event.remove(Pool, "close", connections.on_close)
