"""What a worker does: its tasks write a line for whatever begins or ends."""

import asyncio
import os
import signal
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from ostinato import AlreadyRunningError, History, Overlap, Run, Scheduler, Scope
from ostinato._clock import SystemClock
from ostinato._frequency import Frequency

LEASE, PERIOD = 2.0, 0.2
USUAL = ("beat", "plain", "hourly", "long")


class Journal:
    """One file for all workers: a line is written in one piece."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)

    def write(self, *words: object) -> None:
        line = "\t".join(map(str, (*words, os.getpid())))
        os.write(self._file, f"{line}\n".encode())

    def begin(self, kind: str, run: Run) -> None:
        lateness = (datetime.now(run.due.tzinfo) - run.due).total_seconds()
        self.write(kind, run.due.isoformat(), run.token, f"{lateness:.3f}")


class SkewedClock(SystemClock):
    """The time of a machine whose clock is wrong."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def now(self) -> float:
        return super().now() + self._seconds


def declare(
    scheduler: Scheduler, journal: Journal, name: str, period: float, begin: float | None
) -> None:
    """Declare the task *name* on *scheduler*, to be due first when it is to *begin*."""

    async def beat(run: Run) -> None:
        journal.begin(name, run)

    def plain(run: Run) -> None:
        journal.begin(name, run)

    async def long(run: Run) -> None:
        journal.begin("long begins", run)
        try:
            # Time goes on for a process that is stopped: longer than any stop.
            await asyncio.sleep(300)
        except asyncio.CancelledError:
            journal.write("long is lost" if run.lease_lost.is_set() else "long is ended")
            raise

    async def blocking(run: Run) -> None:
        journal.begin("blocking begins", run)
        time.sleep(2.5 * LEASE)  # noqa: ASYNC251 - what is to be shown
        journal.write("blocking ends", run.due.isoformat(), run.lease_lost.is_set())

    async def slow(run: Run) -> None:
        journal.begin(f"{name} begins", run)
        await asyncio.sleep(3.5 * period)
        journal.begin(f"{name} ends", run)

    kind, _, policy = name.partition("-")
    options: dict[str, Any] = {}
    if kind == "slow":
        options["overlap"] = Overlap(policy)
    if kind == "local":
        options["scope"] = Scope.PROCESS
    if begin is not None:
        options["start"] = datetime.fromtimestamp(begin, UTC)
    functions: dict[str, Callable[[Run], Any]] = {
        "plain": plain,
        "long": long,
        "blocking": blocking,
        "slow": slow,
    }
    periods = {"hourly": 3_600.0, "manual": 3_600.0, "many": 3_600.0, "long": 1.0, "blocking": 1.0}
    decorate = scheduler.every(seconds=periods.get(kind, period), name=name, **options)
    decorate(functions.get(kind, beat))


def hurry(scheduler: Scheduler) -> None:
    """Let tasks be due more often than a server is asked, so that nobody waits for a test."""
    scheduler._preparation.frequency = Frequency("a server that is near", is_near=True)


async def work(
    address: str,
    journal: str,
    *,
    name: str = "default",
    tasks: Sequence[str] = USUAL,
    period: float = PERIOD,
    skew: float = 0.0,
    kept: int = 1_000,
    begin: float | None = None,
    **options: Any,
) -> None:
    """Run *tasks* until somebody asks for the end."""
    lines, ended, loop = Journal(journal), asyncio.Event(), asyncio.get_running_loop()
    chosen = {"lease": LEASE, "poll": 0.5, "shutdown_grace": 0.3, "enabled": True, **options}
    chosen["history"] = History(runs=kept)
    scheduler = Scheduler(address, name=name, clock=SkewedClock(skew), **chosen)
    hurry(scheduler)
    for task in tasks:
        declare(scheduler, lines, task, period, begin)

    async def trigger() -> None:
        try:
            run = await scheduler.trigger(tasks[0], wait=False)
        except AlreadyRunningError:
            lines.write("trigger refused")
        else:
            lines.write("triggered", run.id)

    def begin(steering: Callable[[], Any]) -> None:
        task = loop.create_task(steering())
        kept.add(task)
        task.add_done_callback(kept.discard)

    kept = set[asyncio.Task[None]]()
    steered = {
        signal.SIGUSR1: lambda: scheduler.pause(tasks[0], reason="by hand"),
        signal.SIGUSR2: trigger,
        signal.SIGHUP: lambda: scheduler.resume(tasks[0]),
    }
    loop.add_signal_handler(signal.SIGTERM, ended.set)
    for number, steering in steered.items():
        loop.add_signal_handler(number, begin, steering)
    async with scheduler.running():
        lines.write("ready")
        await ended.wait()
    lines.write("gone")
