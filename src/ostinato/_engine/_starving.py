"""Ticks that wait for a free thread: no lease waits in a queue."""

from collections.abc import Callable
from itertools import islice

from ostinato._engine._environment import Environment
from ostinato._engine._standing import Standing
from ostinato.protocols import Timer

__all__ = ["Starving"]

_PATIENCE = 10.0


class Starving:
    """The tasks whose tick waits for a thread, and the threads that are promised to others."""

    def __init__(self, environment: Environment, on_fed: Callable[[Standing], object]) -> None:
        """Begin with nobody waiting; *on_fed* is told of a task that may have a thread."""
        self.waiting: dict[Standing, None] = {}
        self._environment = environment
        self._on_fed = on_fed
        # Threads of this turn of the loop that were promised, and are not at work yet.
        self.reserved = 0
        # Those for whose claims the store has not answered yet.
        self._held = 0
        self._watch: Timer | None = None
        self._is_stopped = False
        self._is_feeding = False
        self._is_told = False

    @property
    def is_exhausted(self) -> bool:
        """Whether somebody waits, has done so for long, and no thread is free by now."""
        return bool(self._is_told and self.waiting and self._environment.threads.vacant <= 0)

    def reserve(self, standing: Standing) -> bool:
        """Promise a thread to the tick of *standing*, or let it wait for one."""
        if self._environment.threads.vacant > self.reserved + self._held:
            self.reserved += 1
            return True
        self.waiting[standing] = None
        self._look_after()
        return False

    def hold(self, number: int) -> None:
        """Keep a *number* of this turn's promises until the store has answered."""
        self.reserved -= number
        self._held += number

    def let_go(self, number: int) -> None:
        """Keep a *number* of promises no longer: the store has answered."""
        self._held -= number
        self.feed()

    def take_back(self) -> None:
        """Let the promises of this turn be kept, and look then who else can have a thread."""
        if self.reserved or (self.waiting and self._environment.threads.vacant > 0):
            self._environment.loop.call_soon(self._forget_promises)

    def keep_promise(self) -> None:
        """Count a promised thread no longer: it is at work."""
        self.reserved -= 1

    def feed(self) -> None:
        """Look again with the loop's next turn, however many threads become free until then."""
        if self.waiting and not self._is_feeding:
            self._is_feeding = True
            self._environment.loop.call_soon(self._feed)

    def _feed(self) -> None:
        """Look again at as many ticks as there are threads free for them."""
        self._is_feeding = False
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
            self._is_told = False
        # Not at all of them for each end of a run: a thousand may wait for eight threads.
        free = max(self._environment.threads.vacant - self.reserved - self._held, 0)
        for standing in list(islice(self.waiting, free)):
            del self.waiting[standing]
            self._on_fed(standing)
        self._look_after()

    def stop(self) -> None:
        """Wait for no thread any more."""
        self._is_stopped = True
        if self._watch is not None:
            self._watch.cancel()

    def _forget_promises(self) -> None:
        self.reserved = 0
        self._feed()

    def _look_after(self) -> None:
        if self.waiting and self._watch is None and not self._is_stopped:
            self._watch = self._environment.clock.call_later(_PATIENCE, self._tell_exhausted)

    def _tell_exhausted(self) -> None:
        self._is_told = True
        names = sorted(self._environment.threads._running.copy().values())
        self._environment.telling.tell("ostinato.threads_exhausted", task_names=names)
