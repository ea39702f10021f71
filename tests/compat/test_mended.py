"""What went wrong in silence under fastapi-utils, shown to be right through the public name."""

import asyncio
import os
from pathlib import Path

import pytest

from ostinato import repeat_every
from tests.integration.serving import APPS, COMMANDS, eventually, serve

DEADLINE = 10.0


async def test_s6_an_instance_with_an_async_call_runs():
    """S6: an instance whose `__call__` is `async def` is awaited."""
    ran = asyncio.Event()

    class Cleaner:
        async def __call__(self) -> None:
            ran.set()

    repetition = await repeat_every(seconds=60)(Cleaner())()

    async with asyncio.timeout(DEADLINE):
        await ran.wait()
    await repetition.stop()


@pytest.mark.needs_fastapi
def test_s47_forty_blocking_functions_leave_the_endpoints_their_threads(tmp_path: Path):
    """S47: a real server's `def` endpoint answers while as many functions block as it has threads.

    They block until the process ends: were the threads shared, there would be no answer at all.
    """
    apps = os.pathsep.join([str(Path(__file__).parent / "apps"), str(APPS)])
    with serve(COMMANDS["uvicorn"], "forty:app", tmp_path, PYTHONPATH=apps) as server:
        eventually(lambda: server.journal.words().count("began") == 8)

        answer = server.get("/")

    assert answer.json() == "answered"
