"""Stores over files of the test's own."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from ostinato.stores import open_store


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the file of the store is to be."""
    return tmp_path / "state.db"


@pytest.fixture
def make(path: Path) -> Iterator[Callable]:
    """Return a function that makes stores over one file, which are closed in the end."""
    with ExitStack() as stack:
        yield lambda **options: stack.enter_context(
            closing(open_store(f"sqlite:///{path}", **options))
        )


@pytest.fixture
def opened(make: Callable) -> Callable:
    """Return a function that makes stores over one file, and opens them."""

    def opened(owner: str = "me", **options: object):
        store = make(**options)
        store.open("default", owner, lambda: 1_000.0)
        return store

    return opened
