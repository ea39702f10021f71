"""One case: what it costs to start repetitions and to keep them, in a process of its own.

Started as `python -m benchmarks._start <repeater> <count>`; prints one JSON object.
"""

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path

from benchmarks._repeaters import REPEATERS, Repeater

__all__ = ["measure"]

NEVER = 3_600.0


async def nothing() -> None:
    """Be repeated, and never run."""


async def measure(repeat: Repeater, count: int) -> dict[str, float]:
    """Declare and start *count* repetitions; return what one has cost."""
    # One is started before, so that imports and the first growth of everything are not counted.
    await repeat(nothing, NEVER, NEVER)
    await asyncio.sleep(0.01)
    gc.collect()
    memory, begun = resident_bytes(), time.process_time()
    for _ in range(count):
        await repeat(nothing, NEVER, NEVER)
    # Two turns of the loop, until every one waits for its first run.
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ended = time.process_time()
    gc.collect()
    return {
        "CPU to start one": (ended - begun) / count * 1e6,
        "memory of one": (resident_bytes() - memory) / count / 1024,
    }


def resident_bytes() -> int:
    """Return how much memory the process holds (Linux)."""
    pages = int(Path("/proc/self/statm").read_text("ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure(REPEATERS[sys.argv[1]], int(sys.argv[2])))))
