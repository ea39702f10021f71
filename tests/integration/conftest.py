"""What the tests of the example share: its server, whose table each test finds empty."""

import sqlite3
from collections.abc import Generator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest

from tests.integration.serving import COMMANDS, Server, serve

EXAMPLE = Path(__file__).parents[2] / "examples" / "expired_tokens"


def serve_example(
    folder: Path, *, command: str = "uvicorn", period: str = "0.5"
) -> AbstractContextManager[Server]:
    """Serve the example in *folder*, which removes expired tokens every *period* seconds."""
    return serve(COMMANDS[command], "app:app", folder, apps=EXAMPLE, CLEANING_PERIOD=period)


@pytest.fixture(scope="module")
def running_example(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """Start the example once for a file of tests: that takes longer than the tests themselves."""
    with serve_example(tmp_path_factory.mktemp("example")) as server:
        yield server


@pytest.fixture
def example(running_example: Server) -> Server:
    """Return the running example, without a token in its table."""
    # A connection's own block commits, and leaves it open.
    with closing(sqlite3.connect(running_example.folder / "tokens.db")) as database, database:
        database.execute("DELETE FROM tokens")
    return running_example
