"""What is entered in a thread is left, whenever the run is cancelled."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest

from ostinato.fastapi._threaded import ThreadedManager


class ByHand:
    """Makes no call before it is told to; who waits for it may be cancelled, like the engine's."""

    def __init__(self) -> None:
        self.calls: list[Callable[[], object]] = []
        self.futures: list[asyncio.Future[object]] = []
        self.owed: list[bool] = []

    async def __call__(self, call: Callable[[], object], *, is_owed: bool = False) -> object:
        self.owed.append(is_owed)
        self.calls.append(call)
        self.futures.append(asyncio.get_running_loop().create_future())
        return await self.futures[-1]

    def make(self, *, is_told: bool = True) -> None:
        """Make the next call, and tell who waits."""
        value, future = self.calls.pop(0)(), self.futures.pop(0)
        if is_told:
            future.set_result(value)


async def started(coroutine: Coroutine[Any, Any, object]) -> "asyncio.Task[object]":
    """Return the task of *coroutine*, which has handed over its call."""
    task = asyncio.create_task(coroutine)
    await turn()
    return task


async def turn() -> None:
    """Let everything run that can."""
    for _ in range(5):
        await asyncio.sleep(0)


async def cancel(task: "asyncio.Task[object]") -> None:
    task.cancel()
    await turn()


@pytest.fixture
def events() -> list[str]:
    return []


@pytest.fixture
def by_hand() -> ByHand:
    return ByHand()


@pytest.fixture
def manager(events: list[str], by_hand: ByHand) -> ThreadedManager:
    return ThreadedManager(session(events), by_hand)


@contextmanager
def session(
    events: list[str], begun: threading.Event | None = None, gate: threading.Event | None = None
) -> Iterator[str]:
    events.append("enter")
    if begun is not None and gate is not None:
        begun.set()
        gate.wait()
    try:
        yield "session"
    except BaseException as error:
        events.append(type(error).__name__)
        raise
    finally:
        events.append("leave")


async def test_it_is_entered_and_left(manager, by_hand, events) -> None:
    """The value comes from one call in a thread, the clean-up is another."""
    entering = await started(manager.__aenter__())
    by_hand.make()
    value = await entering

    leaving = await started(manager.__aexit__(None, None, None))
    by_hand.make()

    assert (value, await leaving, events) == ("session", False, ["enter", "leave"])
    assert by_hand.owed == [False, True]


async def test_a_run_that_is_cancelled_first_enters_nothing(manager, by_hand, events) -> None:
    """The call that was handed over is made, and finds that nobody waits."""
    entering = await started(manager.__aenter__())

    await cancel(entering)
    by_hand.make(is_told=False)

    assert entering.cancelled()
    assert events == []


async def test_a_thread_that_nobody_waits_for_leaves_what_it_enters(by_hand, events) -> None:
    """It cannot be interrupted: when its set-up has ended it cleans up by itself."""
    begun, gate = threading.Event(), threading.Event()
    manager = ThreadedManager(session(events, begun, gate), by_hand)
    entering = await started(manager.__aenter__())
    thread = threading.Thread(target=partial(by_hand.make, is_told=False))
    thread.start()
    begun.wait()

    await cancel(entering)
    assert entering.cancelled()
    gate.set()
    thread.join()

    assert events == ["enter", "CancelledError", "leave"]


async def test_what_a_cancelled_run_has_got_it_leaves(manager, by_hand, events) -> None:
    """Where the value and the cancellation meet, the session is left before the run ends."""
    entering = await started(manager.__aenter__())
    by_hand.make(is_told=False)

    await cancel(entering)
    assert not entering.done()
    by_hand.make()
    await turn()

    assert entering.cancelled()
    assert events == ["enter", "CancelledError", "leave"]


async def test_a_clean_up_is_waited_for_however_often_the_run_is_cancelled(
    manager, by_hand, events
) -> None:
    """What it commits must not come after the end of the run."""
    entering = await started(manager.__aenter__())
    by_hand.make()
    await entering
    leaving = await started(manager.__aexit__(None, None, None))

    await cancel(leaving)
    await cancel(leaving)
    assert not leaving.done()
    by_hand.make(is_told=False)
    await turn()

    assert leaving.cancelled()
    assert events == ["enter", "leave"]


async def test_a_clean_up_that_has_ended_is_not_waited_for(manager, by_hand, events) -> None:
    """The cancellation met its end."""
    entering = await started(manager.__aenter__())
    by_hand.make()
    await entering
    leaving = await started(manager.__aexit__(None, None, None))

    by_hand.make(is_told=False)
    await cancel(leaving)

    assert leaving.cancelled()
    assert events == ["enter", "leave"]


async def test_a_set_up_that_fails_is_not_left(by_hand) -> None:
    """Nothing was entered."""

    @contextmanager
    def failing() -> Iterator[None]:
        raise asyncio.CancelledError
        yield

    async def inline(call: Callable[[], object], **_options: bool) -> object:
        return call()

    with pytest.raises(asyncio.CancelledError):
        await ThreadedManager(failing(), inline).__aenter__()


def test_a_thread_does_not_mind_that_the_loop_has_gone(manager, events) -> None:
    """A server may leave its loop while a thread is at its clean-up."""
    loop = asyncio.new_event_loop()
    manager._enter()
    manager._waiter = loop.create_future()
    loop.close()

    manager._leave(None, None, None)

    assert events == ["enter", "leave"]
