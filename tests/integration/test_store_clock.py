"""The clock of a file is the machine's: what becomes of shared tasks when it is set."""

import asyncio
from collections import Counter
from pathlib import Path

from ostinato import Run, Scheduler
from ostinato._clock import SystemClock
from ostinato.testing import Recorder

HOUR = 3_600


class SetClock(SystemClock):
    """The machine's clock, which somebody sets."""

    def __init__(self) -> None:
        self.apart = 0.0

    def now(self) -> float:
        return super().now() + self.apart


async def test_s20_s21_an_interval_goes_on_when_the_clock_is_set_back_or_forward(tmp_path: Path):
    """S20, S21: within its period; no tick is run twice, and it is told of."""
    clock, recorder = SetClock(), Recorder()
    runs: asyncio.Queue[Run] = asyncio.Queue()

    def worker() -> Scheduler:
        url = f"sqlite:///{tmp_path / 'state.db'}"
        scheduler = Scheduler(url, clock=clock, enabled=True, poll=0.1, observers=[recorder])

        @scheduler.every(seconds=0.1, name="task")
        async def task(run: Run) -> None:
            runs.put_nowait(run)

        return scheduler

    one, other = worker(), worker()
    async with asyncio.timeout(60), one.running(), other.running():
        before = [await runs.get() for _ in range(3)]
        clock.apart = -2 * HOUR
        back = [await runs.get() for _ in range(4)]
        clock.apart = 0.0
        forth = [await runs.get() for _ in range(4)]

    all_runs = [*before, *back, *forth]
    while not runs.empty():
        all_runs.append(runs.get_nowait())
    assert max(Counter(run.id for run in all_runs).values()) == 1
    assert back[-1]._due < before[0]._due - HOUR * 1_000
    assert forth[-1]._due > before[0]._due
    assert [run.token for run in all_runs] == sorted({run.token for run in all_runs})
    told = Counter(event.name for event in recorder.events)
    # By the one of them who has moved it, though both have found the same.
    assert told["ostinato.anchor_reset"] == 1
