"""What shares ticks through a store, and is compared; each as its documentation shows it.

A subject is entered with a store's address, how many tasks there are, what each run calls, and
whether none of them is to fall due. All that fall due do so at every whole second.
"""

import asyncio
import importlib
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from typing import Any

__all__ = ["SUBJECTS"]

Note = Callable[[], None]
_EVERY_SECOND, _ONCE_A_YEAR = "* * * * * *", "0 0 1 1 *"
# What is pickled, or found by its name, cannot hold what it calls.
_notes: list[Note] = []


async def tick() -> None:
    """Be the job of whoever wants a function of a module."""
    _notes[0]()


def _second() -> datetime:
    return datetime.fromtimestamp(int(time.time()) + 3, UTC)


@asynccontextmanager
async def _bare(_store: str, number: int, note: Note, *, is_idle: bool) -> AsyncGenerator[None]:
    async def repeat() -> None:
        while True:
            await asyncio.sleep(3_600 if is_idle else 1 - time.time() % 1)
            note()

    running = [asyncio.create_task(repeat()) for _ in range(number)]
    yield
    for each in running:
        each.cancel()


@asynccontextmanager
async def _ostinato(store: str, number: int, note: Note, *, is_idle: bool) -> AsyncGenerator[None]:
    scheduler = importlib.import_module("ostinato").Scheduler(store, enabled=True)

    async def run() -> None:
        note()

    for place in range(number):
        period = {"days": 365} if is_idle else {"seconds": 1}
        scheduler.every(**period, align=True, name=f"task-{place}")(run)
    async with scheduler.running():
        yield


@asynccontextmanager
async def _apscheduler3(
    store: str, number: int, note: Note, *, is_idle: bool
) -> AsyncGenerator[None]:
    schedulers = importlib.import_module("apscheduler.schedulers.asyncio")
    jobs = importlib.import_module("apscheduler.jobstores.sqlalchemy")
    _notes.append(note)
    url = store.replace("postgresql:", "postgresql+psycopg:")
    scheduler = schedulers.AsyncIOScheduler(
        jobstores={"default": jobs.SQLAlchemyJobStore(url=url)},
        # By default it runs nothing that is a second late, as all of it comes to be.
        job_defaults={"misfire_grace_time": None, "coalesce": True},
        timezone=UTC,
    )
    scheduler.start(paused=True)
    for place in range(number):
        period = {"days": 365} if is_idle else {"seconds": 1}
        name = "benchmarks._coordinated_subjects:tick"
        scheduler.add_job(name, "interval", **period, start_date=_second(), id=str(place))
    scheduler.resume()
    if is_idle:
        await asyncio.sleep(4)
    yield
    scheduler.shutdown(wait=False)


@asynccontextmanager
async def _apscheduler4(
    store: str, number: int, note: Note, *, is_idle: bool
) -> AsyncGenerator[None]:
    library = importlib.import_module("apscheduler")
    interval = importlib.import_module("apscheduler.triggers.interval").IntervalTrigger
    stores = importlib.import_module("apscheduler.datastores.sqlalchemy")
    engines = importlib.import_module("sqlalchemy.ext.asyncio")
    _notes.append(note)
    url = store.replace("postgresql:", "postgresql+asyncpg:")
    engine = engines.create_async_engine(url.replace("sqlite:", "sqlite+aiosqlite:"))
    defaults = library.TaskDefaults(max_running_jobs=None)
    data = stores.SQLAlchemyDataStore(engine)
    async with library.AsyncScheduler(data, task_defaults=defaults) as scheduler:
        for place in range(number):
            period = {"days": 365} if is_idle else {"seconds": 1}
            trigger = interval(**period, start_time=_second())
            await scheduler.add_schedule(tick, trigger, id=str(place))
        await scheduler.start_in_background()
        if is_idle:
            await asyncio.sleep(4)
        yield
        await scheduler.stop()


@asynccontextmanager
async def _fastapi_crons(
    store: str, number: int, note: Note, *, is_idle: bool
) -> AsyncGenerator[None]:
    library = importlib.import_module("fastapi_crons")
    config = library.CronConfig()
    locks = library.DistributedLockManager(library.RedisLockBackend(store), config)
    crons = library.Crons(state_backend=library.RedisStateBackend(store), lock_manager=locks)

    async def run() -> None:
        note()

    for place in range(number):
        crons.cron(_ONCE_A_YEAR if is_idle else _EVERY_SECOND, name=f"task-{place}")(run)
    await crons.start()
    yield
    await crons.stop()


@asynccontextmanager
async def _task_manager(
    store: str, number: int, note: Note, *, is_idle: bool
) -> AsyncGenerator[None]:
    library = importlib.import_module("fastapi_task_manager")
    host, port = store.removeprefix("redis://").split(":")
    config = library.Config(redis_host=host, redis_port=int(port), concurrent_tasks=number)
    manager = library.TaskManager(importlib.import_module("fastapi").FastAPI(), config)
    group = library.TaskGroup(name="group")

    async def run() -> None:
        note()

    for place in range(number):
        group.add_task(_ONCE_A_YEAR if is_idle else _EVERY_SECOND, name=f"task-{place}")(run)
    manager.add_task_group(group)
    await manager.start()
    yield
    await manager.stop()


@asynccontextmanager
async def _procrastinate(
    store: str, number: int, note: Note, *, is_idle: bool
) -> AsyncGenerator[None]:
    library = importlib.import_module("procrastinate")
    app = library.App(connector=library.PsycopgConnector(conninfo=store))

    def declare(place: int) -> None:
        async def run(timestamp: int) -> None:
            del timestamp
            note()

        job: Any = app.task(name=f"task-{place}")(run)
        app.periodic(cron=_ONCE_A_YEAR if is_idle else _EVERY_SECOND)(job)

    for place in range(number):
        declare(place)
    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        working = asyncio.create_task(
            app.run_worker_async(concurrency=number, install_signal_handlers=False)
        )
        yield
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)


Entered = Callable[..., AbstractAsyncContextManager[None]]
SUBJECTS: dict[str, Entered] = {
    "bare": _bare,
    "ostinato": _ostinato,
    "apscheduler3": _apscheduler3,
    "apscheduler4": _apscheduler4,
    "fastapi_crons": _fastapi_crons,
    "task_manager": _task_manager,
    "procrastinate": _procrastinate,
}
