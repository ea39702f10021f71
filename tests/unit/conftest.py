"""What the unit tests share."""

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
