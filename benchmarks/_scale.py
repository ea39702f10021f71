"""One case of `scale`: many tasks, in a process of its own.

Started as `python -m benchmarks._scale <subject> <count> <period>`; prints one JSON object.
"""

import asyncio
import gc
import json
import math
import random
import sys
import time
from functools import partial
from statistics import quantiles

from benchmarks._schedulers import SUBJECTS, Subject
from benchmarks._start import resident_bytes

__all__ = ["Case"]

WINDOW = 5.0
# How long after the beginning of the start the first tick is due: by then, all should have started.
# Seconds, and seconds for each task.
LEAD, LEAD_EACH = 1.0, 100e-6


class Case:
    """Many tasks of one subject, and what they say when they run."""

    def __init__(self, subject: Subject, count: int, period: float) -> None:
        """Declare *count* tasks, scattered over the *period*."""
        self.subject = subject
        self.count = count
        self.lead = LEAD + count * LEAD_EACH
        self.latenesses: list[float] = []
        gc.collect()
        self._empty = resident_bytes()
        chance = random.Random(1)  # noqa: S311 - the same phases for every case
        for _ in range(count):
            first = round(self.lead + chance.random() * period, 3)
            subject.declare(partial(self.run, first), period, first)

    async def run(self, first: float) -> None:
        """Note how late the run is whose first tick is the only one there is so far."""
        self.latenesses.append(time.time() - self.subject.begun - first)

    async def measure(self) -> dict[str, float]:
        """Start, let run for a while, and stop; return what that took."""
        # What the loop and the subject need once is not counted.
        await asyncio.sleep(0.01)
        gc.collect()
        memory = resident_bytes()
        cost, longest = await self._start()
        started = resident_bytes()
        left = self.subject.begun + self.lead - time.time()
        has_started_in_time = left > 0
        await asyncio.sleep(max(left, 0) + 0.5)
        self.latenesses.clear()
        begun, wall = time.process_time(), time.perf_counter()
        await asyncio.sleep(WINDOW)
        elapsed, ticks = time.perf_counter() - wall, len(self.latenesses)
        # Without what is late still: a case is as slow as it was in the window.
        ticking = time.process_time() - begun
        # Of one that has started too late, the length of its start is all there is.
        is_telling = has_started_in_time and ticks > 1
        percentiles = quantiles(self.latenesses, n=100) if is_telling else [math.nan] * 99
        stopping = time.perf_counter()
        await self.subject.stop()
        stopped = time.perf_counter()
        return {
            "memory of a task": (started - memory) / self.count,
            "memory with the declaration": (started - self._empty) / self.count,
            "CPU to start a task": cost / self.count * 1e6,
            "longest block at start": longest * 1e3,
            "stop": (stopped - stopping) * 1e3,
            "CPU per tick": ticking / ticks * 1e6 if ticks else math.nan,
            "ticks per second": ticks / elapsed,
            "lateness, median": percentiles[49] * 1e3,
            "lateness, 99th percentile": percentiles[98] * 1e3,
        }

    async def _start(self) -> tuple[float, float]:
        """Start the tasks; return the CPU seconds, and the longest turn of the loop in seconds."""
        ready = asyncio.get_running_loop()._ready  # type: ignore[attr-defined]  # noqa: SLF001 - asyncio's loops have one
        begun, longest = time.process_time(), 0.0
        starting = asyncio.create_task(self.subject.start())
        # Until nothing is to be done before the next timer: all have been started by then.
        while not starting.done() or ready:
            turn = time.perf_counter()
            await asyncio.sleep(0)
            longest = max(longest, time.perf_counter() - turn)
        starting.result()
        return time.process_time() - begun, longest


def main(name: str, count: str, period: str) -> None:
    """Measure the case that the arguments name and print it."""
    case = Case(SUBJECTS[name](), int(count), float(period))
    print(json.dumps(asyncio.run(case.measure())))


if __name__ == "__main__":
    main(*sys.argv[1:])
