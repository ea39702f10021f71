"""One case of `scheduler`: what a tick costs, in a process of its own.

Started as `python -m benchmarks._scheduler_ticks <subject> <body> <phases>`; prints one JSON
object.
"""

import asyncio
import itertools
import json
import random
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks._schedulers import SUBJECTS, Subject

__all__ = ["BODIES", "WORKLOADS", "measure"]

SETTLING = 1.2
WINDOW = 3.0

# How many tasks, and their period in seconds.
WORKLOADS = {"scattered": (1_000, 1.0), "together": (1_000, 1.0), "alone": (1, 0.005)}

# An iterator of C, because threads count too: what they add is never lost.
_ticks = itertools.count()


async def nothing() -> None:
    """Do nothing, as a coroutine function."""
    next(_ticks)


async def suspend() -> None:
    """Let the loop turn once, as every body that waits for something does."""
    next(_ticks)
    await asyncio.sleep(0)


def plain() -> None:
    """Do nothing, as a plain function."""
    next(_ticks)


BODIES: dict[str, Callable[[], Any]] = {"async": nothing, "suspends": suspend, "plain": plain}


async def measure(subject: Subject) -> dict[str, float]:
    """Return the CPU time of a tick in microseconds, over all threads, and the ticks a second.

    And how often the process was woken for each: on a busy machine the ticks of who drifts come
    together more and more, those on a grid do not.
    """
    await subject.start()
    await asyncio.sleep(SETTLING)
    woken = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw
    before, begun, wall = next(_ticks), time.process_time(), time.perf_counter()
    await asyncio.sleep(WINDOW)
    ended, elapsed, after = time.process_time(), time.perf_counter() - wall, next(_ticks)
    woken = resource.getrusage(resource.RUSAGE_SELF).ru_nvcsw - woken
    await subject.stop()
    ticks = after - before - 1
    return {
        "CPU per tick": (ended - begun) / ticks * 1e6,
        "ticks per second": ticks / elapsed,
        "wake-ups per 100 ticks": woken / ticks * 100,
    }


def main(name: str, body: str, phases: str) -> None:
    """Measure the case that the arguments name and print it."""
    chance = random.Random(1)  # noqa: S311 - the same phases for every case
    number, period = WORKLOADS[phases]
    subject = SUBJECTS[name]()
    for _ in range(number):
        # At the earliest when everything has started.
        share = chance.random() if phases == "scattered" else 0.5
        subject.declare(BODIES[body], period, 0.2 + round(share * period, 3))
    print(json.dumps(asyncio.run(measure(subject))))


if __name__ == "__main__":
    main(*sys.argv[1:])
