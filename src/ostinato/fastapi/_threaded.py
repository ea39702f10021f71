"""A plain generator's context manager, entered and left in threads."""

import asyncio
import threading
from contextlib import AbstractContextManager, suppress
from functools import partial
from types import TracebackType

from ostinato.protocols import InThread

__all__ = ["ThreadedManager"]


class ThreadedManager:
    """Enters and leaves a context manager in threads; what was entered is left, come what may.

    A thread cannot be interrupted. Where the run is cancelled while a thread enters, nobody waits
    for the thread, and it leaves again by itself. Where it is cancelled while a thread leaves, the
    end of that is awaited: what a commit has written must not come after the end of the run.
    """

    __slots__ = ("_claim", "_in_thread", "_is_left", "_manager", "_waiter")

    def __init__(self, manager: AbstractContextManager[object], in_thread: InThread) -> None:
        """Prepare to enter *manager* by *in_thread*."""
        self._manager = manager
        self._in_thread = in_thread
        # Taken by who decides whether the run has what was entered: the thread, or a cancellation.
        self._claim = threading.Lock()
        self._is_left = False
        self._waiter: asyncio.Future[None] | None = None

    async def __aenter__(self) -> object:
        """Enter, and return the value.

        Raises:
            BaseException: Whatever entering raised, or the cancellation.
        """
        try:
            return await self._in_thread(self._enter)
        except asyncio.CancelledError as error:
            if not self._claim.acquire(blocking=False):
                await self.__aexit__(type(error), error, error.__traceback__)
            raise

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        """Leave, with the *error* thrown in; return whether it was swallowed.

        Raises:
            BaseException: Whatever leaving raised, or the cancellation.
        """
        try:
            leave = partial(self._leave, kind, error, trace)
            return bool(await self._in_thread(leave, is_owed=True))
        except asyncio.CancelledError:
            await self._until_left()
            raise

    async def _until_left(self) -> None:
        waiter = self._waiter = asyncio.get_running_loop().create_future()
        while not self._is_left:
            # However often: an anyio scope cancels again at every turn of the loop.
            with suppress(asyncio.CancelledError):
                await asyncio.wait({waiter})

    def _enter(self) -> object:
        if self._claim.locked():
            return None
        value = self._manager.__enter__()
        if self._claim.acquire(blocking=False):
            return value
        cancelled = asyncio.CancelledError("the run was cancelled while this was set up")
        self._manager.__exit__(asyncio.CancelledError, cancelled, None)
        return None

    def _leave(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        try:
            return bool(self._manager.__exit__(kind, error, trace))
        finally:
            self._is_left = True
            # Looked at last: who waits shows the waiter first and looks whether we have left then.
            if self._waiter is not None:
                # A loop that was closed meanwhile has nobody who waits.
                with suppress(RuntimeError):
                    self._waiter.get_loop().call_soon_threadsafe(self._waiter.set_result, None)
