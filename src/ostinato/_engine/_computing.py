"""Compute in a thread what takes the event loop, or a store's thread, too long."""

import asyncio
from collections.abc import Callable
from typing import TypeVar, cast

from ostinato._engine._threads import Threads

__all__ = ["computed"]

T = TypeVar("T")


async def computed(threads: Threads, name: str, call: Callable[[], T]) -> T:
    """Return what *call* returns in one of *threads*.

    Args:
        threads: Where it is called.
        name: What the call is known as.
        call: Is called.

    Raises:
        BaseException: Whatever *call* has raised.
    """
    job = threads.submit(name, call, asyncio.get_running_loop())
    try:
        value, error = await job.future
    except asyncio.CancelledError:
        job.withdraw()
        raise
    if error is not None:
        raise error
    return cast("T", value)
