"""One case of `watchdog`, in a process of its own; prints one JSON object."""

import asyncio
import json
import sys
import time

from ostinato import Scheduler, Scope

__all__ = ["watch"]

_SECONDS = 20.0
_PERIODS = {"idle": 3_600.0, "busy": 0.01}


async def _nothing() -> None: ...


async def watch(load: str, *, watchdog: bool) -> dict[str, float]:
    """Return the CPU that a process takes whose loop is watched, or not, in % of a core.

    Args:
        load: Whether its loop has nothing to do, or a tick every 10 ms.
        watchdog: Whether it is watched.
    """
    scheduler = Scheduler("memory://", enabled=True, watchdog=watchdog)
    scheduler.every(seconds=_PERIODS[load], scope=Scope.PROCESS)(_nothing)
    async with scheduler.running():
        # What is done once is not counted.
        await asyncio.sleep(0.5)
        begun, cpu = time.perf_counter(), time.process_time()
        await asyncio.sleep(_SECONDS)
        took = time.perf_counter() - begun
        return {"CPU": (time.process_time() - cpu) / took * 100}


if __name__ == "__main__":
    print(json.dumps(asyncio.run(watch(sys.argv[1], watchdog=sys.argv[2] == "watched"))))
