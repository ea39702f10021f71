"""Call a hook, and leave it behind where it takes too long."""

import asyncio
from collections.abc import Callable
from contextvars import Context
from functools import partial

from ostinato._engine._call import Caller
from ostinato._engine._spawn import spawn
from ostinato._engine._threads import Threads
from ostinato._function import UserFunction

__all__ = ["call_hook"]

_HOOK_TIMEOUT = 30.0
_CANCEL_GRACE = 3.0


async def call_hook(
    hook: UserFunction,
    context: Context,
    *operands: object,
    caller: Caller,
    loop: asyncio.AbstractEventLoop,
    threads: Threads,
    on_abandoned: Callable[[str], object],
) -> BaseException | None:
    """Call *hook* in *context* and return what it raised, or a TimeoutError after 30 seconds.

    A hook that does not heed its cancellation is left behind: it must not hold up the runs.

    Args:
        hook: The hook.
        context: The context of the run that it belongs to; nothing may be running in it.
        operands: What it is called with.
        caller: Calls it.
        loop: The running loop.
        threads: Is told of what a hook raises that was left behind.
        on_abandoned: Is told the name of a hook that was left behind.

    Raises:
        CancelledError: The caller was cancelled; the hook has ended.
    """
    calling = spawn(caller.call(hook, context, *operands), loop=loop)
    try:
        await asyncio.wait({calling}, timeout=_HOOK_TIMEOUT)
        if calling.done():
            return calling.result()
        calling.cancel()
        await asyncio.wait({calling}, timeout=_CANCEL_GRACE)
    except asyncio.CancelledError:
        # The owner is cancelled: so is the hook, and its end is awaited.
        calling.cancel()
        await asyncio.wait({calling})
        raise
    if not calling.done():
        on_abandoned(hook.name)
        calling.add_done_callback(partial(_tell_late, threads, hook.name))
    return TimeoutError(f"the hook took longer than {_HOOK_TIMEOUT:g} seconds")


def _tell_late(threads: Threads, name: str, calling: "asyncio.Task[BaseException | None]") -> None:
    error = None if calling.cancelled() else calling.result()
    if error is not None:
        threads.on_lost(name, error)
