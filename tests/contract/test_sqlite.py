"""The contract of stores, kept by the one in a file."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ostinato.stores import open_store
from ostinato.stores.sql import SqlStore
from ostinato.testing import StoreContract


class TestSqliteStore(StoreContract):
    """Every worker has a connection of its own to one file."""

    @pytest.fixture
    def store_factory(self, tmp_path: Path) -> Iterator[Callable[[], SqlStore]]:
        """Return a function that makes stores over one file."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(open_store(f"sqlite:///{tmp_path}/state.db")))
