"""How often a worker looks that is told often, and what ends its listening."""

import asyncio
from collections.abc import Callable
from random import Random
from types import SimpleNamespace

from ostinato import StoreUnavailableError
from ostinato._engine._hearing import Hearing


class Frame:
    """A hearing over a store that does as it is told; each wait and each look is noted."""

    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.waits: list[tuple[float, Callable[[], object]]] = []
        self.looks: list[Callable[[object], object]] = []
        self.listening: list[asyncio.Future[bool]] = []
        self.hushed: list[bool] = []
        clock = SimpleNamespace(call_later=lambda wait, then: self.waits.append((wait, then)))
        lanes = SimpleNamespace(listen=self._listen, hush=lambda: self.hushed.append(True))
        environment = SimpleNamespace(loop=self.loop, clock=clock, random=Random(1))
        store = SimpleNamespace(subscribe=print, unsubscribe=int)
        self.hearing = Hearing(environment, store, lanes, self.looks.append, lambda reply: None)
        self.hearing.begin()

    def _listen(self, call: object) -> "asyncio.Future[bool]":
        self.listening.append(self.loop.create_future())
        return self.listening[-1]

    async def end(self, result: object) -> float | None:
        """Let the listening end so; return after how long it begins again."""
        if isinstance(result, Exception):
            self.listening[-1].set_exception(result)
        else:
            self.listening[-1].set_result(result)
        await asyncio.sleep(0)
        if not self.waits:
            return None
        wait, begin = self.waits.pop()
        begin()
        return wait


async def test_s92_many_pushes_are_one_look():
    """S92: those that come while it looks are one more behind it."""
    frame = Frame()
    for _ in range(2):
        for _ in range(100):
            await asyncio.to_thread(frame.hearing._heard)
        await asyncio.sleep(0)
        assert len(frame.looks) == 1
    frame.looks.pop()(None)
    assert len(frame.looks) == 1
    frame.looks.pop()(None)
    assert frame.looks == []


async def test_s92_who_is_cut_off_listens_again_ever_later():
    """S92: from a fifth of a second on, up to five; who was heard meanwhile begins anew."""
    frame = Frame()
    error = StoreUnavailableError("the store", OSError("gone"))
    waits = [await frame.end(error) for _ in range(8)]
    assert all(
        wait / 2 <= waited <= wait
        for wait, waited in zip([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5, 5], waits, strict=True)
    )

    frame.hearing._heard()
    await asyncio.sleep(0)

    assert await frame.end(error) <= 0.2
    # It was heard before: this time it took too long.
    assert await frame.end(result=False) <= 0.4
    assert frame.hushed == []


async def test_s92_who_hears_nothing_at_first_listens_no_more():
    """S92: nor who is refused; its thread ends."""
    for result in (False, ValueError("whatever")):
        frame = Frame()
        assert await frame.end(result) is None
        assert frame.hushed == [True]
