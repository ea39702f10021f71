"""What the tests of the sessions share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.database import Connections, Database, counted_connections


@pytest.fixture
def database(tmp_path: Path) -> Database:
    """Return an empty database."""
    return Database(tmp_path / "notes.db")


@pytest.fixture
def connections() -> Iterator[Connections]:
    """Count the connections of every engine that the test makes."""
    with counted_connections() as connections:
        yield connections
