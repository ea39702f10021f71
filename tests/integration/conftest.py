"""What tests of several files share: a browser, a dashboard, and the example's server.

Each test finds the example's table empty.
"""

import sqlite3
from collections.abc import Generator
from contextlib import AbstractContextManager, closing
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.integration.browser import browser
from tests.integration.serving import COMMANDS, Server, serve

EXAMPLE = Path(__file__).parents[2] / "examples" / "expired_tokens"


def serve_example(
    folder: Path, *, command: str = "uvicorn", period: str = "0.5"
) -> AbstractContextManager[Server]:
    """Serve the example in *folder*, which removes expired tokens every *period* seconds."""
    return serve(COMMANDS[command], "app:app", folder, apps=EXAMPLE, CLEANING_PERIOD=period)


@pytest.fixture(scope="module")
def chromium() -> Generator[Browser]:
    """Run one browser for all tests of a file: its API holds the thread's event loop."""
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """Serve one application with its dashboard for all tests of a file."""
    with serve(COMMANDS["uvicorn"], "watched:app", tmp_path_factory.mktemp("watched")) as server:
        yield server


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
