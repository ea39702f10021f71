"""How one function of the user's is called."""

import asyncio
import sys
from contextvars import ContextVar, copy_context
from types import SimpleNamespace

import pytest

from ostinato._engine._call import Caller
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
