"""The contract of stores, kept by the one in memory."""

from collections.abc import Callable
from copy import copy

import pytest

from ostinato.stores import MemoryStore
from ostinato.testing import StoreContract


class TestMemoryStore(StoreContract):
    """Every worker has a door of its own to one dictionary."""

    @pytest.fixture
    def store_factory(self) -> Callable[[], MemoryStore]:
        """Return a function that makes stores with one state."""
        shared = MemoryStore()
        return lambda: copy(shared)
