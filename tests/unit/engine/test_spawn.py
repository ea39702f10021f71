"""How asyncio tasks are made, kept and cleaned up after."""

import asyncio
import gc
import weakref

import pytest

from ostinato._engine._spawn import finish_undisturbed, spawn
from tests.support.virtual_time import turn


async def test_a_spawned_task_begins_with_the_next_turn_under_an_eager_factory() -> None:
    """An application's eager task factory does not run a body inside its start-up."""
    loop, steps = asyncio.get_running_loop(), list[str]()

    async def body() -> None:
        steps.append("body")

    eager = getattr(asyncio, "eager_task_factory", None)
    loop.set_task_factory(eager)
    try:
        task = spawn(body(), loop=loop)
        steps.append("spawned")
        await task
    finally:
        loop.set_task_factory(None)

    assert steps == ["spawned", "body"]


async def test_s46_a_spawned_task_survives_the_garbage_collector() -> None:
    """S46: a task that nobody holds, waiting for what nobody holds, is kept until it is done."""
    loop = asyncio.get_running_loop()
    futures: list[weakref.ref[asyncio.Future[None]]] = []

    async def body() -> None:
        future = loop.create_future()
        futures.append(weakref.ref(future))
        await future

    task = weakref.ref(spawn(body(), loop=loop))
    while not futures:
        await turn()
    gc.collect()

    future = futures[0]()
    assert future is not None
    future.set_result(None)
    alive = task()
    assert alive is not None
    await alive


async def test_a_clean_up_returns_its_result() -> None:
    """Undisturbed, the result is the coroutine's."""

    async def clean_up() -> int:
        return 5

    assert await finish_undisturbed(clean_up()) == 5


async def test_a_clean_up_raises_what_it_raised() -> None:
    """Undisturbed, an error is the coroutine's."""

    async def clean_up() -> None:
        raise ValueError

    with pytest.raises(ValueError):
        await finish_undisturbed(clean_up())


@pytest.mark.parametrize("fails", [False, True])
async def test_a_clean_up_is_finished_however_often_its_owner_is_cancelled(fails: bool) -> None:
    """Cancelled again and again, the owner leaves only once the clean-up has ended."""
    go, steps = asyncio.Event(), list[str]()

    async def clean_up() -> None:
        await go.wait()
        steps.append("cleaned up")
        if fails:
            raise ValueError

    owner = asyncio.ensure_future(finish_undisturbed(clean_up()))
    for _ in range(3):
        await turn()
        owner.cancel()
    await turn()
    assert not owner.done()
    go.set()
    await asyncio.wait([owner])

    assert owner.cancelled()
    assert steps == ["cleaned up"]
