"""What a process says at its end about functions that were decorated and never started."""

import subprocess
import sys
from textwrap import dedent

import pytest

DECLARED = """
    import asyncio
    from ostinato import repeat_every

    @repeat_every(seconds=60)
    def tidy() -> None: ...

    @repeat_every(seconds=60)
    async def refresh() -> None: ...
"""
APPLICATION = """
    from starlette.applications import Starlette

    async def call(application):
        messages = iter([{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}])

        async def receive():
            return next(messages)

        async def send(message): ...

        await application({"type": "lifespan", "app": application}, receive, send)

    application = Starlette()
"""


def said_at_exit(*parts: str) -> str:
    program = "\n".join(dedent(part) for part in parts)
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return ended.stderr


def test_s12_what_never_started_is_named_once_an_application_was_called() -> None:
    """S12: one record at exit names every function that nobody started, and the remedy."""
    said = said_at_exit(DECLARED, APPLICATION, "asyncio.run(call(application))")

    assert "never started: __main__.refresh, __main__.tidy." in said
    assert "on_event('startup')" in said
    assert said.count("never started") == 1


def test_s12_what_was_started_is_not_named() -> None:
    """S12: a function that was started once is not in the record."""
    start = """
    async def main():
        await tidy()
        await call(application)

    asyncio.run(main())
    """

    assert "never started: __main__.refresh." in said_at_exit(DECLARED, APPLICATION, start)


@pytest.mark.parametrize(
    "parts", [(DECLARED,), (DECLARED, APPLICATION), (DECLARED, "import starlette.applications")]
)
def test_s12_nothing_is_said_where_no_application_was_called(parts: tuple[str, ...]) -> None:
    """S12: a script or a shell that only imports the application is told nothing."""
    assert said_at_exit(*parts) == ""


def test_s12_what_is_gone_is_not_named() -> None:
    """S12: a decorated function that was dropped has nobody who waits for it."""
    said = said_at_exit(
        DECLARED, "del tidy, refresh", APPLICATION, "asyncio.run(call(application))"
    )

    assert said == ""


def test_an_interpreter_that_ends_in_mid_run_says_nothing_of_ours() -> None:
    """A thread at work never holds up the process's exit, and leaves no traceback."""
    program = """
    import asyncio, threading
    from ostinato import repeat_every

    began = threading.Event()

    @repeat_every(seconds=60)
    def block() -> None:
        began.set()
        threading.Event().wait(3600)

    async def main():
        await block()
        while not began.is_set():
            await asyncio.sleep(0)

    asyncio.run(main())
    """

    said = said_at_exit(program)

    [line] = said.splitlines()
    assert line.startswith("__main__.block goes on although it was asked to end")
