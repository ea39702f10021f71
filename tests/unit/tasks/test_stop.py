"""How a repetition ends."""

import asyncio
import contextlib
import logging
import threading
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from ostinato import ForeignLoopError, Repetition, repeat_every, tasks
from tests.support.virtual_time import VirtualTimeLoop, advance, turn


async def nothing() -> None: ...


async def test_s68_stop_between_two_runs_ends_at_once() -> None:
    """S68: `stop` in a wait ends the repetition; `on_complete` is not called."""
    completed: list[int] = []
    repetition = await repeat_every(
        seconds=10, max_repetitions=3, on_complete=lambda: completed.append(1)
    )(nothing)()
    await advance(5)

    await repetition.stop()

    assert (repetition.running, repetition.runs) == (False, 1)
    await advance(100)
    assert (repetition.runs, completed) == (1, [])


async def test_s68_stop_before_the_first_turn_runs_nothing() -> None:
    """S68: `stop` right after the start leaves no run."""
    repetition = await repeat_every(seconds=10)(nothing)()

    await repetition.stop()

    assert (repetition.running, repetition.runs) == (False, 0)


async def test_s68_stop_twice_is_harmless() -> None:
    """S68: a repetition that has ended can be stopped again, by several at once too."""
    repetition = await repeat_every(seconds=10)(nothing)()

    await asyncio.gather(repetition.stop(), repetition.stop())
    await repetition.stop()

    assert not repetition.running


async def test_s68_stop_cancels_an_async_run_and_awaits_its_end() -> None:
    """S68: `stop` cancels an `async def` run and returns after its clean-up."""
    steps: list[str] = []

    async def slow() -> None:
        try:
            await advance(100)
        finally:
            await advance(2)
            steps.append("cleaned up")

    repetition = await repeat_every(seconds=10)(slow)()
    await advance(5)

    await repetition.stop()

    assert steps == ["cleaned up"]
    assert not repetition.running


async def test_s68_a_run_that_swallows_the_cancellation_is_the_last() -> None:
    """S68: a body that answers its cancellation by returning ends the repetition all the same."""

    async def stubborn() -> None:
        try:
            await advance(100)
        except asyncio.CancelledError:
            return

    repetition = await repeat_every(seconds=10)(stubborn)()
    await advance(5)

    await repetition.stop()

    assert (repetition.running, repetition.runs) == (False, 1)


async def test_s68_a_run_that_is_cut_short_is_not_counted() -> None:
    """S68: a cancelled run has not ended by itself."""

    async def slow() -> None:
        await advance(100)

    repetition = await repeat_every(seconds=10)(slow)()
    await advance(5)

    await repetition.stop()

    assert repetition.runs == 0


async def test_a_failing_clean_up_is_logged_when_stopped(caplog: pytest.LogCaptureFixture) -> None:
    """What a cancelled run raises on its way out is a failure, and logged."""

    async def slow() -> None:
        try:
            await advance(100)
        finally:
            message = "the clean-up failed"
            raise ValueError(message)

    repetition = await repeat_every(seconds=10)(slow)()
    await advance(5)

    await repetition.stop()

    assert isinstance(repetition.last_error, ValueError)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


class Blocking:
    """A plain function that blocks in its thread until it is let go."""

    def __init__(self) -> None:
        self.began, self.go = threading.Event(), threading.Event()
        self.runs = 0

    def run(self) -> None:
        self.began.set()
        self.go.wait(10)
        self.runs += 1

    async def until_it_runs(self) -> None:
        while not self.began.is_set():
            await turn()


async def test_s68_stop_waits_for_a_thread_that_is_at_work() -> None:
    """S68: a `def` run cannot be interrupted: `stop` returns once it has ended."""
    blocking = Blocking()
    repetition = await repeat_every(seconds=10)(blocking.run)()
    await blocking.until_it_runs()

    stopping = asyncio.ensure_future(repetition.stop())
    asyncio.get_running_loop().call_later(0, blocking.go.set)
    await stopping

    assert (blocking.runs, repetition.runs, repetition.running) == (1, 1, False)


async def test_a_stop_that_is_given_up_still_ends_the_repetition() -> None:
    """A `stop` bounded by a timeout leaves no further run, though one is still under way."""
    blocking = Blocking()
    repetition = await repeat_every(seconds=10)(blocking.run)()
    await blocking.until_it_runs()

    stopping = asyncio.ensure_future(repetition.stop())
    await turn()
    stopping.cancel()
    still_running = repetition.running
    blocking.go.set()
    await advance(100)

    assert (still_running, repetition.running, blocking.runs) == (True, False, 1)


async def test_a_run_that_waits_for_a_thread_is_taken_back() -> None:
    """A `def` run that has no thread yet never runs once it is stopped."""
    blockers = [Blocking() for _ in range(8)]
    holders = [await repeat_every(seconds=10)(blocker.run)() for blocker in blockers]
    for blocker in blockers:
        await blocker.until_it_runs()
    late = Blocking()
    repetition = await repeat_every(seconds=10)(late.run)()
    await turn()
    await turn()

    await repetition.stop()
    for blocker in blockers:
        blocker.go.set()
    for holder in holders:
        await holder.stop()

    assert not late.began.is_set()
    assert (repetition.runs, repetition.running) == (0, False)


async def test_s68_a_run_can_stop_its_own_repetition() -> None:
    """S68: called from inside a run, `stop` returns at once and that run is the last."""
    handle: list[Repetition] = []
    steps: list[str] = []

    async def body() -> None:
        await handle[0].stop()
        await advance(1)
        steps.append("went on after stop")

    handle.append(await repeat_every(seconds=10)(body)())
    await advance(50)

    assert (steps, handle[0].running, handle[0].runs) == (["went on after stop"], False, 1)


async def test_a_run_in_a_thread_can_stop_its_own_repetition() -> None:
    """From a thread, too: by the loop, and without waiting for itself."""
    loop, handle = asyncio.get_running_loop(), list[Repetition]()

    def body() -> None:
        asyncio.run_coroutine_threadsafe(handle[0].stop(), loop).result(10)

    handle.append(await repeat_every(seconds=10)(body)())
    await advance(50)

    assert (handle[0].running, handle[0].runs) == (False, 1)


async def test_a_hook_can_stop_the_repetition() -> None:
    """A hook belongs to the run: it can stop the repetition without waiting for itself."""
    handle: list[Repetition] = []

    def fail() -> None:
        raise ValueError

    async def stop(_: Exception) -> None:
        await handle[0].stop()

    handle.append(await repeat_every(seconds=10, on_exception=stop)(fail)())
    await advance(50)

    assert (handle[0].running, handle[0].runs) == (False, 1)


async def test_on_complete_can_stop_the_repetition() -> None:
    """The last hook is one of its own calls as well, and goes on to its end."""
    handle: list[Repetition] = []
    steps: list[str] = []

    async def complete() -> None:
        await handle[0].stop()
        await advance(1)
        steps.append("went on after stop")

    handle.append(
        await repeat_every(seconds=10, max_repetitions=1, on_complete=complete)(nothing)()
    )
    await advance(50)

    assert (steps, handle[0].running) == (["went on after stop"], False)


async def test_s68_a_task_that_a_run_has_started_can_stop_it_between_two_runs() -> None:
    """S68: between two runs `stop` ends the repetition, whoever calls it."""
    handle: list[Repetition] = []
    stoppers: list[asyncio.Task[None]] = []

    async def stop_later() -> None:
        await advance(5)
        await handle[0].stop()

    async def body() -> None:
        stoppers.append(asyncio.ensure_future(stop_later()))

    handle.append(await repeat_every(seconds=10)(body)())
    await advance(5.5)

    assert (handle[0].running, handle[0].runs) == (False, 1)
    await stoppers[0]


def test_s70_the_end_of_the_loop_cancels_an_async_run_after_its_clean_up(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S70: the loop's end cancels the run, whose `finally` is executed; an INFO record says so."""
    steps: list[str] = []

    async def slow() -> None:
        try:
            await advance(100)
        finally:
            steps.append("cleaned up")

    async def main() -> Repetition:
        repetition = await repeat_every(seconds=10)(slow)()
        await advance(5)
        return repetition

    with asyncio.Runner(loop_factory=virtual_loop) as runner:
        repetition = runner.run(main())

    assert (steps, repetition.running) == (["cleaned up"], False)
    [record] = caplog.records
    assert (record.levelno, vars(record)["ostinato_event"]) == (
        logging.INFO,
        "ostinato.repetition_cancelled",
    )


async def cut_short() -> None:
    await advance(100)


async def swallow() -> None:
    with contextlib.suppress(asyncio.CancelledError):
        await advance(100)


async def turn_into_a_failure() -> None:
    try:
        await advance(100)
    except asyncio.CancelledError:
        raise ValueError from None


async def fail() -> None:
    raise ValueError


@pytest.mark.parametrize(
    ("body", "hook", "runs"),
    [
        (cut_short, None, 0),
        (swallow, None, 1),
        (turn_into_a_failure, None, 1),
        (turn_into_a_failure, swallow, 1),
        (fail, cut_short, 1),
        (fail, swallow, 1),
        (fail, turn_into_a_failure, 1),
    ],
)
async def test_s60_who_cancels_the_repetition_ends_it_whatever_is_made_of_it(
    body: Callable[[], Awaitable[None]],
    hook: Callable[[], Awaitable[None]] | None,
    runs: int,
) -> None:
    """S60: a server that ends its tasks waits for no further run, and for no hook."""
    hooked: list[Exception] = []

    async def call_hook(error: Exception) -> None:
        hooked.append(error)
        if hook is not None:
            await hook()

    repetition = await repeat_every(seconds=10, on_exception=call_hook)(body)()
    await advance(5)

    repetition._task.cancel()
    await asyncio.wait([repetition._task], timeout=1)

    assert repetition._task.cancelled()
    assert (repetition.runs, len(hooked)) == (runs, int(body is fail))


def test_s70_the_end_of_the_loop_leaves_a_thread_and_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """S70: the loop's end cannot wait for a thread: a WARNING names what is abandoned."""
    blocking = Blocking()

    async def main() -> Repetition:
        repetition = await repeat_every(seconds=10)(blocking.run)()
        await blocking.until_it_runs()
        return repetition

    with asyncio.Runner(loop_factory=virtual_loop) as runner:
        repetition = runner.run(main())
    blocking.go.set()

    assert not repetition.running
    record, _ = caplog.records
    assert (record.levelno, vars(record)["ostinato_event"]) == (
        logging.WARNING,
        "ostinato.run_abandoned",
    )
    assert vars(record)["function_name"].endswith("Blocking.run")


@pytest.mark.parametrize("is_closed", [False, True])
def test_s70_an_abandoned_function_that_fails_is_told(
    is_closed: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """S70: nobody waits for it any more, but its exception does not vanish."""
    began, go = threading.Event(), threading.Event()

    def fail() -> None:
        began.set()
        go.wait(10)
        raise ValueError

    async def main() -> None:
        await repeat_every(seconds=10)(fail)()
        while not began.is_set():
            await turn()

    with asyncio.Runner(loop_factory=virtual_loop) as runner:
        runner.run(main())
        for task in asyncio.all_tasks(runner.get_loop()):
            task.cancel()
        runner.run(turn())
        if not is_closed:
            go.set()
            while len(caplog.records) < 3:
                runner.run(turn())
    go.set()
    while len(caplog.records) < 3:
        began.wait(0.01)

    record = caplog.records[-1]
    assert (record.levelno, vars(record)["ostinato_event"]) == (
        logging.ERROR,
        "ostinato.abandoned_run_failed",
    )
    assert record.exc_info is not None
    assert record.exc_info[0] is ValueError


async def test_s68_a_thread_that_has_ended_does_not_hold_up_stop() -> None:
    """S68: between two runs of a `def` function `stop` ends the wait at once."""
    loop = asyncio.get_running_loop()
    repetition = await repeat_every(seconds=3600)(lambda: None)()
    await advance(5)
    before = loop.time()

    await repetition.stop()

    assert loop.time() == before


async def test_s60_a_body_that_turns_its_cancellation_into_a_failure_ends_all_the_same() -> None:
    """S60: the cancellation of the repetition is heeded, whatever the body makes of it."""

    async def body() -> None:
        try:
            await advance(100)
        except asyncio.CancelledError:
            raise ValueError from None

    repetition = await repeat_every(seconds=10)(body)()
    await advance(5)
    stopping = asyncio.ensure_future(repetition.stop())
    await asyncio.wait([stopping], timeout=1)

    assert stopping.done()
    assert (repetition.running, repetition.runs) == (False, 1)


async def test_s59_a_stop_cancels_a_hook_and_ends_with_it() -> None:
    """S59: a hook that answers its cancellation by returning does not hold up `stop`."""
    steps: list[str] = []

    def fail() -> None:
        raise ValueError

    async def hook(_: Exception) -> None:
        try:
            await advance(20)
        except asyncio.CancelledError:
            steps.append("cancelled")

    repetition = await repeat_every(seconds=10, on_exception=hook)(fail)()
    await advance(5)
    stopping = asyncio.ensure_future(repetition.stop())
    await asyncio.wait([stopping], timeout=1)

    assert stopping.done()
    assert (steps, repetition.running) == (["cancelled"], False)


def test_a_repetition_whose_loop_was_closed_is_not_running() -> None:
    """A loop that is closed without an end takes its repetitions along."""
    loop = asyncio.new_event_loop()
    repetition = loop.run_until_complete(repeat_every(seconds=10)(nothing)())
    loop.close()

    assert not repetition.running
    repetition._task.cancel = lambda *_: False  # type: ignore[method-assign] # there is no loop to do it on


def test_s74_stop_on_another_loop_is_refused_with_the_remedy() -> None:
    """S74: a handle belongs to its loop; on another one `stop` says what to do."""
    ready, done = threading.Event(), threading.Event()
    handles: list[Repetition] = []

    async def hold() -> None:
        handles.append(await repeat_every(seconds=10)(nothing)())
        ready.set()
        await asyncio.get_running_loop().run_in_executor(None, done.wait, 10)

    thread = threading.Thread(target=lambda: asyncio.run(hold()))
    thread.start()
    ready.wait(10)

    try:
        with pytest.raises(ForeignLoopError, match="run_coroutine_threadsafe"):
            asyncio.run(handles[0].stop())
        assert handles[0].running
        assert not handles[0]._is_ending
    finally:
        done.set()
        thread.join(10)


def virtual_loop() -> Any:
    return VirtualTimeLoop(tasks._threads.outstanding)
