"""What runs are executed with."""

import asyncio
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field
from random import Random
from typing import cast

from ostinato._engine._tell import Telling
from ostinato._engine._threads import Threads
from ostinato._engine._watchdog import Watchdog
from ostinato.protocols import Clock, Fence
from ostinato.stores._lanes import Lanes

__all__ = ["Environment"]


@dataclass(slots=True)
class Environment:
    """What one start of a scheduler runs its tasks with.

    Attributes:
        loop: The event loop.
        clock: The only source of the time.
        threads: Where plain functions run.
        instants: Where instants are computed that somebody asks for: beside the loop, beside the
            threads of the store, and beside those of tasks, all of which have no time for it.
        telling: Who is told of what happens.
        context: What each run gets a copy of.
        cancel_grace: How many seconds a cancelled run has to end.
        namespace: The scheduler's name.
        app: The application, for what depends on it.
        state: What the application's lifespan has made.
        fence: What guards the transactions of runs, where the store can.
        random: What waits between attempts are drawn by.
        lanes: Makes the threads of a store that is shared with others.
        is_stopping: Whether no further run or attempt is to begin.
        watchdog: Sees who blocks the loop, where it is watched.
        waits: The waits between attempts, which end when no other is to begin.
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
    fence: Fence | None = None
    random: Random = field(default_factory=Random)
    lanes: Callable[[str, asyncio.AbstractEventLoop], Lanes] = Lanes
    is_stopping: bool = False
    watchdog: Watchdog | None = None
    instants: Threads = field(default_factory=lambda: Threads(1))
    waits: set[asyncio.Future[None]] = field(default_factory=set["asyncio.Future[None]"])

    @property
    def boot(self) -> Callable[[], float]:
        """The clock by which leases are counted: it counts suspends too, where there is such a one.

        Elsewhere, and with a clock of the user's own, it is the monotonic clock.
        """
        return cast("Callable[[], float]", getattr(self.clock, "boot", self.clock.monotonic))

    def go_with(self, app: object | None, state: Mapping[str, object] | None) -> None:
        """Belong to *app*, and to the *state* of its lifespan, where nobody has told yet."""
        if self.app is None:
            self.app, self.state = app, state

    def stop(self) -> None:
        """Let no further attempt begin."""
        self.is_stopping = True
        if self.watchdog is not None:
            self.watchdog.stop()
        for wait in self.waits:
            if not wait.done():
                wait.set_result(None)

    def close(self) -> None:
        """Let the threads end, once what is queued for them has ended."""
        self.threads.close()
        self.instants.close()
