"""Health over a store that workers share: it hangs, or another worker falls silent."""

import asyncio
import threading
from collections.abc import Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic

from ostinato import HealthStatus, ProblemKind, Scheduler
from ostinato._clock import SystemClock
from ostinato._lease import Registration, Reply
from ostinato.stores import open_store
from ostinato.stores.memory import MemoryStore


async def nothing() -> None: ...


class Hanging(MemoryStore):
    """A store that answers at once, or for a while not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.answers, self.asked = threading.Event(), 0
        self.answers.set()

    def read(self, names: Sequence[str] | None = None, /) -> Reply:
        if names is None:
            self.asked += 1
            self.answers.wait(30)
        return super().read(names)


async def test_a_store_that_hangs_is_told_of_within_two_seconds() -> None:
    """However many ask meanwhile, it is asked once; when it answers, all is well again."""
    # Its own looks at the store are not counted: it does not look.
    scheduler, store = Scheduler(enabled=True, poll=3_600, lease=3_600), Hanging()
    scheduler.every(hours=1)(nothing)
    worker = scheduler._equipment.worker(
        None, None, SystemClock(), store, is_live=True, follows_host=False
    )
    assert worker.sharing is not None
    await worker.sharing.open()
    scheduler._start(worker, where="in a test")
    assert (await scheduler.health()).status is HealthStatus.OK
    store.answers.clear()
    store.asked, begun = 0, monotonic()

    checks = await asyncio.gather(*(scheduler.health() for _ in range(3)))

    took = monotonic() - begun
    store.answers.set()
    kinds = [each.kind for check in checks for each in check.problems]
    assert kinds == [ProblemKind.STORE_UNREACHABLE] * 3
    assert 1.5 < took < 2.9
    assert store.asked == 1
    assert (await scheduler.health()).status is HealthStatus.OK
    assert store.asked <= 2
    await scheduler._stop(worker)


async def test_a_worker_sees_that_others_have_fallen_silent(tmp_path: Path) -> None:
    """By the store's table: not who left, nor who is still seen, nor whom another has replaced."""
    address = f"sqlite:///{tmp_path}/state.db"
    now = round(SystemClock().now() * 1_000)
    with ExitStack() as stack:
        for name, ago in (
            ("silent", 40),
            ("replaced", 50),
            ("too", 60),
            ("seen", 0),
            ("left", 40),
        ):
            store = stack.enter_context(closing(open_store(address)))
            store.open("default", name, lambda ago=ago: float(now - ago * 1_000))
            store.register([Registration(name, "every 3600000 ms", now + 3_600_000)])
            if name == "left":
                store.close()
        scheduler = Scheduler(address, enabled=True)
        scheduler.every(hours=1)(nothing)
        async with scheduler.running():
            health = await scheduler.health()
            async with asyncio.timeout(60):
                # It may not have made itself known yet.
                while len(health.problems) > 1:
                    health = await scheduler.health()

    # Two have begun since: the one that is seen, and this one.
    (problem,) = health.problems
    assert problem.kind is ProblemKind.SILENT_WORKER
    assert problem.since == datetime.fromtimestamp((now - 60_000) / 1_000, UTC)
    assert "has not been seen for" in problem.words
    assert health.is_healthy
