"""What a run asks of a transaction that it guards, without knowing SQLAlchemy."""

from collections.abc import Callable, Coroutine
from typing import Any, Protocol

__all__ = ["AsyncTransaction", "Transaction"]


class Transaction(Protocol):
    """A `Session`, a `scoped_session` or a `Connection` of SQLAlchemy's."""

    @property
    def execute(self) -> Callable[..., Any]:
        """Run a statement."""
        ...

    def rollback(self) -> None:
        """Undo what was written."""
        ...


class AsyncTransaction(Protocol):
    """An `AsyncSession`, an `async_scoped_session` or an `AsyncConnection` of SQLAlchemy's."""

    @property
    def run_sync(self) -> Callable[..., Coroutine[Any, Any, Any]]:
        """Have a function look at the synchronous one that it stands on."""
        ...
