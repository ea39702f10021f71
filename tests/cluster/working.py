"""A worker with a scheduler, in a process of its own; it writes a line for whatever begins or ends.

python working.py ADDRESS JOURNAL: until it is told to end.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from ostinato import Run, Scheduler

LEASE = 2.0


class Journal:
    """One file for all workers: a line is written in one piece."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, *words: object) -> None:
        line = "\t".join(map(str, (*words, os.getpid())))
        os.write(self._file, f"{line}\n".encode())


async def work(address: str, journal: Journal) -> None:
    """Run tasks until somebody asks for the end."""
    scheduler = Scheduler(address, enabled=True, lease=LEASE, poll=0.5, shutdown_grace=1)

    @scheduler.every(seconds=0.2, name="beat")
    async def beat(run: Run) -> None:
        journal.write("beat", run.due.isoformat(), run.token)

    @scheduler.every(seconds=0.2, name="plain")
    def plain(run: Run) -> None:
        journal.write("plain", run.due.isoformat(), run.token)

    @scheduler.every(hours=1, name="hourly")
    async def hourly(run: Run) -> None:
        journal.write("hourly", run.due.isoformat(), run.token)

    @scheduler.every(seconds=1, name="long")
    async def long(run: Run) -> None:
        journal.write("long begins", run.due.isoformat(), run.token)
        try:
            # Time goes on for a process that is stopped: longer than any stop.
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            journal.write("long is lost" if run.lease_lost.is_set() else "long is ended")
            raise

    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    loop.add_signal_handler(
        signal.SIGUSR1, lambda: keep(loop.create_task(scheduler.pause("beat", reason="by hand")))
    )
    async with scheduler.running():
        journal.write("ready")
        await ended.wait()


tasks: set[asyncio.Task[None]] = set()


def keep(task: asyncio.Task[None]) -> None:
    tasks.add(task)


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Journal(Path(sys.argv[2]))))
