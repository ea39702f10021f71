"""Schedulers in these tests run in virtual time, which only asyncio's own loop has."""

import gc
from collections.abc import Iterator

import pytest


@pytest.fixture
def anyio_backend() -> str:
    """Run every asynchronous test on asyncio's own loop; see test_loops.py for the other."""
    return "asyncio"


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Collect what a test left behind, so that what it has not awaited is its own failure."""
    yield
    # The young generations: all that there is takes a tenth of a second, several hundred times.
    gc.collect(1)
