"""The contract of stores, kept by the one in MariaDB."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from ostinato.stores import open_store
from ostinato.stores.sql import SqlStore
from ostinato.testing import StoreContract


class TestMariadbStore(StoreContract):
    """Every worker has a connection of its own to one server."""

    @pytest.fixture
    def store_factory(self, mariadb_address: str) -> Iterator[Callable[[], SqlStore]]:
        """Return a function that makes stores over one database."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(open_store(mariadb_address)))
