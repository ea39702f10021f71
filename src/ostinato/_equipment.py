"""What a scheduler runs its tasks with."""

from __future__ import annotations

import asyncio
import os
import sys
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from ostinato._clock import SystemClock
from ostinato._engine._environment import Environment
from ostinato._engine._tell import Telling
from ostinato._engine._terms import Terms
from ostinato._engine._threads import Threads
from ostinato._engine._watchdog import Blocked, Watchdog
from ostinato._engine._worker import Worker
from ostinato._history import History
from ostinato._lease import Retention
from ostinato.observers.logging import LoggingObserver
from ostinato.protocols import Fence

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ostinato.protocols import Clock, Observer, SharedStore

__all__ = ["Equipment"]

# In seconds: for so long the loop may be blocked while one develops.
_WATCHED = 0.1

# In seconds: it costs a file some microseconds.
_FILE_POLL = 0.5


@dataclass(frozen=True, slots=True)
class Equipment:
    """What each start of a scheduler has in common.

    Attributes:
        namespace: The scheduler's name.
        observers: Who is told what happens, beside the log.
        threads: How many `def` functions run at once.
        cancel_grace: How many seconds a cancelled run has to end.
        lease: For how many seconds a run is leased to its worker at a time.
        poll: After how many seconds to look whether another worker has steered a task.
        history: How much is remembered of each task; None: as much as its store does by itself.
        revision: Of the declarations, where one was given.
        watchdog: For how many seconds the loop may be blocked before somebody is told; 0: it is
            not watched; None: it is while one develops.
    """

    namespace: str
    observers: tuple[Observer, ...]
    threads: int
    cancel_grace: float
    lease: float
    poll: float
    history: History | None = None
    revision: int | None = None
    watchdog: float | None = None

    def worker(
        self,
        app: object | None,
        state: Mapping[str, object] | None,
        clock: Clock,
        store: SharedStore,
        *,
        is_live: bool,
        keep: int | None = None,
        follows_host: bool | None = None,
        observes: bool = False,
    ) -> Worker:
        """Return a worker for the running loop.

        Args:
            app: The application, for what depends on it.
            state: What the application's lifespan has made.
            clock: The only source of the time.
            store: The memory that workers share.
            is_live: Whether ticks fall due.
            keep: How many runs are remembered of each task that is not the store's.
            follows_host: Whether the time of a store that is shared with others is that of this
                machine; None: the store is this process's own.
            observes: Whether only to look at such a store, and to steer.
        """
        terms = None
        if follows_host is not None:
            poll = min(self.poll, _FILE_POLL) if follows_host else self.poll
            history = self.history or History()
            kept = Retention(history.runs, history.failures, history.milliseconds)
            terms = Terms(self.lease, poll, follows_host, kept, self.revision, observes)
        if keep is None and self.history is not None:
            keep = self.history.runs
        telling = Telling((LoggingObserver(), *self.observers))
        environment = Environment(
            loop=asyncio.get_running_loop(),
            clock=clock,
            threads=Threads(
                self.threads,
                on_exhausted=partial(_tell_exhausted, telling),
                on_lost=partial(_tell_lost, telling),
            ),
            telling=telling,
            context=copy_context(),
            cancel_grace=self.cancel_grace,
            namespace=self.namespace,
            app=app,
            state=state,
            fence=store if isinstance(store, Fence) else None,
        )
        threshold = self._watched_for(environment.loop)
        # In virtual time nothing is blocked; and where nothing falls due, nothing is ours.
        if threshold and is_live and isinstance(clock, SystemClock):
            told = partial(_tell_blocked, telling)
            environment.watchdog = Watchdog(environment.loop, threshold, told)
            environment.watchdog.start()
        return Worker(environment, store, is_live=is_live, keep=keep, terms=terms)

    def _watched_for(self, loop: asyncio.AbstractEventLoop) -> float:
        """Return for how many seconds the *loop* may be blocked; 0: it is not watched."""
        if self.watchdog is not None:
            return self.watchdog
        is_developing = sys.flags.dev_mode or loop.get_debug()
        # A test may block as it likes.
        return _WATCHED if is_developing and "PYTEST_CURRENT_TEST" not in os.environ else 0.0


def _tell_blocked(telling: Telling, blocked: Blocked) -> None:
    telling.tell(
        "ostinato.loop_blocked",
        blocked.task_name,
        seconds=blocked.seconds,
        line=blocked.line,
        stack=blocked.stack,
    )


def _tell_exhausted(telling: Telling, names: list[str]) -> None:
    telling.tell("ostinato.threads_exhausted", task_names=names)


def _tell_lost(telling: Telling, name: str, error: BaseException) -> None:
    telling.tell("ostinato.abandoned_run_failed", error=error, function_name=name)
