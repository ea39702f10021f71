"""Tell observers what happened; whatever they raise stays with them."""

import asyncio
import logging
import signal
import sys
import traceback
from collections.abc import Sequence

from ostinato._run import Run
from ostinato.protocols import Event, Observer

__all__ = ["Telling"]

_logger = logging.getLogger("ostinato")


class Telling:
    """Who is to be told of what, asked of the observers once."""

    __slots__ = ("_observers", "_wanting")

    def __init__(self, observers: Sequence[Observer]) -> None:
        """Tell *observers*, in their order."""
        self._observers = tuple(observers)
        self._wanting: dict[str, tuple[Observer, ...]] = {}

    def add(self, observer: Observer) -> None:
        """Tell *observer*, too."""
        self._observers = (*self._observers, observer)
        for name, wanting in self._wanting.items():
            if _wants(observer, name):
                self._wanting[name] = (*wanting, observer)

    def who_wants(self, name: str) -> tuple[Observer, ...]:
        """Return the observers that want to be told of the events called *name*."""
        wanting = self._wanting.get(name)
        if wanting is None:
            wanting = tuple(each for each in self._observers if _wants(each, name))
            self._wanting[name] = wanting
        return wanting

    def tell(
        self,
        name: str,
        task_name: str | None = None,
        *,
        run: Run | None = None,
        error: BaseException | None = None,
        **facts: object,
    ) -> None:
        """Tell whoever wants to know that *name* happened."""
        if wanting := self.who_wants(name):
            event = Event(name, task_name, run, error, facts)
            for observer in wanting:
                _notify(observer, event)


def _wants(observer: Observer, name: str) -> bool:
    try:
        return bool(observer.wants(name))
    except BaseException as error:  # noqa: BLE001 - the one place where an observer is contained
        _say(observer, error)
        return False


def _notify(observer: Observer, event: Event) -> None:
    try:
        observer.notify(event)
    except BaseException as error:  # noqa: BLE001 - the one place where an observer is contained
        _say(observer, error)


def _say(observer: Observer, error: BaseException) -> None:
    """Log that *observer* raised; where logging is what raises, write it to stderr."""
    if isinstance(error, KeyboardInterrupt):
        _interrupt()
        return
    extra = {"ostinato_event": "ostinato.observer_failed", "observer": type(observer).__qualname__}
    try:
        message = "The observer %s failed; nothing else is affected"
        _logger.error(message, type(observer).__qualname__, exc_info=error, extra=extra)
    except BaseException:  # noqa: BLE001 - as above
        traceback.print_exception(error, file=sys.stderr)


def _interrupt() -> None:
    """Ask the process to stop the way Ctrl-C does: from the loop, not from inside the engine."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        signal.raise_signal(signal.SIGINT)
    else:
        loop.call_soon(signal.raise_signal, signal.SIGINT)
