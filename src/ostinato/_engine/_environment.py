"""What runs are executed with."""

import asyncio
from collections.abc import Mapping
from contextvars import Context
from dataclasses import dataclass, field
from random import Random

from ostinato._engine._tell import Telling
from ostinato._engine._threads import Threads
from ostinato.protocols import Clock

__all__ = ["Environment"]


@dataclass(slots=True)
class Environment:
    """What one start of a scheduler runs its tasks with.

    Attributes:
        loop: The event loop.
        clock: The only source of the time.
        threads: Where plain functions run.
        telling: Who is told of what happens.
        context: What each run gets a copy of.
        cancel_grace: How many seconds a cancelled run has to end.
        namespace: The scheduler's name.
        app: The application, for what depends on it.
        state: What the application's lifespan has made.
        random: What waits between attempts are drawn by.
    """

    loop: asyncio.AbstractEventLoop
    clock: Clock
    threads: Threads
    telling: Telling
    context: Context
    cancel_grace: float
    namespace: str
    app: object | None = None
    state: Mapping[str, object] | None = None
    random: Random = field(default_factory=Random)
