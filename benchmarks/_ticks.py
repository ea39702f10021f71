"""One case: what a tick costs one way to repeat, in a process of its own.

Started as `python -m benchmarks._ticks <repeater> <body> <phases>`; prints one JSON object.
"""

import asyncio
import itertools
import json
import random
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks._repeaters import REPEATERS, Repeater

__all__ = ["BODIES", "measure"]

TASKS = 1_000
PERIOD = 1.0
SETTLING = 1.2
WINDOW = 2.0

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


async def measure(repeat: Repeater, body: Callable[[], Any], phases: list[float]) -> float:
    """Return the CPU time of one tick in microseconds, over all threads of the process."""
    for phase in phases:
        await repeat(body, PERIOD, phase)
    await asyncio.sleep(SETTLING)
    before, begun = next(_ticks), time.process_time()
    await asyncio.sleep(WINDOW)
    ended, after = time.process_time(), next(_ticks)
    return (ended - begun) / (after - before - 1) * 1e6


def main(repeater: str, body: str, phases: str) -> None:
    """Measure the case that the arguments name and print it."""
    chance = random.Random(1)  # noqa: S311 - the same phases for every case
    together = phases == "together"
    waits = [PERIOD / 2 if together else chance.random() * PERIOD for _ in range(TASKS)]
    cost = asyncio.run(measure(REPEATERS[repeater], BODIES[body], waits))
    print(json.dumps({"CPU per tick": cost}))


if __name__ == "__main__":
    main(*sys.argv[1:])
