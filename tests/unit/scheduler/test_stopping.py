"""What a scheduler answers while it stops, and what may begin meanwhile."""

import asyncio

import pytest

from ostinato import NotRunningError, Run, Scheduler, TaskState
from ostinato._engine._worker import _SLICE
from ostinato.testing import ManualClock, simulate


async def test_s68_while_it_stops_a_scheduler_can_be_looked_at() -> None:
    """S68: the clean-up of a run asks and pauses; nothing can be started, and then it is over."""
    scheduler, seen = Scheduler(), []

    @scheduler.every(seconds=60)
    async def task(run: Run) -> None:
        try:
            await asyncio.sleep(1_000)
        finally:
            status = await scheduler.status(task)
            seen.append((status.state, status.running, await scheduler.history(task)))
            seen.append(len(await scheduler.status()))
            seen.append(await scheduler.next_run(task) == status.next_run)
            await scheduler.pause(task, reason="it was cut short")
            seen.append((await scheduler.status(task)).state)
            seen.append(await scheduler.cancel(run.id))
            with pytest.raises(NotRunningError):
                await scheduler.trigger(task)

    async with simulate(scheduler) as sim:
        await sim.advance(seconds=1)
        (run,) = (await scheduler.status(task)).running

    assert seen == [(TaskState.RUNNING, (run,), []), 1, True, TaskState.PAUSED, True]
    with pytest.raises(NotRunningError):
        await scheduler.status(task)


async def test_s68_what_was_never_enlisted_cannot_be_looked_at() -> None:
    """S68: a scheduler that stops in its first moments has tasks whose turn never came."""
    scheduler = Scheduler()
    for number in range(2 * _SLICE):
        scheduler.every(hours=1, name=str(number))(asyncio.Event().wait)

    async with simulate(scheduler) as sim:
        await sim._worker.stop(0)
        with pytest.raises(NotRunningError):
            await scheduler.status(str(2 * _SLICE - 1))


async def test_s31_entered_while_it_stops_it_begins_when_it_has_stopped() -> None:
    """S31: two workers at once would run one task side by side."""
    clock, live, most = ManualClock(), [0], [0]
    scheduler = Scheduler(enabled=True, clock=clock, shutdown_grace=5)
    words: list[str] = []

    @scheduler.every(seconds=60)
    async def task() -> None:
        live[0] += 1
        most[0] = max(most[0], live[0])
        try:
            passed = asyncio.get_running_loop().create_future()
            clock.call_later(3, lambda: passed.set_result(None))
            await passed
        finally:
            live[0] -= 1
            words.append("ended")

    async def once() -> None:
        async with scheduler.running():
            words.append("entered")
            await clock.advance(seconds=1)

    first = asyncio.create_task(once())
    while scheduler._worker is None or scheduler._worker.uses:  # noqa: ASYNC110 - nobody tells of it
        await asyncio.sleep(0)
    second = asyncio.create_task(once())
    while not second.done():
        await clock.advance(seconds=1)
    await first

    assert words == ["entered", "ended", "entered", "ended"]
    assert most == [1]
