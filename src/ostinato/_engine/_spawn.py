"""The one file that creates asyncio tasks, each with an owner and a strong reference."""

import asyncio
import sys
import traceback
from collections.abc import Callable, Coroutine
from contextvars import Context
from types import FrameType
from typing import Any, TypeVar

__all__ = ["eager_spawner", "finish_undisturbed", "leave_behind", "spawn", "spawn_eagerly"]

R = TypeVar("R")

Spawner = Callable[[Coroutine[Any, Any, None], Context, str], asyncio.Task[None]]

# An event loop refers to its tasks weakly: one that waits for a future only it knows is collected
# in mid-run. Whatever is spawned here lives until it is done.
_unfinished: set[asyncio.Task[Any]] = set()


def spawn(
    coroutine: Coroutine[Any, Any, R],
    *,
    loop: asyncio.AbstractEventLoop,
    context: Context | None = None,
    name: str | None = None,
) -> asyncio.Task[R]:
    """Run *coroutine* as a task that begins with the next turn of the *loop*.

    The task is made directly, not by `loop.create_task`: an application's task factory may start
    tasks eagerly, and then a body would run inside the server's start-up.
    """
    task = asyncio.Task(coroutine, loop=loop, context=context, name=name)
    _keep(task)
    return task


if sys.version_info >= (3, 12):

    def spawn_eagerly(
        coroutine: Coroutine[Any, Any, R], *, loop: asyncio.AbstractEventLoop, context: Context
    ) -> asyncio.Task[R]:
        """Run *coroutine* as a task at once, up to its first suspension.

        The caller keeps the reference. Before Python 3.12 it begins with the next turn.
        """
        return asyncio.Task(coroutine, loop=loop, context=context, eager_start=True)

    def eager_spawner(loop: asyncio.AbstractEventLoop) -> Spawner:
        """Return `spawn_eagerly` for one *loop*, for many ticks.

        A partial would make and merge a dictionary at each call, and a task without a name formats
        one.
        """
        make = asyncio.Task

        def spawn(
            coroutine: Coroutine[Any, Any, None], context: Context, name: str
        ) -> asyncio.Task[None]:
            return make(coroutine, loop=loop, context=context, name=name, eager_start=True)

        return spawn

else:

    def spawn_eagerly(
        coroutine: Coroutine[Any, Any, R], *, loop: asyncio.AbstractEventLoop, context: Context
    ) -> asyncio.Task[R]:
        """Run *coroutine* as a task that begins with the loop's next turn; see above."""
        return asyncio.Task(coroutine, loop=loop, context=context)

    def eager_spawner(loop: asyncio.AbstractEventLoop) -> Spawner:
        """Return `spawn_eagerly` for one *loop*, for many ticks; see above."""
        make = asyncio.Task

        def spawn(
            coroutine: Coroutine[Any, Any, None], context: Context, name: str
        ) -> asyncio.Task[None]:
            return make(coroutine, loop=loop, context=context, name=name)

        return spawn


def leave_behind(task: asyncio.Task[Any]) -> str:
    """Let the loop end without *task*, which heeds no cancellation; return where it is.

    Whoever ends a loop cancels its tasks and waits for all of them: for this one, for ever.
    """
    asyncio._unregister_task(task)  # noqa: SLF001 - public, as the guide to extending asyncio says
    # As `asyncio.gather` does it: it has been told of already.
    setattr(task, "_log_destroy_pending", False)  # noqa: B010 - no checker knows of it
    return _stack_of(task.get_coro())


def _stack_of(awaiting: object) -> str:
    """Return where a coroutine is, and what it awaits, to the last that is written in Python.

    Not `asyncio.Task.get_stack`: it shows the outermost alone.
    """
    lines: list[str] = []
    while isinstance(frame := getattr(awaiting, "cr_frame", None), FrameType):
        lines += traceback.format_stack(frame, limit=1)
        awaiting = getattr(awaiting, "cr_await", None)
    return "".join(lines)


async def finish_undisturbed(coroutine: Coroutine[Any, Any, R]) -> R:
    """Await *coroutine* to its end, however often the caller is cancelled, and return its result.

    For clean-up that must not be cut short: keep it short. A cancellation that arrived meanwhile
    is raised afterwards.

    Raises:
        CancelledError: The caller was cancelled meanwhile; the coroutine has ended all the same.
        BaseException: Whatever *coroutine* raised.
    """
    task = spawn(coroutine, loop=asyncio.get_running_loop())
    cancellation: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError as error:
            # anyio's cancelled scopes cancel again at every turn, so one shield is not enough.
            cancellation = error
    if cancellation is not None:
        if not task.cancelled():
            task.exception()
        raise cancellation
    return task.result()


def _keep(task: asyncio.Task[Any]) -> None:
    _unfinished.add(task)
    task.add_done_callback(_unfinished.discard)
