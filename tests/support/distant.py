"""A scheduler whose store is far away: what is asked, or answered, may get lost, or never come."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from ostinato import Run, RunKind, Scheduler
from ostinato._clock import SystemClock
from ostinato.errors import StoreUnavailableError
from ostinato.stores.memory import MemoryStore
from ostinato.testing import Recorder


class Distant:
    """A store whose questions, or answers, get lost as often as it is told."""

    def __init__(self) -> None:
        self.memory = MemoryStore()
        self.unasked: Counter[str] = Counter()
        self.unanswered: Counter[str] = Counter()
        # What happens while the answer is under way.
        self.meanwhile: dict[str, Callable[[], object]] = {}

    def forget(self) -> None:
        """Come back with nothing."""
        forgetful = MemoryStore()
        forgetful.open(*self._opened)
        self.memory = forgetful

    def __getattr__(self, name: str) -> Callable[..., Any]:
        def call(*operands: Any) -> Any:
            if name == "open":
                self._opened = operands
            if self.unasked[name]:
                self.unasked[name] -= 1
                raise StoreUnavailableError("distant", ConnectionError("no way there"))
            answer = getattr(self.memory, name)(*operands)
            self.meanwhile.get(name, int)()
            if self.unanswered[name]:
                self.unanswered[name] -= 1
                raise StoreUnavailableError("distant", ConnectionError("no way back"))
            return answer

        return call


class Frame:
    """A scheduler whose store is distant."""

    def __init__(
        self,
        lease: float = 10,
        *,
        store: Distant | None = None,
        threads: int = 8,
        clock: SystemClock | None = None,
    ) -> None:
        self.recorder = Recorder()
        self.clock = clock or SystemClock()
        self.scheduler = Scheduler(
            observers=[self.recorder], lease=lease, poll=0.05, threads=threads
        )
        self.store = store or Distant()
        self.runs: asyncio.Queue[Run] = asyncio.Queue()

        @self.scheduler.every(seconds=0.1, name="beat")
        async def beat(run: Run) -> None:
            self.runs.put_nowait(run)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[None]:
        equipment, clock = self.scheduler._equipment, self.clock
        worker = equipment.worker(None, None, clock, self.store, is_live=True, follows_host=True)
        assert worker.sharing is not None
        await worker.sharing.open()
        self.scheduler._start(worker, where="in a test")
        async with asyncio.timeout(60):
            yield
        await self.scheduler._stop(worker)

    def told(self) -> Counter[str]:
        return Counter(event.name.removeprefix("ostinato.") for event in self.recorder.events)

    def ended(self) -> list[Run]:
        return [run for run in self.store.memory.runs("beat", 1_000) if run.kind is RunKind.TICK]
