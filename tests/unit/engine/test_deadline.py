"""The end of an attempt's time."""

import asyncio

from ostinato._engine._deadline import Deadline
from ostinato.testing import ManualClock


async def stubborn() -> None:
    """Heed no cancellation but the second."""
    try:
        await asyncio.Event().wait()
    except asyncio.CancelledError:
        await asyncio.Event().wait()


async def test_s50_a_task_is_cancelled_and_then_given_up() -> None:
    """S50: at the end of its time, and after the grace."""
    clock, given_up = ManualClock(), []
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    deadline = Deadline(clock, task, 10, 3, lambda: given_up.append(clock.monotonic()))

    await clock.advance(seconds=9)
    assert (deadline.expired, task.cancelling()) == (False, 0)
    await clock.advance(seconds=1)
    assert (deadline.expired, task.cancelling(), given_up) == (True, 1, [])
    await clock.advance(seconds=30)

    assert given_up == [13]
    task.cancel()


async def test_s51_a_task_that_has_ended_is_left_alone() -> None:
    """S51: lifted, the deadline does nothing any more."""
    clock, given_up = ManualClock(), []
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    deadline = Deadline(clock, task, 10, 3, lambda: given_up.append(1))

    deadline.lift()
    await clock.advance(minutes=1)

    assert (deadline.expired, task.cancelling(), given_up) == (False, 0, [])
    task.cancel()


async def test_s50_the_time_counts_from_when_a_thread_has_begun() -> None:
    """S50: it is asked for at the end of the time, and until it is known."""
    clock, begun = ManualClock(), []
    task = asyncio.create_task(stubborn())
    await asyncio.sleep(0)
    deadline = Deadline(clock, task, 10, 3, lambda: None)
    deadline.count_from(lambda: begun[0] if begun else None)

    await clock.advance(seconds=25)
    begun.append(clock.monotonic())
    await clock.advance(seconds=9)
    assert not deadline.expired
    await clock.advance(seconds=1)

    assert deadline.expired
    deadline.lift()
    task.cancel()
