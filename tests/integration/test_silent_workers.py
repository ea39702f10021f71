"""S85: a worker that is killed is missed by the others, and told of by their health."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ostinato import ProblemKind, Scheduler

WORKER = """
import asyncio, sys
from ostinato import Scheduler

scheduler = Scheduler(sys.argv[1], enabled=True, lease=2, poll=0.2)
scheduler.every(hours=1, name="task")(lambda: None)

async def main():
    async with scheduler.running():
        await asyncio.Event().wait()

asyncio.run(main())
"""


async def nothing() -> None: ...


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio's own loop: what is shown is the store's."""
    return "asyncio"


async def test_s85_a_worker_that_is_killed_is_missed_by_the_others(tmp_path: Path) -> None:
    """S85: nobody else could tell; one that is there is not, though it does nothing."""
    address = f"sqlite:///{tmp_path}/state.db"
    scheduler = Scheduler(address, enabled=True, lease=2, poll=0.2)
    scheduler.every(hours=1, name="task")(nothing)

    async with asyncio.timeout(60), scheduler.running():
        with subprocess.Popen([sys.executable, "-c", WORKER, address]) as other:
            try:
                workers = await scheduler.workers()
                while len(workers) < 2:
                    await asyncio.sleep(0.1)
                    workers = await scheduler.workers()
                before = await scheduler.health()
            finally:
                os.kill(other.pid, signal.SIGKILL)
        health = await scheduler.health()
        while not health.problems:
            await asyncio.sleep(0.1)
            health = await scheduler.health()

    assert before.problems == ()
    (problem,) = health.problems
    assert problem.kind is ProblemKind.SILENT_WORKER
    assert problem.words.startswith(f"the worker {other.pid} on ")
    assert health.is_healthy
