"""What programs written for fastapi-utils rely on, and may have tests of their own for.

Such tests replace `asyncio.sleep`, looked up on its module, and count its calls; so do these.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, NamedTuple
from unittest.mock import AsyncMock, call, patch

import pytest

from ostinato import repeat_every

DEADLINE = 10.0
SECONDS = 0.25


class Declared(NamedTuple):
    """A function, or a hook, as a user may declare it."""

    function: Callable[..., Any]
    calls: list[tuple[object, ...]]


@pytest.fixture(params=["def", "async def"])
def declare(request: pytest.FixtureRequest) -> Callable[..., Declared]:
    """Return how to declare, by `def` and by `async def`, what does *effect* when it is called."""

    def declare(effect: Callable[..., object] = lambda *_: None) -> Declared:
        calls: list[tuple[object, ...]] = []

        def plain(*operands: object) -> None:
            calls.append(operands)
            effect(*operands)

        async def asynchronous(*operands: object) -> None:
            plain(*operands)

        return Declared(plain if request.param == "def" else asynchronous, calls)

    return declare


@pytest.fixture
def sleep():
    """Let every wait pass at once, and note it."""
    with patch("asyncio.sleep", new_callable=AsyncMock) as sleep:
        yield sleep


class Ended:
    """What happened in one repetition, and the end of it, to be awaited with a deadline."""

    def __init__(self) -> None:
        self.order: list[str] = []
        self._event = asyncio.Event()
        self._loop = asyncio.get_running_loop()

    def note(self, word: str) -> Callable[..., None]:
        """Return a function that notes *word*."""
        return lambda *_: self.order.append(word)

    def now(self, *_: object) -> None:
        """Note the end, from whatever thread."""
        self.order.append("ended")
        self._loop.call_soon_threadsafe(self._event.set)

    async def wait(self) -> None:
        """Wait for the end."""
        async with asyncio.timeout(DEADLINE):
            await self._event.wait()


def fail(*_: object) -> None:
    """Fail as a body does."""
    raise ValueError("the body failed")


def raise_again(error: Exception) -> None:
    """Raise what the hook was given."""
    raise error


async def test_each_run_is_followed_by_one_wait(sleep: AsyncMock, declare: Any):
    """S13: n runs make n calls of `asyncio.sleep(seconds)`."""
    ended = Ended()
    body, completed = declare(), declare(ended.now)

    await repeat_every(seconds=SECONDS, max_repetitions=3, on_complete=completed.function)(
        body.function
    )()
    await ended.wait()

    assert len(body.calls) == 3
    assert sleep.await_args_list == [call(SECONDS)] * 3


async def test_wait_first_is_one_more_wait(sleep: AsyncMock, declare: Any):
    """S13: `wait_first` puts one call of `asyncio.sleep(wait_first)` before the first run."""
    ended = Ended()
    body, completed = declare(), declare(ended.now)

    await repeat_every(
        seconds=SECONDS, wait_first=0.75, max_repetitions=3, on_complete=completed.function
    )(body.function)()
    await ended.wait()

    assert len(body.calls) == 3
    assert sleep.await_args_list == [call(0.75), *[call(SECONDS)] * 3]


async def test_the_documented_switch_waits_a_period_first(sleep: AsyncMock, declare: Any):
    """S13: `wait_first=True` waits `seconds`, as documented, and not one second."""
    ended = Ended()
    body, completed = declare(), declare(ended.now)

    await repeat_every(
        seconds=SECONDS, wait_first=True, max_repetitions=1, on_complete=completed.function
    )(body.function)()
    await ended.wait()

    assert sleep.await_args_list == [call(SECONDS)] * 2


async def test_the_last_wait_comes_before_on_complete(sleep: AsyncMock, declare: Any):
    """S13: run, wait, run, wait, and only then `on_complete`."""
    ended = Ended()
    sleep.side_effect = ended.note("wait")
    body, completed = declare(ended.note("run")), declare(ended.now)

    await repeat_every(seconds=SECONDS, max_repetitions=2, on_complete=completed.function)(
        body.function
    )()
    await ended.wait()

    assert ended.order == ["run", "wait", "run", "wait", "ended"]
    assert completed.calls == [()]


async def test_on_exception_that_raises_its_exception_stops(sleep: AsyncMock, declare: Any):
    """S57: a hook that raises the exception it was given ends the repetition after one run."""
    body, hook, completed = declare(fail), declare(raise_again), declare()

    repetition = await repeat_every(
        seconds=SECONDS, on_exception=hook.function, on_complete=completed.function
    )(body.function)()
    await until(lambda: not repetition.running)

    assert (len(body.calls), len(hook.calls), completed.calls) == (1, 1, [])
    assert sleep.await_args_list == []


async def test_on_exception_that_returns_goes_on(sleep: AsyncMock, declare: Any):
    """S57: a hook that swallows the exception lets every run and every wait happen."""
    ended = Ended()
    body, hook, completed = declare(fail), declare(), declare(ended.now)

    await repeat_every(
        seconds=SECONDS,
        max_repetitions=3,
        on_exception=hook.function,
        on_complete=completed.function,
    )(body.function)()
    await ended.wait()

    assert [len(body.calls), len(hook.calls), len(completed.calls)] == [3, 3, 1]
    assert [type(error) for (error,) in hook.calls] == [ValueError] * 3
    assert sleep.await_args_list == [call(SECONDS)] * 3


async def test_without_a_hook_a_failure_goes_on(sleep: AsyncMock, declare: Any):
    """S57: failures alone end nothing, and count towards `max_repetitions`."""
    ended = Ended()
    body, completed = declare(fail), declare(ended.now)

    await repeat_every(seconds=SECONDS, max_repetitions=3, on_complete=completed.function)(
        body.function
    )()
    await ended.wait()

    assert len(body.calls) == 3
    assert sleep.await_args_list == [call(SECONDS)] * 3


async def test_raise_exceptions_stops_before_the_hook(declare: Any):
    """S57: with `raise_exceptions` the loop's handler is told, and `on_exception` is not."""
    told: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: told.append(context))
    body, hook = declare(fail), declare()

    repetition = await repeat_every(
        seconds=SECONDS, raise_exceptions=True, on_exception=hook.function
    )(body.function)()
    await until(lambda: not repetition.running and told)

    assert (len(body.calls), hook.calls) == (1, [])
    assert [str(context["exception"]) for context in told] == ["the body failed"]


async def test_the_call_returns_before_the_first_run(declare: Any):
    """S11: awaiting the call starts the repetition and does not wait for any of it."""
    body = declare()

    repetition = await repeat_every(seconds=SECONDS)(body.function)()

    assert body.calls == []
    await repetition.stop()


async def until(happened: Callable[[], object]) -> None:
    """Let the loop turn until it *happened*, within the deadline."""
    async with asyncio.timeout(DEADLINE):
        while not happened():
            await turn()


def turn() -> Awaitable[None]:
    """Return what the loop's next turn resolves; `asyncio.sleep` may be replaced."""
    loop = asyncio.get_running_loop()
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    return turned
