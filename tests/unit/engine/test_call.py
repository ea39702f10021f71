"""How one function of the user's is called."""

import asyncio
import sys
from collections.abc import Callable
from contextvars import ContextVar, copy_context
from types import SimpleNamespace
from typing import Any

import pytest

from ostinato._engine._call import Caller
from ostinato._engine._jobs import Job
from ostinato._engine._threads import Threads
from ostinato._function import UserFunction


def inspected(function: object) -> UserFunction:
    return UserFunction.of(function, role="the decorated function")


def calling(threads: Threads) -> Caller:
    return Caller(asyncio.get_running_loop(), threads, on_abandoned=lambda _: None)


async def test_s47_a_thread_is_not_taken_for_the_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    """S47: where sniffio tells which loop runs, it tells the function in its thread of none."""
    running: ContextVar[str | None] = ContextVar("running", default=None)
    seen: list[str | None] = []
    monkeypatch.setitem(sys.modules, "sniffio", SimpleNamespace(current_async_library_cvar=running))
    running.set("asyncio")

    called = inspected(lambda: seen.append(running.get()))
    error = await calling(Threads(1)).call(called, copy_context())

    assert (seen, error) == ([None], None)


class CancellingThreads(Threads):
    """Threads whose jobs' ends meet a cancellation of the task that waits for them."""

    def submit(
        self,
        name: str,
        call: Callable[[], object],
        loop: asyncio.AbstractEventLoop,
        **options: Any,
    ) -> Job:
        """Cancel the caller after the job's end is set, and before the caller wakes up to it."""
        caller = asyncio.current_task()
        assert caller is not None
        job = super().submit(name, call, loop, **options)
        job.future.add_done_callback(lambda _: caller.cancel())
        return job


async def test_s57_an_end_that_meets_a_cancellation_is_not_lost() -> None:
    """S57: the function has ended, so what it raised is its outcome, not the cancellation."""
    failure = ValueError("no")

    def fail() -> None:
        raise failure

    async def call() -> tuple[BaseException | None, int]:
        error = await calling(CancellingThreads(1)).call(inspected(fail), copy_context())
        task = asyncio.current_task()
        assert task is not None
        return error, task.cancelling()

    assert await asyncio.create_task(call()) == (failure, 1)
