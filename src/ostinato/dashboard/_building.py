"""Build responses off the event loop, in a thread of the library's."""

import asyncio
from collections.abc import Callable
from typing import cast

from ostinato._engine._threads import Threads
from ostinato.dashboard._answer import Answer

__all__ = ["built"]

# Of the process, and apart from those of tasks: these may all be busy while somebody looks.
_threads = Threads(2)


async def built(build: Callable[[], Answer]) -> Answer:
    """Return what *build* returns, in a thread."""
    job = _threads.submit("dashboard", build, asyncio.get_running_loop())
    try:
        value, error = await job.future
    except asyncio.CancelledError:
        job.withdraw()
        raise
    if error is not None:
        raise error
    return cast("Answer", value)
