"""How long 16 workers of one process take to begin 1,000 ticks that are due at once.

`python -m benchmarks.herd`, with the library installed, and the servers of the tests. Workers share
one event loop here: on machines of their own they would not wait for each other.
"""

import asyncio
import logging
import subprocess
import tempfile
import time
from contextlib import AsyncExitStack, ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

from benchmarks._coordinated import counter_of
from benchmarks._servers import served
from ostinato import Run, Scheduler

_WORKERS, _TASKS = 16, 1_000
# In seconds: how long all workers have to declare all tasks.
_BEFORE, _AFTER = 40.0, 8.0


async def _measure(kind: str, address: str, log: Path) -> None:
    begun: list[tuple[str, float]] = []

    async def tick(run: Run) -> None:
        begun.append((run.task_name, run.lateness.total_seconds()))

    first = datetime.now(UTC) + timedelta(seconds=_BEFORE)
    sent = counter_of(address, log)
    async with AsyncExitStack() as stack:
        for _ in range(_WORKERS):
            scheduler = Scheduler(address, enabled=True, poll=600)
            for number in range(_TASKS):
                scheduler.every(hours=1, start=first, name=f"task-{number}")(tick)
            await stack.enter_async_context(scheduler.running())
        await asyncio.sleep(first.timestamp() - time.time() - 1)
        before, spent = sent(), time.process_time()
        await asyncio.sleep(_AFTER)
        statements, spent = sent() - before, time.process_time() - spent
    late = sorted(seconds for _, seconds in begun)
    names = {name for name, _ in begun}
    print(
        f"{kind}: {len(begun)} begun, of {len(names)} tasks; late p50 {late[len(late) // 2]:.2f} s,"
        f" the last {late[-1]:.2f} s; {statements} statements, {spent:.2f} s of CPU"
    )


def main() -> None:
    """Measure on each store."""
    logging.disable()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for kind, (address, log, emptying) in served(stack, folder).items():
            if kind != "none":
                subprocess.run(emptying, check=True, stdout=subprocess.DEVNULL)
                asyncio.run(_measure(kind, address, Path(log)))


if __name__ == "__main__":
    main()
