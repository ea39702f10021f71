"""What one run leaves to the next: nothing."""

import asyncio
import gc
import weakref
from contextvars import ContextVar

import pytest

from ostinato import repeat_every
from tests.support.virtual_time import advance

number: ContextVar[int] = ContextVar("number", default=0)


class Counter:
    """Notes the context variable and raises it by one, then may fail."""

    def __init__(self, *, fails: bool = False) -> None:
        self.seen: list[int] = []
        self.fails = fails

    def run(self) -> None:
        self.seen.append(number.get())
        number.set(number.get() + 1)
        if self.fails:
            raise ValueError

    async def run_async(self) -> None:
        self.run()


KINDS = ["run", "run_async"]


@pytest.mark.parametrize("kind", KINDS)
async def test_s49_a_run_does_not_see_the_variables_of_the_one_before(kind: str) -> None:
    """S49: each run gets a copy of the context that was captured at the start."""
    counter = Counter()
    number.set(7)

    await repeat_every(seconds=10)(getattr(counter, kind))()
    number.set(99)
    await advance(35)

    assert counter.seen == [7, 7, 7, 7]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("hook_kind", KINDS)
async def test_s49_the_hooks_see_the_variables_of_their_run(kind: str, hook_kind: str) -> None:
    """S49: what a run has set, its hooks see, from a thread to the loop and back."""
    counter, hooked, completed = Counter(fails=True), Counter(), Counter()

    def note(_: Exception) -> None:
        hooked.run()

    async def note_async(_: Exception) -> None:
        hooked.run()

    await repeat_every(
        seconds=10,
        max_repetitions=2,
        on_exception=note_async if hook_kind == "run_async" else note,
        on_complete=getattr(completed, hook_kind),
    )(getattr(counter, kind))()
    await advance(35)

    assert counter.seen == [0, 0]
    assert hooked.seen == [1, 1]
    assert completed.seen == [2]


@pytest.mark.parametrize("kind", KINDS)
async def test_s46_a_run_is_not_collected_while_it_waits(kind: str) -> None:
    """S46: a run that awaits a future only it knows survives the garbage collector."""
    futures: list[weakref.ref[asyncio.Future[None]]] = []
    ended: list[str] = []

    async def wait() -> None:
        future = asyncio.get_running_loop().create_future()
        futures.append(weakref.ref(future))
        await future
        ended.append("run")

    def wait_later() -> object:
        return wait()

    await repeat_every(seconds=10)(wait if kind == "run_async" else wait_later)()
    await advance(1)
    gc.collect()
    future = futures[0]()
    assert future is not None
    future.set_result(None)
    await advance(1)

    assert ended == ["run"]


async def test_an_ended_repetition_is_not_kept_alive() -> None:
    """Once it has ended and nobody holds its handle, a repetition is gone."""
    repetition = await repeat_every(seconds=10, max_repetitions=1)(Counter().run)()
    gone = weakref.ref(repetition)
    await advance(15)

    del repetition
    gc.collect()

    assert gone() is None


async def test_s46_every_async_run_is_a_task_of_its_own() -> None:
    """S46: two runs never share an asyncio task."""
    seen: list[asyncio.Task[object] | None] = []

    async def body() -> None:
        seen.append(asyncio.current_task())
        await advance(1)

    await repeat_every(seconds=10)(body)()
    await advance(15)

    assert len(seen) == len(set(seen)) == 2
    assert asyncio.current_task() not in seen
