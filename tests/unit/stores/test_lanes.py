"""The threads of a store."""

import asyncio
from threading import Event, current_thread

import pytest

from ostinato import NotRunningError
from ostinato.stores._lanes import Lane, Lanes


@pytest.fixture
def anyio_backend() -> str:
    """Ask the loop for a future and a callback from a thread, which every loop has."""
    return "asyncio"


async def test_s81_a_renewal_goes_before_the_claims_that_wait():
    """S81: no lease is lost to a queue; the others keep their order."""
    lanes, may_go_on, made = Lanes("store", asyncio.get_running_loop()), Event(), []
    first = lanes.claims(may_go_on.wait)

    calls = [lanes.claims(lambda each=each: made.append(each)) for each in ("one", "two")]
    calls.append(lanes.renew(lambda: made.append("renew")))
    may_go_on.set()
    await asyncio.gather(first, *calls)

    assert made == ["renew", "one", "two"]
    lanes.close()


async def test_s81_a_long_page_of_history_does_not_keep_a_lease_waiting():
    """S81: reads have a thread of their own; both are daemons, and end with the store."""
    lanes, may_go_on = Lanes("store", asyncio.get_running_loop()), Event()
    page = lanes.reads(may_go_on.wait)

    claimer = await lanes.claims(current_thread)

    assert not page.done()
    may_go_on.set()
    assert await page
    reader = await lanes.reads(current_thread)
    assert (claimer.name, reader.name) == ("store-claims", "store-reads")
    assert claimer.daemon
    assert reader.daemon
    lanes.close()
    assert not claimer.is_alive()
    assert not reader.is_alive()


async def test_s81_s87_beats_that_take_longer_than_their_period_leave_others_a_turn() -> None:
    """S81, S87: over a slow network a run could be settled, and a tick claimed, by nobody else."""
    lane, now, taken = Lane("slow", asyncio.get_running_loop()), [0.0], [2.0]

    def beat() -> None:
        now[0] += taken[0]

    lane.beat(beat, 1.0, lambda: now[0])
    now[0] = 1.0

    async with asyncio.timeout(10):
        answers = [await lane.call(lambda: now[0]) for _ in range(3)]

    assert answers == sorted(set(answers))
    taken[0] = 0.0
    lane.close(10)


async def test_what_a_call_raises_comes_by_its_future():
    """Nobody else is told, and the lane goes on."""
    lanes = Lanes("store", asyncio.get_running_loop())

    with pytest.raises(ZeroDivisionError):
        await lanes.claims(lambda: 1 // 0)

    assert await lanes.claims(lambda: 3) == 3
    lanes.close()


async def test_a_call_that_nobody_waits_for_is_made_all_the_same():
    """A settlement is not lost because who waited for it was cancelled."""
    lanes, may_go_on, made = Lanes("store", asyncio.get_running_loop()), Event(), []
    first = lanes.claims(may_go_on.wait)
    call = lanes.claims(lambda: made.append("settled"))
    call.cancel()
    may_go_on.set()

    await first
    await lanes.claims(lambda: None)

    assert made == ["settled"]
    lanes.close()


async def test_a_closed_lane_makes_what_waits_and_takes_nothing_more():
    """S71: what was to be settled is."""
    lanes, may_go_on, made = Lanes("store", asyncio.get_running_loop()), Event(), []
    lanes.claims(may_go_on.wait)
    call = lanes.claims(lambda: made.append("settled"))
    asyncio.get_running_loop().call_soon(may_go_on.set)
    await asyncio.sleep(0)

    lanes.close()

    assert made == ["settled"]
    await call
    with pytest.raises(NotRunningError):
        lanes.claims(lambda: None)


def test_a_loop_that_has_ended_is_not_told():
    """Its thread ends quietly."""
    loop = asyncio.new_event_loop()
    lanes, may_go_on = Lanes("store", loop), Event()
    lanes.claims(may_go_on.wait)
    loop.close()

    may_go_on.set()
    lanes.close()

    assert not lanes._claims._thread.is_alive()
