"""The contract of stores, kept by the one in Redis."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing

import pytest

from ostinato.stores import open_store
from ostinato.stores.redis import RedisStore
from ostinato.testing import StoreContract


class TestRedisStore(StoreContract):
    """Every worker has a connection of its own to one server."""

    @pytest.fixture
    def store_factory(self, redis_address: str) -> Iterator[Callable[[], RedisStore]]:
        """Return a function that makes stores over one server."""
        with ExitStack() as stack:
            yield lambda: stack.enter_context(closing(open_store(redis_address)))
