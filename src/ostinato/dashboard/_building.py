"""Build responses off the event loop, in a thread of the library's."""

from collections.abc import Callable
from typing import TypeVar

from ostinato._engine._computing import computed
from ostinato._engine._threads import Threads

__all__ = ["off_loop"]

T = TypeVar("T")

# Of the process, and apart from those of tasks: these may all be busy while somebody looks.
_threads = Threads(2)


async def off_loop(call: Callable[[], T]) -> T:
    """Return what *call* returns in a thread, or raise what it raises there."""
    return await computed(_threads, "dashboard", call)
