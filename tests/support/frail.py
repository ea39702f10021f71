"""A store that fails where it is told to, and a scheduler that has it, in virtual time."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from random import Random

from ostinato import Run, Scheduler
from ostinato.stores.memory import MemoryStore
from ostinato.testing import ManualClock, Recorder
from ostinato.testing._simulation import _virtual
from tests.support.simulated import START

__all__ = ["Frail", "Frame"]


class Frail:
    """A store that raises what it is told to, where it is told to, and else remembers."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.failing: dict[str, Exception] = {}
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> object:
        self.asked.append(name)
        if (error := self.failing.get(name)) is not None:

            def fail(*_: object) -> None:
                raise error

            return fail
        return getattr(self.memory, name)


class Frame:
    """A scheduler with a frail store, in virtual time."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.scheduler = Scheduler(observers=[self.recorder])
        self.store, self.clock = Frail(), ManualClock(START)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        """Run the scheduler."""
        worker = self.scheduler._equipment.worker(None, None, self.clock, self.store, is_live=True)
        worker.environment.random = Random(7)
        with _virtual(worker, self.clock):
            self.scheduler._start(worker, where="in a test")
            try:
                yield
            finally:
                self.scheduler._worker = None
                stopping = asyncio.ensure_future(worker.stop(0))
                await self.clock._settle()
                while not stopping.done():
                    await self.clock._step()
                await stopping

    def runs(self, name: str) -> list[Run]:
        """Return the runs of the task *name*."""
        return [run for run in self.store.memory.runs(name, 100) if run.reason is None][::-1]

    def told(self) -> list[str]:
        """Return what was told of the store."""
        names = [event.name.removeprefix("ostinato.") for event in self.recorder.events]
        return [name for name in names if name.startswith("store_")]
