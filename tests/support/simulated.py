"""What tests of schedulers in virtual time share: short ways to say what happened, and when."""

import asyncio
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime, timedelta

from ostinato import Run, Scheduler, SkipReason
from ostinato.testing import Simulation
from ostinato.testing._clock import _settle

__all__ = [
    "START",
    "Gate",
    "at",
    "block",
    "dues",
    "ends",
    "let_threads_be",
    "milliseconds",
    "recorded",
    "skips",
    "sleeping",
    "starts",
    "threads_ended",
    "told",
]

_PATIENCE = 10.0

START = datetime(2030, 1, 1, tzinfo=UTC)


def at(seconds: float) -> datetime:
    """Return the instant *seconds* after the start of a simulation."""
    return START + timedelta(seconds=seconds)


def _seconds(instant: datetime | None) -> float:
    assert instant is not None
    return (instant - START).total_seconds()


def dues(runs: Iterable[Run]) -> list[float]:
    """Return when *runs* were due, in seconds after the start."""
    return [_seconds(run.due) for run in runs]


def starts(runs: Iterable[Run]) -> list[float]:
    """Return when *runs* began, in seconds after the start."""
    return [_seconds(run.started) for run in runs]


def ends(runs: Iterable[Run]) -> list[tuple[float, str]]:
    """Return when *runs* were due, and how they ended."""
    return [(_seconds(run.due), str(run.outcome)) for run in runs]


def skips(sim: Simulation, task: object) -> list[tuple[float, float, int, SkipReason | None]]:
    """Return the ranges of skipped ticks: first, last, number, reason."""
    return [
        (_seconds(each.due), _seconds(each.last_due), each.count, each.reason)
        for each in sim.skipped(task)
    ]


def told(sim: Simulation) -> Counter[str]:
    """Return how often each event was told."""
    return Counter(event.name.removeprefix("ostinato.") for event in sim.events)


async def recorded(scheduler: Scheduler, task: object) -> dict[str, int]:
    """Return how many ticks of *task* ended in which outcome or skip reason."""
    return dict((await scheduler.status(task)).counts)


def block(sim: Simulation, seconds: float) -> None:
    """Let time pass in which the event loop does nothing: blocked, or its machine suspended."""
    sim.clock._elapsed += round(seconds * 1_000_000)


def sleeping(seconds: float) -> Callable[[], Awaitable[None]]:
    """Return a task that takes *seconds*."""

    async def sleep() -> None:
        await asyncio.sleep(seconds)

    return sleep


class Gate:
    """A function that keeps its thread until it is released."""

    def __init__(self) -> None:
        """Be closed."""
        self._loop = asyncio.get_running_loop()
        self._begun = asyncio.Event()
        self._released = threading.Event()

    def keep(self) -> None:
        """Tell that the thread has begun, and keep it."""
        self._loop.call_soon_threadsafe(self._begun.set)
        assert self._released.wait(_PATIENCE), "the test has not released its thread"

    async def begun(self) -> None:
        """Wait until a thread has begun, and be ready for the next one."""
        await self._begun.wait()
        self._begun.clear()

    def release(self) -> None:
        """Let all threads end, and those to come."""
        self._released.set()


def let_threads_be(sim: Simulation) -> None:
    """Let virtual time pass while threads are at work."""
    sim.clock._settle = _settle


async def threads_ended(sim: Simulation) -> None:
    """Wait until no thread is at work, and what follows on it has happened."""
    threads, loop = sim._worker.environment.threads, asyncio.get_running_loop()
    while threads.outstanding(loop):
        await threads.next_end(loop)
    await _settle()


def milliseconds(instant: datetime) -> int:
    """Return *instant* as a store keeps it."""
    return round(instant.timestamp() * 1_000)
