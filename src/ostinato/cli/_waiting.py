"""Let a moment pass, and be ended by a signal as a server is."""

from __future__ import annotations

import asyncio
import signal
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Coroutine, Generator

__all__ = ["moment", "run_until_signal"]

_ENDING = 128


async def moment(seconds: float) -> None:
    """Return *seconds* later."""
    loop = asyncio.get_running_loop()
    over = loop.create_future()
    timer = loop.call_later(seconds, over.set_result, None)
    try:
        await over
    finally:
        timer.cancel()


def run_until_signal(main: Coroutine[object, object, int]) -> int:
    """Run *main*, which SIGTERM and Ctrl-C cancel once; return its code, or that of the signal."""
    ended_by: list[int] = []

    async def run() -> int:
        with _cancelled_by(signal.SIGTERM, signal.SIGINT, ended_by=ended_by):
            return await main

    try:
        return asyncio.run(run())
    except asyncio.CancelledError:
        if not ended_by:
            raise
    except KeyboardInterrupt:
        # Where a loop knows no signals, it is asyncio that has cancelled.
        ended_by.append(signal.SIGINT)
    return _ENDING + ended_by[0]


@contextmanager
def _cancelled_by(*signals: signal.Signals, ended_by: list[int]) -> Generator[None]:
    loop, task = asyncio.get_running_loop(), asyncio.current_task()

    def end(number: int) -> None:
        ended_by.append(number)
        if task is not None:
            task.cancel()

    known: list[signal.Signals] = []
    for each in signals:
        # On Windows no loop has signals, and elsewhere only that of the main thread has.
        with suppress(NotImplementedError, RuntimeError, ValueError):
            loop.add_signal_handler(each, end, each)
            known.append(each)
    try:
        yield
    finally:
        for each in known:
            loop.remove_signal_handler(each)
