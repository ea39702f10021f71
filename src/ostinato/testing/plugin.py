"""The pytest plugin: schedulers start disabled, unless a test says otherwise."""

from collections.abc import Generator
from functools import partial

import pytest

from ostinato._enabled import switch

__all__ = ["ostinato_clock", "ostinato_recorder", "pytest_configure", "pytest_runtest_protocol"]


def pytest_configure(config: pytest.Config) -> None:
    """Let no scheduler run an application's tasks by accident."""
    config.addinivalue_line(
        "markers", "ostinato(live): let the schedulers of this test run their tasks"
    )
    before = switch(on=False)
    config.add_cleanup(partial(_switch_back, before))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Let schedulers run in a test that is marked with `ostinato(live=True)`."""
    marker = item.get_closest_marker("ostinato")
    before = switch(on=bool(marker and marker.kwargs.get("live")))
    try:
        return (yield)
    finally:
        switch(on=before)


@pytest.fixture
def ostinato_clock() -> object:
    """Return a clock that stands still until the test advances it."""
    from ostinato.testing import ManualClock  # noqa: PLC0415 - most test suites do not need it

    return ManualClock()


@pytest.fixture
def ostinato_recorder() -> object:
    """Return an observer that remembers what it is told."""
    from ostinato.testing import Recorder  # noqa: PLC0415 - as above

    return Recorder()


def _switch_back(before: bool) -> None:  # noqa: FBT001 - what `switch` has returned
    switch(on=before)
