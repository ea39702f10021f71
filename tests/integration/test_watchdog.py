"""S55: who blocks the event loop, found by a thread, in real time and with real blocking code."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from datetime import timedelta
from time import monotonic

import pytest

from ostinato import (
    ArgumentTypeError,
    InvalidArgumentError,
    ProblemKind,
    Scheduler,
    Scope,
)
from ostinato._engine._watchdog import Blocked, Watchdog
from ostinato.protocols import Event

BLOCKED = 0.2


def wait() -> None:
    """Block as a driver does that waits for its server."""
    threading.Event().wait(BLOCKED)


def compute() -> None:
    """Block as a loop over a large list does."""
    end = monotonic() + BLOCKED
    while monotonic() < end:
        pass


def blocking(block: Callable[[], None], pause: float) -> Callable[[], Awaitable[None]]:
    """Return a task's function that blocks, between two waits that do not."""

    async def task() -> None:
        await asyncio.sleep(pause)
        block()
        await asyncio.sleep(0.06)

    return task


async def nothing() -> None: ...


class Listener:
    """Hears of a blocked loop."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[Event] = asyncio.Queue()

    def wants(self, event_name: str, /) -> bool:
        return event_name == "ostinato.loop_blocked"

    def notify(self, event: Event, /) -> None:
        self._heard.put_nowait(event)

    async def hear(self, number: int) -> list[Event]:
        """Return what was told of the code here, once it is so much: a thread looks, now and then.

        A machine that does much else blocks whoever is at work, and nobody is wrong to tell.
        """
        heard: list[Event] = []
        async with asyncio.timeout(30):
            while len(heard) < number or not self._heard.empty():
                event = await self._heard.get()
                if f"({__file__}:" in str(event.facts["line"]):
                    heard.append(event)
        assert len(heard) == number
        return heard


async def test_s55_whoever_blocks_the_loop_is_named_with_the_line() -> None:
    """S55: 10 of 10 are found, each with its task and line, and nobody else is accused."""
    listener = Listener()
    scheduler = Scheduler("memory://", enabled=True, observers=[listener], watchdog=True)
    functions = [wait, compute] * 5
    for number, function in enumerate(functions):
        name, pause = f"task-{number}", number * 0.007
        scheduler.every(hours=1, name=name, start=3_600)(blocking(function, pause))
    # Busy, and innocent.
    scheduler.every(seconds=0.01, name="innocent", scope=Scope.PROCESS)(nothing)

    async with scheduler.running():
        for number in range(10):
            await scheduler.trigger(f"task-{number}", wait=True)
        events = await listener.hear(10)

    assert [event.task_name for event in events] == [f"task-{number}" for number in range(10)]
    for event, function in zip(events, functions, strict=True):
        assert str(event.facts["line"]).startswith(f"{function.__name__} ({__file__}:")
        stack = str(event.facts["stack"])
        assert ", in task\n" in stack
        assert "run_forever" not in stack
        seconds = event.facts["seconds"]
        assert isinstance(seconds, float)
        # How long exactly, a busy machine cannot tell.
        assert seconds >= BLOCKED / 2


async def test_s55_whatever_blocks_the_loop_beside_the_tasks_is_told_of(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S55: an endpoint, or anything else: the line is known, and no task is accused of it."""
    listener = Listener()
    scheduler = Scheduler("memory://", enabled=True, observers=[listener], watchdog=0.1)
    scheduler.every(seconds=0.01, name="innocent", scope=Scope.PROCESS)(nothing)

    async with scheduler.running():
        for _ in range(6):
            await blocking(wait, 0.06)()
        events = await listener.hear(6)
        health = await scheduler.health()

    assert [event.task_name for event in events] == [None] * 6
    record = next(each for each in caplog.records if "blocked" in each.message)
    assert record.message.startswith("The event loop was blocked for 0.")
    assert f", in wait ({__file__}:" in record.message
    (problem,) = health.problems
    assert (problem.kind, health.is_healthy) == (ProblemKind.LOOP_BLOCKED, True)


async def test_s55_what_blocks_the_loop_for_ever_is_told_of_meanwhile() -> None:
    """S55: from the watchdog's thread, for the loop will not turn to tell it."""
    notes: list[tuple[bool, float, bool]] = []
    is_told = threading.Event()

    def note(found: Blocked) -> None:
        notes.append((found.is_over, found.seconds, threading.current_thread().daemon))
        is_told.set()

    watchdog = Watchdog(asyncio.get_running_loop(), 0.1, note, patience=0.3)
    watchdog.start()

    await asyncio.sleep(0.06)
    assert is_told.wait(30)
    await asyncio.sleep(0.2)
    watchdog.stop()

    ((is_over, seconds, in_daemon),) = notes
    assert (is_over, in_daemon) == (False, True)
    assert seconds >= 0.3


@pytest.mark.parametrize(
    ("wish", "is_debugging", "is_under_test", "is_watched"),
    [
        (None, False, False, False),
        (None, True, False, True),
        (None, True, True, False),
        (False, True, False, False),
        (True, False, True, True),
        (timedelta(seconds=1), False, True, True),
    ],
)
async def test_s55_the_loop_is_watched_while_one_develops(
    *,
    wish: bool | timedelta | None,
    is_debugging: bool,
    is_under_test: bool,
    is_watched: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S55: in debug mode, and wherever it is asked for; a test may block as it likes."""
    loop = asyncio.get_running_loop()
    before = loop.get_debug()
    loop.set_debug(is_debugging)
    if not is_under_test:
        monkeypatch.delenv("PYTEST_CURRENT_TEST")
    scheduler = Scheduler("memory://", enabled=True, watchdog=wish)

    async with scheduler.running():
        watching = [each for each in threading.enumerate() if each.name == "ostinato-watchdog"]
    loop.set_debug(before)

    assert bool(watching) is is_watched
    for each in watching:
        each.join(30)


@pytest.mark.parametrize(
    ("wish", "error"),
    [(0.001, InvalidArgumentError), (3_600, InvalidArgumentError), ("1", ArgumentTypeError)],
)
def test_s55_what_cannot_be_watched_for_is_refused(wish: object, error: type[Exception]) -> None:
    """S55: less than 20 ms cannot be told apart from a busy machine."""
    with pytest.raises(error, match="watchdog"):
        Scheduler("memory://", watchdog=wish)
