"""What a scheduler adds to the start-up of an application: S67 promises 50 ms for 1,000 tasks.

Each figure is the median of its rounds, each round a process of its own: from the server's
`lifespan.startup` to the application's answer, with the scheduler and without. The start waits for
nothing, so what is judged is its CPU time, which is the same on a machine that others use. The exit
code is 1 where the promise is broken.
"""

import argparse
import asyncio
import json
import logging
import subprocess
import sys
import time
from statistics import median
from typing import Any

from starlette.applications import Starlette

from ostinato import Scheduler
from ostinato.asgi import ASGIApp

__all__ = ["main", "measure"]

LIMIT = 50.0
PROMISED_FOR = 1_000
COUNTS = (0, PROMISED_FOR, 10_000)
KINDS = ("every", "due at once", "cron", "threads")
LEVELS = ("WARNING", "INFO")


def main() -> int:
    """Measure every kind, print a table, and return whether the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=9, help="default: 9")
    parser.add_argument("--case", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.case is not None:
        kind, count, level = arguments.case
        print(json.dumps(asyncio.run(measure(kind, int(count), level))))
        return 0
    is_kept = True
    print(
        "| tasks | kind | log level | CPU, ms | slowest | by the clock, ms | turn behind it, ms |"
    )
    print("|---|---|---|---|---|---|---|")
    for count in COUNTS:
        for kind in KINDS if count else KINDS[:1]:
            for level in LEVELS:
                rounds = [_in_process(kind, count, level) for _ in range(arguments.rounds)]
                cpu = [each["CPU"] for each in rounds]
                by_clock = median(each["by the clock"] for each in rounds)
                behind = median(each["behind"] for each in rounds)
                figures = [median(cpu), max(cpu), by_clock, behind]
                row = (f"{count:,}", kind, level, *(f"{figure:.1f}" for figure in figures))
                print("|", " | ".join(row), "|")
                is_kept = is_kept and (count > PROMISED_FOR or median(cpu) < LIMIT)
    print("kept" if is_kept else f"broken: {PROMISED_FOR:,} tasks are to start in {LIMIT:g} ms")
    return 0 if is_kept else 1


async def measure(kind: str, count: int, level: str) -> dict[str, float]:
    """Start an application with *count* tasks of a *kind*; return what it took, in milliseconds."""
    logging.basicConfig(level=level, filename="/dev/null")
    app = Starlette()
    # The first start of an application imports and compiles what is not the scheduler's.
    await _start(Starlette())
    scheduler = Scheduler("memory://", enabled=True)
    for number in range(count):
        _declare(scheduler, kind, str(number))
    scheduler.attach(app)
    return await _start(app)


def _declare(scheduler: Scheduler, kind: str, name: str) -> None:
    match kind:
        case "every":
            scheduler.every(hours=1, start=3_600, name=name)(_on_loop)
        case "due at once":
            scheduler.every(hours=1, name=name)(_on_loop)
        case "cron":
            scheduler.cron("30 4 * * mon-fri", tz="Europe/Zurich", name=name)(_on_loop)
        case _:
            scheduler.every(hours=1, start=3_600, name=name)(_in_thread)


async def _on_loop() -> None: ...


def _in_thread() -> None: ...


async def _start(app: ASGIApp) -> dict[str, float]:
    """Start *app* as a server does, and shut it down again."""
    messages: asyncio.Queue[dict[str, str]] = asyncio.Queue()
    answers: asyncio.Queue[Any] = asyncio.Queue()
    scope = {"type": "lifespan", "state": {}}
    server = asyncio.ensure_future(app(scope, messages.get, answers.put))
    begun, begun_cpu = time.perf_counter(), time.process_time()
    await messages.put({"type": "lifespan.startup"})
    answer = await answers.get()
    started, started_cpu = time.perf_counter(), time.process_time()
    assert answer["type"] == "lifespan.startup.complete", answer  # noqa: S101 - else it is no figure
    # What the start has left for later is done when a timer of the loop comes round again.
    await asyncio.sleep(0.001)
    behind = time.perf_counter()
    await messages.put({"type": "lifespan.shutdown"})
    await server
    return {
        "CPU": (started_cpu - begun_cpu) * 1e3,
        "by the clock": (started - begun) * 1e3,
        "behind": (behind - started) * 1e3,
    }


def _in_process(kind: str, count: int, level: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.start_up", "--case", kind, str(count), level]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    figures: dict[str, float] = json.loads(ended.stdout)
    return figures


if __name__ == "__main__":
    sys.exit(main())
