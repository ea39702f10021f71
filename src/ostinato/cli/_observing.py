"""Enter a scheduler for a look at the store that its workers share."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, TypeVar

from ostinato.cli._options import found_here
from ostinato.cli._printing import note
from ostinato.errors import StoreFileError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable

    from ostinato._scheduler import Scheduler

__all__ = ["observed", "observing"]

T = TypeVar("T")


def observed(app: str | None, use: Callable[[Scheduler], Awaitable[T]]) -> T:
    """Return what *use* returns of the scheduler of *app*, over the store of its workers.

    Raises:
        AppNotFoundError: There is none.
        OstinatoError: Whatever *use* raises, and entering the scheduler.
    """
    scheduler = found_here(app).scheduler

    async def look() -> T:
        async with observing(scheduler):
            return await use(scheduler)

    return asyncio.run(look())


@asynccontextmanager
async def observing(scheduler: Scheduler) -> AsyncGenerator[None]:
    """Look at the store of *scheduler* while the block is open.

    Raises:
        StoreFileError: No worker has made the file of the store yet.
        StoreError: The store does not answer.
    """
    memory = scheduler._memory
    if memory.is_alone:
        note("the store is memory://, each process's own: what other processes do is not seen here")
    elif memory.file is not None and not memory.file.exists():
        remedy = "start the application, or call this where its workers start"
        raise StoreFileError(str(memory.file), "is not there: no worker has made it yet", remedy)
    async with scheduler.observing():
        yield
