"""What fails at a start leaves no scheduler, or only its own task behind."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

import pytest

from ostinato import NotRunningError, Scheduler, Scope, TaskState
from ostinato.schedules import Composable
from ostinato.testing import ManualClock, simulate
from tests.support.simulated import dues, told


async def nothing() -> None: ...


class Broken(Composable):
    """A schedule of a user's own that raises where it is asked."""

    def __init__(self, *, describes: bool = True) -> None:
        self.describes = describes

    @property
    def text(self) -> str:
        return "broken"

    def next_after(self, instant: datetime, /) -> datetime | None:
        raise LookupError("no calendar")

    def describe(self) -> str:
        if not self.describes:
            raise LookupError("no words")
        return "broken"


@contextmanager
def failing_logger(error: BaseException) -> Iterator[None]:
    """Let each record of the logger `ostinato` raise *error*."""

    def fail(_record: logging.LogRecord) -> bool:
        raise error

    logger = logging.getLogger("ostinato")
    level = logger.level
    logger.addFilter(fail)
    logger.setLevel(logging.INFO)
    try:
        yield
    finally:
        logger.removeFilter(fail)
        logger.setLevel(level)


@pytest.mark.parametrize("number", [0, 1, 3], ids=["no tasks", "one", "several workers"])
@pytest.mark.parametrize("error", [ConnectionError("the log is full"), SystemExit(1)])
async def test_s66_a_logger_that_raises_does_not_keep_a_scheduler_from_starting(
    number: int,
    error: BaseException,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """S66: what it did not take is on stderr, and the tasks run."""
    clock, ran = ManualClock(), []
    scheduler = Scheduler(clock=clock, enabled=True)
    if number > 1:
        monkeypatch.setenv("WEB_CONCURRENCY", "4")
    for each in range(number):
        scheduler.every(seconds=10, name=str(each))(lambda: ran.append(1))

    with failing_logger(error):
        async with scheduler.running():
            await clock.advance(seconds=5)
            for each in scheduler.tasks:
                await scheduler.trigger(each, wait=True)

    assert len(ran) >= number
    assert type(error).__name__ in capsys.readouterr().err


async def test_s73_a_keyboard_interrupt_ends_the_start() -> None:
    """S73: it is the only thing that a logger lets through, and nothing is left running."""
    clock, ran = ManualClock(), []
    scheduler = Scheduler(clock=clock, enabled=True)
    scheduler.every(seconds=10)(lambda: ran.append(1))

    with failing_logger(KeyboardInterrupt()), pytest.raises(KeyboardInterrupt):
        async with scheduler.running():
            pass
    await clock.advance(minutes=1)

    assert ran == []
    with pytest.raises(NotRunningError):
        await scheduler.status()


async def test_s73_a_start_that_fails_leaves_nothing_running() -> None:
    """S73: the error reaches the caller, no timer and no thread is left, and the next one works."""

    class Stuttering(ManualClock):
        def now(self) -> float:
            self.looks += 1
            if self.fails and self.looks > 1:
                raise OSError("no clock")
            return super().now()

        fails, looks = True, 0

    clock, ran, done = Stuttering(), [], []
    scheduler = Scheduler(clock=clock, enabled=True)
    scheduler.every(seconds=10, name="task")(lambda: ran.append(1))
    scheduler.every(seconds=10, name="over", max_runs=0, on_complete=lambda: done.append(1))(
        nothing
    )
    tasks, threads = asyncio.all_tasks(), threading.active_count()

    with pytest.raises(OSError, match="no clock"):
        async with scheduler.running():
            pass
    await clock.advance(minutes=1)

    with pytest.raises(NotRunningError):
        await scheduler.status("task")
    assert (ran, done, asyncio.all_tasks()) == ([], [], tasks)
    assert threading.active_count() <= threads
    clock.fails = False
    async with scheduler.running():
        assert (await scheduler.status("task")).state is TaskState.WAITING


@pytest.mark.parametrize("scope", Scope)
async def test_s57_a_schedule_that_raises_at_the_start_stops_its_task(scope: Scope) -> None:
    """S57: the others run, and one record says which does not."""
    scheduler = Scheduler()
    scheduler.add(Broken(), nothing, name="broken", scope=scope)
    scheduler.every(seconds=10, name="whole")(nothing)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=15)
        status = await scheduler.status("broken")

    assert dues(sim.runs("whole")) == [0, 10]
    assert sim.runs("broken") == []
    assert (status.state, status.reason) == (
        TaskState.STOPPED,
        "its schedule raised LookupError: no calendar",
    )
    assert told(sim)["task_stopped"] == 1


async def test_s66_a_schedule_that_cannot_be_shown_does_not_stop_the_start(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S66: the table has all the others, and says what is the matter with this one."""
    caplog.set_level(logging.INFO, "ostinato")
    scheduler = Scheduler()
    scheduler.add(Broken(describes=False), nothing, name="broken")
    scheduler.every(seconds=10, name="whole")(nothing)

    async with simulate(scheduler):
        pass

    (table,) = [each.getMessage() for each in caplog.records if each.levelno == logging.INFO]
    assert "broken" in table
    assert "raises LookupError" in table
    assert "whole" in table
