"""Call one function of the user's, on the loop or in a thread, and contain what it raises."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Coroutine
from contextvars import Context
from functools import partial
from inspect import isasyncgen, isawaitable, isgenerator
from typing import Any

from ostinato._engine._jobs import Job, Returned
from ostinato._engine._spawn import spawn_eagerly
from ostinato._engine._threads import Threads
from ostinato._function import UserFunction
from ostinato.errors import InvalidFunctionError

__all__ = ["Caller"]


class Caller:
    """Calls functions one at a time for one owner, which may have to let go of them."""

    __slots__ = ("_job", "_loop", "_on_abandoned", "_threads")

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        threads: Threads,
        *,
        on_abandoned: Callable[[str], Callable[[], None] | None],
    ) -> None:
        """Prepare to call on the *loop* or in *threads*.

        Args:
            loop: The loop that awaits what is called.
            threads: Where plain functions run.
            on_abandoned: Is told the name of a function that goes on in its thread although its
                caller was cancelled: a thread cannot be killed. What it returns is called on the
                loop when that function has ended.
        """
        self._loop = loop
        self._threads = threads
        self._on_abandoned = on_abandoned
        self._job: Job | None = None

    def call(
        self, called: UserFunction, context: Context, *operands: object
    ) -> Coroutine[Any, Any, BaseException | None]:
        """Call the function in *context* when awaited, and return what it raised, of whatever kind.

        An awaitable that a plain function returns is awaited on the loop. Nothing is raised: a
        caller that was cancelled meanwhile has to look (`asyncio.Task.cancelling`).
        """
        # No coroutine of its own: each layer would be paid for at every run.
        if called.is_async:
            return self._on_loop(called.function, operands, context)
        return self._through_thread(called, operands, context)

    def let_go(self) -> bool:
        """Return whether cancelling the owner leaves nothing of ours running.

        A job that still waits for a thread is taken back. False: a thread is at work, which
        cannot be interrupted, only waited for.
        """
        return self._job is None or self._job.withdraw()

    async def join(self, job: Job, context: Context) -> BaseException | None:
        """Wait for a *job* that was submitted elsewhere, as `call` does it for its own."""
        return await self._judge(job.name, await self._wait_for(job), context)

    async def _through_thread(
        self, called: UserFunction, operands: tuple[object, ...], context: Context
    ) -> BaseException | None:
        returned = await self._in_thread(called, operands, context)
        return await self._judge(called.name, returned, context)

    async def _judge(self, name: str, returned: Returned, context: Context) -> BaseException | None:
        """Return what a function raised in its thread, or what its result makes of it."""
        value, error = returned
        if error is not None or value is None:
            return error
        try:
            if isawaitable(value):
                return await self._on_loop(lambda: value, (), context)
            is_generator = isgenerator(value) or isasyncgen(value)
        except Exception as error:  # noqa: BLE001 - a returned proxy is the user's code as well
            return error
        if not is_generator:
            return None
        return InvalidFunctionError(
            name,
            "returned a generator, of whose body nothing runs",
            "consume it inside the function",
        )

    async def _on_loop(
        self,
        function: Callable[..., Awaitable[object]],
        operands: tuple[object, ...],
        context: Context,
    ) -> BaseException | None:
        task = spawn_eagerly(_contain(function, operands), loop=self._loop, context=context)
        if task.done():
            return task.result()
        try:
            return await task
        except asyncio.CancelledError as error:
            # The task has ended whoever was cancelled; what it returned must not be lost.
            return error if task.cancelled() else task.result()

    async def _in_thread(
        self, called: UserFunction, operands: tuple[object, ...], context: Context
    ) -> Returned:
        # Where the server runs on anyio.run, sniffio would tell the thread that a loop runs in it.
        if sniffio := sys.modules.get("sniffio"):
            context.run(sniffio.current_async_library_cvar.set, None)
        call = partial(called.function, *operands)
        return await self._wait_for(
            self._threads.submit(called.name, call, self._loop, context=context)
        )

    async def _wait_for(self, job: Job) -> Returned:
        self._job = job
        try:
            return await job.future
        except asyncio.CancelledError as error:
            if not job.future.cancelled():
                return job.future.result()
            if not job.withdraw():
                job.on_late_end = self._on_abandoned(job.name)
            return Returned(None, error)
        finally:
            self._job = None


async def _contain(
    function: Callable[..., Awaitable[object]], operands: tuple[object, ...]
) -> BaseException | None:
    """Await what *function* returns; whatever is raised becomes a value.

    Inside the task, because a `SystemExit` that left a task would leave the event loop with it.
    """
    try:
        await function(*operands)
    except BaseException as error:  # noqa: BLE001 - the one place where a user's coroutine is contained
        return error
    return None
