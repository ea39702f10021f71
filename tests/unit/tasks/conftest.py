"""The event loop of these tests: its time is virtual, its threads are real."""

import gc
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from ostinato import tasks
from tests.support.virtual_time import VirtualTimeLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run every asynchronous test in virtual time."""
    return "asyncio", {"loop_factory": lambda: VirtualTimeLoop(tasks._threads.outstanding)}


@pytest.fixture(autouse=True)
def debug_records(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Capture the records of the library at every level, and collect what a test left behind."""
    caplog.set_level(logging.DEBUG, "ostinato")
    yield
    # The young generations: all that there is takes a second by now, several hundred times.
    gc.collect(1)
