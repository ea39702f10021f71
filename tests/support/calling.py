"""The command line, called in this process, and a run under way that it finds."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import time

from typer.testing import Result

from ostinato import RunKind
from ostinato._lease import Claim
from ostinato.protocols import SharedStore
from ostinato.stores import open_store

__all__ = ["Invoke", "begun"]

Invoke = Callable[..., Result]


@contextmanager
def begun(name: str, lease: int = 60_000) -> Iterator[tuple[SharedStore, str]]:
    """Have a run of the task *name* under way in another worker, for a *lease* in milliseconds."""
    store = open_store("sqlite:///state.db")
    store.open("default", "another", lambda: time() * 1_000)
    row = store.read([name]).rows[name]
    run_id = f"default/{name}/by-hand"
    claim = Claim(name, row.spec, None, row.token, None, kind=RunKind.MANUAL, run_id=run_id)
    assert store.claim([claim], lease).leases
    yield store, run_id
    store.close()
