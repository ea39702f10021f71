"""What one event loop has cached: an asynchronous engine that the loop itself disposes of."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sqlalchemy import QueuePool

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    # Importing it fails where greenlet is missing: it is imported when an engine is made.
    from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

__all__ = ["LoopCache"]


class LoopCache:
    """An engine of the running loop, its sessionmaker, and how many open sessions use them."""

    def __init__(self, engine: AsyncEngine) -> None:
        """Put *engine* into the care of the running loop."""
        self.engine = engine
        self.make_session: async_sessionmaker[AsyncSession] | None = None
        self.sessions = 0
        self.dropped = False
        self._owner = _started(_own(engine))

    async def close(self) -> None:
        """Dispose of the engine."""
        await self._owner.aclose()

    async def close_idle(self) -> None:
        """Dispose of the engine, or of no more than what the open sessions do not need."""
        if not self.sessions:
            await self.close()
        elif isinstance(pool := self.engine.pool, QueuePool):
            # In this very pool: to it the open sessions give back their connections, for the last
            # one to close. Other pools would cut off the open sessions.
            from sqlalchemy.ext.asyncio import AsyncSession  # noqa: PLC0415 - see above

            async with AsyncSession() as session:
                # A session without a connection: it only lends the greenlet that closing needs.
                await session.run_sync(lambda _: pool.dispose())


async def _own(engine: AsyncEngine) -> AsyncGenerator[None]:
    """Dispose of *engine* when closed: by us, or by the loop that this was started on.

    A loop remembers the asynchronous generators that were started on it, and closes them when it
    shuts down; one that is collected before, it closes then. Either way the driver's connections
    are closed on the loop that they belong to. Nothing else tells us that a loop ends, and each
    request of a test client that is not entered has a loop of its own.
    """
    try:
        yield
    finally:
        await engine.dispose()


def _started(owner: AsyncGenerator[None]) -> AsyncGenerator[None]:
    """Take *owner* to its first yield, on the running loop but without waiting for it."""
    with suppress(StopIteration):
        owner.asend(None).send(None)
    return owner
