"""One case in a process of its own: CPU and lateness of ticks that are coordinated by a store."""

import asyncio
import importlib
import json
import logging
import queue
import sqlite3
import sys
import threading
import time
from pathlib import Path

from benchmarks._raw_claims import claim_raw, raw_tables, settle_raw

_SECONDS = 8.0


async def _bare(number: int, period: float, late: list[float], _store: str) -> None:
    async def repeat(first: float) -> None:
        due = first
        while True:
            await asyncio.sleep(due - time.time())
            late.append(time.time() - due)
            due += period

    begin = time.time() + 1
    running = [asyncio.create_task(repeat(begin + period * i / number)) for i in range(number)]
    await _measured(late)
    for each in running:
        each.cancel()


async def _floor(number: int, period: float, late: list[float], store: str) -> None:
    """Bare coroutines that claim by `sqlite3` in a thread, each with the end of the one before."""
    calls: queue.SimpleQueue[tuple[int, int, asyncio.Future[None]]] = queue.SimpleQueue()
    loop = asyncio.get_running_loop()
    names = [f"task-{place}" for place in range(number)]
    path = Path(store.removeprefix("sqlite:///"))
    raw = raw_tables(path, names, 0)
    raw.close()

    def work() -> None:
        connection = sqlite3.connect(path, isolation_level=None)
        connection.execute("PRAGMA synchronous = NORMAL")
        before: tuple[int, int] | None = None
        while True:
            place, due, future = calls.get()
            now = int(time.time() * 1_000)
            connection.execute("BEGIN IMMEDIATE")
            if before is not None:
                settle_raw(connection, names[before[0]], before[1], now)
            claim_raw(connection, names[place], due, now)
            connection.execute("COMMIT")
            before = place, due
            loop.call_soon_threadsafe(future.set_result, None)

    threading.Thread(target=work, daemon=True).start()

    async def repeat(place: int, first: float) -> None:
        due = first
        while True:
            await asyncio.sleep(due - time.time())
            future: asyncio.Future[None] = loop.create_future()
            calls.put((place, int(due * 1_000), future))
            await future
            late.append(time.time() - due)
            due += period

    begin = time.time() + 1
    running = [asyncio.create_task(repeat(i, begin + period * i / number)) for i in range(number)]
    await _measured(late)
    for each in running:
        each.cancel()


async def _ostinato(number: int, period: float, late: list[float], store: str) -> None:
    ostinato = importlib.import_module("ostinato")
    scheduler = ostinato.Scheduler(store, enabled=True)
    datetimes = importlib.import_module("datetime")
    begin = datetimes.datetime.fromtimestamp(time.time() + 1, datetimes.UTC)

    def declare(place: int) -> None:
        async def tick(run: ostinato.Run) -> None:
            late.append(run.lateness.total_seconds())

        first = begin + datetimes.timedelta(seconds=period * place / number)
        scheduler.every(seconds=period, name=f"task-{place}", start=first)(tick)

    for place in range(number):
        declare(place)
    async with scheduler.running():
        await _measured(late)


async def _apscheduler3(number: int, period: float, late: list[float], store: str) -> None:
    asyncio_ = importlib.import_module("apscheduler.schedulers.asyncio")
    jobs = importlib.import_module("apscheduler.jobstores.sqlalchemy")
    datetimes = importlib.import_module("datetime")
    scheduler = asyncio_.AsyncIOScheduler(jobstores={"default": jobs.SQLAlchemyJobStore(url=store)})
    begin = time.time() + 3
    scheduler.start(paused=True)
    for place in range(number):
        first = datetimes.datetime.fromtimestamp(begin + period * place / number, datetimes.UTC)
        scheduler.add_job(
            "benchmarks._stored_ticks:tick",
            "interval",
            seconds=period,
            next_run_time=first,
            args=[first.timestamp(), period],
            id=str(place),
        )
    scheduler.resume()
    await _measured(late, before=4)
    scheduler.shutdown(wait=False)


async def _apscheduler4(number: int, period: float, late: list[float], store: str) -> None:
    module = importlib.import_module("apscheduler")
    interval = importlib.import_module("apscheduler.triggers.interval")
    stores = importlib.import_module("apscheduler.datastores.sqlalchemy")
    asynchronous = importlib.import_module("sqlalchemy.ext.asyncio")
    datetimes = importlib.import_module("datetime")
    engine = asynchronous.create_async_engine(store.replace("sqlite:", "sqlite+aiosqlite:"))
    async with module.AsyncScheduler(stores.SQLAlchemyDataStore(engine)) as scheduler:
        begin = time.time() + 6
        for place in range(number):
            first = datetimes.datetime.fromtimestamp(begin + period * place / number, datetimes.UTC)
            await scheduler.add_schedule(
                tick,
                interval.IntervalTrigger(seconds=period, start_time=first),
                args=[first.timestamp(), period],
                id=str(place),
                max_running_jobs=None,
            )
        await scheduler.start_in_background()
        await _measured(late, before=max(begin - time.time(), 0) + 1)
        await scheduler.stop()


LATE: list[float] = []


async def tick(first: float, period: float) -> None:
    """Note how late this is."""
    now = time.time()
    LATE.append((now - first) % period)


async def _measured(late: list[float], before: float = 2.0) -> None:
    await asyncio.sleep(before)
    late.clear()
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.sleep(_SECONDS)
    took, spent = time.perf_counter() - began, time.process_time() - cpu
    ticks = sorted(late)
    told = {
        "us_per_tick": spent / max(len(ticks), 1) * 1e6,
        "ticks_per_second": len(ticks) / took,
        "late_p50_ms": ticks[len(ticks) // 2] * 1e3 if ticks else None,
        "late_p99_ms": ticks[len(ticks) * 99 // 100] * 1e3 if ticks else None,
    }
    print(json.dumps(told), flush=True)


if __name__ == "__main__":
    logging.disable()
    _, _subject, _number, _period, _store = sys.argv
    # What is pickled by its name is to be found under the name of the module.
    module = importlib.import_module("benchmarks._stored_ticks")
    asyncio.run(getattr(module, f"_{_subject}")(int(_number), float(_period), module.LATE, _store))
