"""What the unit tests share."""

import gc
from collections.abc import Iterator

import pytest

from ostinato import _declared


@pytest.fixture(autouse=True)
def nothing_left_unstarted() -> Iterator[None]:
    """Keep what a test declares on purpose and never starts out of the report at exit."""
    before = dict(_declared._unstarted)
    yield
    for function in set(_declared._unstarted) - set(before):
        _declared.mark_started(function)


@pytest.fixture(autouse=True, scope="module")
def nothing_left_in_the_end() -> Iterator[None]:
    """Collect what has outlived its test, and look no more at what outlives the module."""
    yield
    gc.collect()
    gc.freeze()
