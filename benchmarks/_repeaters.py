"""The ways to repeat a function that are compared, each started on the running event loop."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from importlib import import_module
from typing import Any

__all__ = ["REPEATERS", "Repeater"]

# Takes the function, its period and its first wait in seconds; is awaited to start.
Repeater = Callable[[Callable[[], Any], float, float], Awaitable[object]]

_kept: list[asyncio.Task[None]] = []


async def bare(function: Callable[[], Any], period: float, first_wait: float) -> None:
    """Repeat with the coroutine that one writes by hand: no isolation, no containment."""

    async def repeat_coroutine() -> None:
        await asyncio.sleep(first_wait)
        while True:
            await function()
            await asyncio.sleep(period)

    async def repeat_function() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(first_wait)
        while True:
            await loop.run_in_executor(None, function)
            await asyncio.sleep(period)

    is_async = inspect.iscoroutinefunction(function)
    _kept.append(asyncio.create_task(repeat_coroutine() if is_async else repeat_function()))


async def task_per_run(function: Callable[[], Any], period: float, first_wait: float) -> None:
    """Repeat a coroutine function by hand, with a task and a context of its own for every run."""

    async def repeat() -> None:
        loop = asyncio.get_running_loop()
        await asyncio.sleep(first_wait)
        while True:
            await asyncio.Task(function(), loop=loop, context=copy_context())
            await asyncio.sleep(period)

    _kept.append(asyncio.create_task(repeat()))


async def ostinato(function: Callable[[], Any], period: float, first_wait: float) -> None:
    """Repeat with this library."""
    from ostinato import repeat_every  # noqa: PLC0415 - a process imports only what it measures

    await repeat_every(seconds=period, wait_first=first_wait)(function)()


async def fastapi_utils(function: Callable[[], Any], period: float, first_wait: float) -> None:
    """Repeat with the original."""
    # It is not in the project's environment: only that of a case has it.
    tasks = import_module("fastapi_utils.tasks")

    await tasks.repeat_every(seconds=period, wait_first=first_wait)(function)()


REPEATERS: dict[str, Repeater] = {
    "bare": bare,
    "task_per_run": task_per_run,
    "ostinato": ostinato,
    "fastapi_utils": fastapi_utils,
}
