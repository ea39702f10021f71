"""A process that is forked off while a scheduler runs."""

import os
import subprocess
import sys
from textwrap import dedent

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork on Windows")

PARENT = """
    import asyncio
    import logging
    import os
    import warnings

    from ostinato import Scheduler

    # Python 3.12 warns of every fork in a process with threads, of which there are none here yet.
    warnings.simplefilter("ignore", DeprecationWarning)
    scheduler = Scheduler()
    ran = {}
    told = []

    class Events(logging.Handler):
        def emit(self, record):
            told.append(vars(record).get("ostinato_event"))

    logging.getLogger("ostinato").addHandler(Events())

    @scheduler.every(seconds=0.05, name="beat")
    async def beat():
        ran[os.getpid()] = ran.get(os.getpid(), 0) + 1

    async def until(question):
        loop = asyncio.get_running_loop()
        deadline = loop.time() + 20
        while not question():
            assert loop.time() < deadline, (ran, told)
            await asyncio.sleep(0.001)

    async def main():
        async with scheduler.running():
            await until(lambda: ran.get(os.getpid(), 0) > 2)
            child = os.fork()
            if not child:
                try:
                    await in_child()
                except BaseException:
                    logging.exception("in the child")
                    os._exit(1)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            assert os.waitstatus_to_exitcode(status) == 0
            # The parent's goes on.
            before = ran[os.getpid()]
            await until(lambda: ran[os.getpid()] > before + 2)
        assert "ostinato.scheduler_forked" not in told
        assert set(ran) == {os.getpid()}
"""


def run(in_child: str) -> str:
    program = dedent(PARENT) + dedent(in_child) + "\nasyncio.run(main())\n"
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", program],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    return ended.stderr


def test_s74_in_a_child_that_goes_on_with_the_loop_nothing_runs() -> None:
    """S74: The tasks are the parent's; the child says once that its scheduler does nothing."""
    run("""
    async def in_child():
        loop = scheduler._worker.environment.loop
        for _ in range(5):
            passed = loop.create_future()
            loop.call_later(0.02, passed.set_result, None)
            await passed
        assert os.getpid() not in ran, ran
        assert told.count("ostinato.scheduler_forked") == 1, told
    """)


def test_s74_a_child_that_does_something_else_says_nothing() -> None:
    """S74: A process of a pool, which never looks at the scheduler, has nothing to be told."""
    said = run("""
    async def in_child():
        assert "ostinato.scheduler_forked" not in told
    """)

    assert said == ""


def test_s74_a_child_may_start_its_own() -> None:
    """S74: On a loop of its own the child's start is a new one, with runs of its own."""
    run("""
    async def anew():
        async with scheduler.running():
            await until(lambda: ran.get(os.getpid(), 0) > 2)
            assert (await scheduler.status("beat")).starts > 2

    async def in_child():
        asyncio.run(anew())
        assert scheduler._worker is None
    """)


def test_s74_the_handle_of_the_child_is_refused() -> None:
    """S74: What the child asks of the parent's scheduler is an error, on whatever loop."""
    run("""
    from ostinato.errors import ForeignLoopError

    async def ask():
        try:
            await scheduler.trigger("beat")
        except ForeignLoopError:
            return
        raise AssertionError("it was triggered")

    async def in_child():
        asyncio.run(ask())
    """)
