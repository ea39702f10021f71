"""Workers whose systems have different rules of one time zone, on a file that they share."""

import asyncio
from datetime import timedelta, timezone, tzinfo
from pathlib import Path

import pytest

from ostinato import Cron, Run, Scheduler
from ostinato.schedules._zone import Zone


@pytest.fixture
def anyio_backend() -> str:
    """Run on asyncio's own loop: what is shown is the store's."""
    return "asyncio"


def every_second(rules: tzinfo) -> Cron:
    """Return a cron of a zone that has these *rules*, whatever the system says."""
    cron = Cron("* * * * * *", tz="Europe/Zurich", seconds=True)
    object.__setattr__(cron, "zone", Zone("Europe/Zurich", rules))
    return cron


async def test_s44_workers_that_disagree_on_a_time_zone_run_no_tick_twice(tmp_path: Path) -> None:
    """S44: each claims the instant that the row holds, whoever has written it."""
    runs: asyncio.Queue[Run] = asyncio.Queue()

    def worker(rules: tzinfo) -> Scheduler:
        url = f"sqlite:///{tmp_path / 'state.db'}"
        scheduler = Scheduler(url, enabled=True, poll=0.1)

        async def task(run: Run) -> None:
            runs.put_nowait(run)

        scheduler.add(every_second(rules), task, name="task")
        return scheduler

    one, other = worker(timezone(timedelta(0))), worker(timezone(timedelta(milliseconds=500)))
    async with asyncio.timeout(60), one.running(), other.running():
        begun = [await runs.get() for _ in range(4)]
        history = await one.history("task")

    dues = [run._due for run in begun]
    assert dues == sorted(set(dues))
    assert {due % 500 for due in dues} == {0}
    assert [run.token for run in begun] == sorted({run.token for run in begun})
    assert {run._due for run in history} <= set(dues) | {dues[-1] + 500, dues[-1] + 1_000}
