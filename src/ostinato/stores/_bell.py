"""What ends a wait for a connection at once, from another thread."""

import os
import selectors
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from threading import Lock

__all__ = ["Bell"]


class Bell:
    """Rings for whoever waits for a connection, and stays rung."""

    def __init__(self) -> None:
        """Be silent."""
        self.reset()

    def reset(self) -> None:
        """Be silent again; what a process that was forked off has inherited is left alone."""
        self._lock, self._pid = Lock(), os.getpid()
        self._ends: set[socket.socket] = set()
        self.is_rung = False

    def ring(self) -> None:
        """End all waits, and those to come."""
        if self._pid != os.getpid():
            # Its parent waits, and goes on to.
            return
        with self._lock:
            self.is_rung = True
            for end in self._ends:
                end.send(b"!")

    @contextmanager
    def beside(self, descriptor: int | socket.socket) -> Generator[Callable[[float], bool]]:
        """Give a function that waits for so many seconds, or until the bell rings.

        It returns whether there is something to read from *descriptor*.
        """
        mine, theirs = socket.socketpair()
        with mine, theirs, selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            selector.register(mine, selectors.EVENT_READ)

            def wait(seconds: float) -> bool:
                found = selector.select(0.0 if self.is_rung else seconds)
                return any(key.fileobj is not mine for key, _ in found)

            with self._lock:
                self._ends.add(theirs)
            try:
                yield wait
            finally:
                with self._lock:
                    self._ends.discard(theirs)
