"""The end of a scheduler whose store does not answer any more: in real time."""

import asyncio
import threading
from collections.abc import Generator

import pytest

from ostinato.errors import StoreUnavailableError
from tests.support.distant import Frame


@pytest.fixture
def goes_on() -> Generator[threading.Event]:
    """Where a store hangs, it hangs until the test is over."""
    event = threading.Event()
    yield event
    event.set()


@pytest.mark.parametrize("call", ["claim", "settle", "read", "close"])
async def test_s68_a_store_that_hangs_holds_no_end_up(call: str, goes_on: threading.Event) -> None:
    """S68: a second after the runs have ended the scheduler has, too, and says whom it left."""
    frame, hangs, loop = Frame(), asyncio.Event(), asyncio.get_running_loop()

    def hang() -> None:
        loop.call_soon_threadsafe(hangs.set)
        goes_on.wait(60)

    async with frame.running():
        await frame.runs.get()
        frame.store.meanwhile[call] = hang
        # Somebody steers, which is what is read.
        frame.store.memory.control("beat", {"paused": False})
        if call != "close":
            await hangs.wait()
        begun = frame.clock.monotonic()

    took = frame.clock.monotonic() - begun
    names = {thread.name for thread in threading.enumerate() if "ostinato" in thread.name}
    assert (took < 2.5, bool(names)) == (True, True)
    assert frame.told()["store_failed"] == 1


async def test_s72_a_store_that_cannot_be_closed_leaves_no_thread() -> None:
    """S72: what it raises is told, and the end is one."""
    frame, before = Frame(), set(threading.enumerate())

    def refuse() -> None:
        raise StoreUnavailableError("distant", ConnectionError("not even that"))

    async with frame.running():
        await frame.runs.get()
        frame.store.meanwhile["close"] = refuse

    assert set(threading.enumerate()) <= before
    assert (frame.told()["store_failed"], frame.told()["scheduler_stopped"]) == (1, 1)
