"""A worker whose task writes, and guards what it has written, in a process of its own.

python guarding.py ADDRESS JOURNAL [wait]: told to wait, each run does for a line of its input.
"""

import asyncio
import signal
import sys
from pathlib import Path

from sqlalchemy import create_engine, make_url, text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from ostinato import LeaseLostError, Run, Scheduler
from tests.cluster.working import Journal

INSERT = text("INSERT INTO guarded (task, due, token) VALUES (:task, :due, :token)")


async def work(address: str, journal: Journal, *, waits: bool) -> None:
    """Run tasks until somebody asks for the end."""
    scheduler = Scheduler(address, enabled=True, lease=1, poll=0.5, shutdown_grace=1)
    url = make_url(address).set(drivername="postgresql+psycopg")
    engine, async_engine = create_engine(url), create_async_engine(url)

    def effect(run: Run) -> dict[str, object]:
        return {"task": run.task_name, "due": run.due.isoformat(), "token": run.token}

    @scheduler.every(seconds=1, name="plain")
    def plain(run: Run) -> None:
        try:
            with engine.begin() as connection:
                connection.execute(INSERT, effect(run))
                if waits:
                    journal.write("waits", run.token)
                    sys.stdin.readline()
                run.guard(connection)
        except LeaseLostError:
            journal.write("refused", run.token)
            raise
        journal.write("committed", run.token)

    @scheduler.every(seconds=1, name="async")
    async def asynchronous(run: Run) -> None:
        async with AsyncSession(async_engine) as session, session.begin():
            await session.execute(INSERT, effect(run))
            await run.guard(session)
        journal.write("async", run.token)

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    async with scheduler.running():
        await ended.wait()
    await async_engine.dispose()
    engine.dispose()


if __name__ == "__main__":
    asyncio.run(work(sys.argv[1], Journal(Path(sys.argv[2])), waits=sys.argv[3:] == ["wait"]))
