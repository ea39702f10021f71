"""How long a store takes to tell how 1,000 tasks stand, with 100,000 records behind them.

`python -m benchmarks.overview [address]`, with the library installed; without an address over
SQLite, in a folder of its own. The store is filled first, under the namespace `benchmark`.
"""

import asyncio
import logging
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing

from ostinato import Every, Outcome, Run, Scheduler
from ostinato._lease import Registration
from ostinato.stores import open_store

_TASKS, _RUNS, _RECENT = 1_000, 100, 20
_CHANGED = 33
_TIMES = 7
_PERIOD = 60_000
_NAMES = [f"app.task_{number:04}" for number in range(_TASKS)]


def fill(address: str, names: Sequence[str] = _NAMES) -> None:
    """Remember runs of each task, one of each in each of so many batches."""
    begin = int(time.time() * 1_000) - _RUNS * _PERIOD
    with closing(open_store(address)) as store:
        store.open("benchmark", "filling", lambda: time.time() * 1_000)
        spec = Every(minutes=1).text
        store.register([Registration(name, spec, begin + (1 << 34)) for name in names])
        for number in range(_RUNS):
            store.record([_run(name, begin, number) for name in names])


def _run(name: str, begin: int, number: int) -> Run:
    due = begin + number * _PERIOD
    run = Run(name, due, "benchmark", token=number + 1)
    run.outcome = Outcome.SUCCEEDED if number % 17 else Outcome.FAILED
    run.error = None if number % 17 else "ConnectionError: the bank does not answer"
    run._started, run._finished = due + 4.0, due + 30.0  # noqa: SLF001 - as the engine does
    return run


async def _measure(address: str) -> None:
    scheduler = Scheduler(address, name="benchmark", enabled=True, poll=60)
    for name in _NAMES:
        scheduler.every(minutes=1, name=name)(lambda: None)
    async with scheduler.running():
        # Behind all that is done at the start, in the one thread that reads.
        await scheduler.workers()
        await _time("the first time", scheduler, 1)
        await _time("again", scheduler, _TIMES)
        for number in range(_TIMES):
            chosen = _NAMES[number * _CHANGED : (number + 1) * _CHANGED]
            await asyncio.gather(*(scheduler.trigger(name, wait=True) for name in chosen))
            # What has ended is told of behind the last of them, in a call of the same thread.
            await scheduler.pause(chosen[0])
            await _time(f"{_CHANGED} have run since", scheduler, 1)
        begun = time.perf_counter()
        await scheduler.status(_NAMES[-1], recent=_RECENT)
        print(f"{'one task':24} {(time.perf_counter() - begun) * 1e3:8.1f} ms")
        begun = time.perf_counter()
        page = await scheduler.history()
        print(f"{'a page of all tasks':24} {(time.perf_counter() - begun) * 1e3:8.1f} ms")
        begun = time.perf_counter()
        await scheduler.history(_NAMES[7], before=page[-1].cursor)
        print(f"{'a page of one task':24} {(time.perf_counter() - begun) * 1e3:8.1f} ms")


async def _time(title: str, scheduler: Scheduler, times: int) -> None:
    taken: list[tuple[float, float, float]] = []
    for _ in range(times):
        begun = time.perf_counter(), time.process_time(), time.thread_time()
        statuses = await scheduler.status(recent=_RECENT)
        ended = time.perf_counter(), time.process_time(), time.thread_time()
        taken.append(tuple((end - start) * 1e3 for start, end in zip(begun, ended, strict=True)))  # type: ignore[arg-type] # three of each
        if len(statuses) != _TASKS or len(statuses[-1].recent) != _RECENT:
            raise RuntimeError(statuses[-1])
    wall, cpu, loop = (sorted(each)[len(each) // 2] for each in zip(*taken, strict=True))
    print(f"{title:24} {wall:8.1f} ms, CPU {cpu:6.1f} ms, of that on the event loop {loop:5.1f} ms")


def main() -> None:
    """Fill a store, and look."""
    logging.disable()
    with tempfile.TemporaryDirectory() as folder:
        address = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{folder}/state.db"
        begun = time.perf_counter()
        fill(address)
        print(f"filled in {time.perf_counter() - begun:.1f} s")
        asyncio.run(_measure(address))


if __name__ == "__main__":
    main()
