"""One case of `virtual_day`, in a process of its own; prints one JSON object."""

import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta

from ostinato import Scheduler
from ostinato.testing import simulate

__all__ = ["simulate_a_day"]

# How many tasks have which period in seconds. Eleven minutes are no part of a day.
PERIODS = {
    1: 4,
    2: 1,
    5: 4,
    10: 8,
    15: 4,
    20: 3,
    30: 10,
    60: 12,
    90: 41,
    120: 44,
    300: 53,
    600: 7,
    660: 2,
    900: 50,
    1800: 42,
    3600: 30,
}
TASKS, TICKS = 315, 704_230
# Of the day's two midnights the first belongs to it.
_DAY = timedelta(days=1, milliseconds=-1)

_ticks: list[int] = [0]


async def simulate_a_day() -> tuple[float, float]:
    """Return the seconds on the wall, and of the CPU, that a virtual day takes."""
    scheduler = Scheduler("memory://", enabled=True)
    for period, number in PERIODS.items():
        for count in range(number):
            scheduler.every(seconds=period, name=f"every {period} s, {count}")(_body())
    begun, cpu = time.perf_counter(), time.process_time()
    async with simulate(scheduler) as simulation:
        await simulation.advance(seconds=_DAY)
        return time.perf_counter() - begun, time.process_time() - cpu


def _body() -> Callable[[], Awaitable[None]]:
    async def tick() -> None:
        _ticks[0] += 1

    return tick


def main() -> None:
    """Measure, and print it."""
    wall, cpu = asyncio.run(simulate_a_day())
    if sum(PERIODS.values()) != TASKS or _ticks[0] != TICKS:
        sys.exit(f"{_ticks[0]:,} ticks of {sum(PERIODS.values())} tasks, not {TICKS:,} of {TASKS}")
    print(json.dumps({"wall time": wall, "CPU time": cpu, "ticks": _ticks[0]}))


if __name__ == "__main__":
    main()
